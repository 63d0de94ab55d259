"""Small parquet files as pyarrow writes them, for tests/models/text/parquet_test.ts.

    pip install pyarrow
    python tests/parity/parquet.py > tests/parity/parquet.json && deno fmt tests/parity
"""

import base64
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq

texts = ["plain", "", "two\twords", "caf\u00e9 \u4e2d\u6587 \U0001f600", 'a "quote', "line\nbreak"] * 20
pairs = [None if i % 7 == 3 else f"pair {i % 11}" for i in range(120)]
labels = [-1 if i == 5 else 7 * i % 4 % 3 for i in range(120)]
scores = [i / 8 for i in range(120)]
flags = [i % 5 < 2 for i in range(120)]
names = ["no", "perhaps", "yes"]

features = {
    "text": {"dtype": "string", "_type": "Value"},
    "label": {"names": names, "_type": "ClassLabel"},
}
schema = pa.schema(
    [
        pa.field("text", pa.string(), nullable=False),
        pa.field("pair", pa.string()),
        pa.field("label", pa.int64()),
        pa.field("score", pa.float32()),
        pa.field("idx", pa.int32()),
        pa.field("flag", pa.bool_()),
        pa.field("large", pa.large_string()),
        pa.field("nested", pa.list_(pa.int32())),
    ],
    metadata={"huggingface": json.dumps({"info": {"features": features}})},
)
table = pa.table(
    {
        "text": texts,
        "pair": pairs,
        "label": labels,
        "score": scores,
        "idx": list(range(120)),
        "flag": flags,
        "large": texts[::-1],
        "nested": [[i] for i in range(120)],
    },
    schema=schema,
)
VARIANTS = {
    "snappy": {},
    "none": {"compression": "none"},
    "gzip": {"compression": "gzip"},
    "zstd": {"compression": "zstd"},
    "brotli": {"compression": "brotli"},
    "lz4": {"compression": "lz4"},
    "without dictionaries": {"use_dictionary": False},
    "pages of version 2": {"data_page_version": "2.0"},
    "pages of version 2, without dictionaries": {"data_page_version": "2.0", "use_dictionary": False},
    "row groups and small pages": {"row_group_size": 50, "data_page_size": 64, "write_batch_size": 10},
}


def written(table, **options):
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return base64.b64encode(out.getvalue()).decode()


files = {name: written(table, **options) for name, options in VARIANTS.items()}
delta = written(table.select(["idx"]), use_dictionary=False, column_encoding={"idx": "DELTA_BINARY_PACKED"})
bare = written(table.replace_schema_metadata(None).select(["text", "label"]))


def hub(labels):
    """MNLI as nyu-mll/glue has it on the hub."""
    classes = {"names": ["entailment", "neutral", "contradiction"], "_type": "ClassLabel"}
    fields = [("premise", pa.string()), ("hypothesis", pa.string()), ("label", pa.int64()), ("idx", pa.int32())]
    columns = [[f"premise {i}" for i in range(len(labels))], ["b"] * len(labels), labels, list(range(len(labels)))]
    metadata = {"huggingface": json.dumps({"info": {"features": {"label": classes}}})}
    return written(pa.table(columns, schema=pa.schema(fields, metadata=metadata)))


mnli = {"train": hub([0, 2, 1]), "test": hub([-1, -1])}
rows = {"text": texts, "pair": pairs, "label": labels, "score": scores, "idx": list(range(120)), "flag": flags,
        "large": texts[::-1]}
result = {"rows": rows, "names": names, "files": files, "delta": delta, "bare": bare, "mnli": mnli}
print(json.dumps({"pyarrow": pa.__version__, **result}))
