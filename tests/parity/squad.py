"""Numbers of transformers for tests/models/text/squad_parity_test.ts: metric, features and answers of SQuAD.

transformers 4.57 is the last that has `squad_metrics`. `utils_qa.py` and the folder that it lies in are
examples/pytorch/question-answering of its repository; the data are those of tests/models/real_data.ts.

    pip install transformers==4.57.1 numpy tqdm
    python tests/parity/squad.py $SEVEN_DATA FOLDER_OF_UTILS_QA > tests/parity/squad.json && deno fmt tests/parity
"""

import collections
import json
import random
import sys

import numpy as np
import transformers
from transformers import BertTokenizerFast
from transformers.data.metrics import squad_metrics

data_folder, utils_folder = sys.argv[1:]
sys.path.insert(0, utils_folder)
from utils_qa import postprocess_qa_predictions  # noqa: E402

Example = collections.namedtuple("Example", "qas_id answers question context")
PAIRS = [
    ("The  Denver Broncos!", ["Denver Broncos", "denver"]),
    ("a", ["the"]),
    ("the", ["an apple", "The"]),
    ("", [""]),
    ("", ["Normandy"]),
    ("Normandy", ["", "normandy."]),
    ("co-operation and theatre", ["cooperation", "co operation and the theatre"]),
    ("10–15 °C", ["10-15 °C", "10–15 °c"]),
    ("“quoted” text", ['"quoted" text', "quoted text"]),
    ("Gdańsk, a city; la a-na", ["gdańsk city", "GDAŃSK"]),
    ("é a é thé the\u0301", ["é é thé", "É"]),
    ("x\u001cy\u0085z\u00a0w\ufeffv", ["x y z w", "x y z w\ufeffv"]),
    ("İstanbul ΣΑΣ straße", ["i\u0307stanbul σας straße", "istanbul"]),
    ("it it it was", ["it was", "it it was was"]),
    ("an_a the_an 3a a3 a²", ["ana thean 3a a3 a²", "an_a"]),
    ("a 中 an 中a a", ["中 中a", "中"]),
    ("$5,000.50 (US)", ["$500050 us", "5000.50"]),
    ("tab\tnew\nline\r\nthe end", ["tab new line end"]),
]
# Greatest length and stride.
CONFIGS = [(384, 128), (160, 64), (96, 20)]


def read(name):
    with open(f"{data_folder}/squad/{name}", encoding="utf-8") as file:
        articles = json.load(file)["data"]
    return [
        Example(qa["id"], qa["answers"], qa["question"], paragraph["context"])
        for article in articles
        for paragraph in article["paragraphs"]
        for qa in paragraph["qas"]
    ]


def scores_v1(gold, prediction):
    """The functions of evaluate-v1.1.py: an answer of which nothing is left has F1 0."""
    f1 = squad_metrics.compute_f1(gold, prediction)
    if not squad_metrics.get_tokens(gold) or not squad_metrics.get_tokens(prediction):
        f1 = 0
    return squad_metrics.compute_exact(gold, prediction), f1


def pairs():
    for prediction, golds in PAIRS:
        example = Example("q", [{"text": gold} for gold in golds], "", "")
        exact, f1 = squad_metrics.get_raw_scores([example], {"q": prediction})
        v1 = [scores_v1(gold, prediction) for gold in golds]
        yield {
            "prediction": prediction,
            "golds": golds,
            "normalized": squad_metrics.normalize_answer(prediction),
            "v1": [max(s[0] for s in v1), max(s[1] for s in v1)],
            "v2": [exact["q"], f1["q"]],
        }


def predict(example, rng):
    """Answers of all degrees of badness."""
    words = example.context.split()
    at = rng.randrange(len(words))
    random_span = " ".join(words[at : at + rng.randrange(1, 6)])
    if not example.answers:
        return rng.choice(["", "", random_span])
    text = rng.choice(example.answers)["text"]
    half = " ".join(text.split()[: max(1, len(text.split()) // 2)])
    return rng.choice([text, text, text, f"The {text.upper()}!", half, f"{text} {random_span}", random_span, ""])


def evaluation(examples, with_none):
    rng = random.Random(7)
    predictions = {e.qas_id: predict(e, rng) for e in examples}
    none = None
    if with_none:
        none = {e.qas_id: round(rng.gauss(0.0 if e.answers else 1.0, 1.0), 6) for e in examples}
        best_spans = {e.qas_id: predictions[e.qas_id] or e.context.split()[0] for e in examples}
        best = squad_metrics.squad_evaluate(examples, best_spans, none, float("inf"))
        thresholds = {key: best[key] for key in ("best_exact", "best_exact_thresh", "best_f1", "best_f1_thresh")}
    v1 = [max(scores_v1(a["text"], predictions[e.qas_id]) for a in e.answers) for e in examples if e.answers]
    v1_f1 = [max(scores_v1(a["text"], predictions[e.qas_id])[1] for a in e.answers) for e in examples if e.answers]
    return {
        "ids": None if with_none else [e.qas_id for e in examples],
        "predictions": [predictions[e.qas_id] for e in examples],
        "v2": squad_metrics.squad_evaluate(examples, predictions),
        "v1": None if with_none else [100 * sum(s[0] for s in v1) / len(v1), 100 * sum(v1_f1) / len(v1)],
        "none": None if none is None else list(none.values()),
        "spans": None if none is None else [best_spans[e.qas_id] for e in examples],
        "thresholds": None if none is None else thresholds,
    }


def mix(window, position, side):
    """The same 24 random bits in Python and JavaScript, as a number of [-8, 8)."""
    x = (window * 0x9E3779B1 + position * 0x85EBCA77 + side * 0xC2B2AE3D + 1) & 0xFFFFFFFF
    for _ in range(2):
        x = ((x ^ (x >> 16)) * 0x7FEB352D) & 0xFFFFFFFF
        x = ((x ^ (x >> 15)) * 0x846CA68B) & 0xFFFFFFFF
    return (x >> 8) / 2**20 - 8


def logits(window, length, side):
    values = [mix(window, position, side) for position in range(length)]
    values[0] = 6.5 + values[0] / 8
    return values


tokenizer = BertTokenizerFast(vocab_file=f"{data_folder}/tokenizers/bert-base-uncased.vocab.txt", do_lower_case=True)


def position_of(encoding, answer):
    """The labels of run_qa.py, where the search for the start ends with the context."""
    context = [i for i, sequence in enumerate(encoding.sequence_ids) if sequence == 1]
    start, end = answer["answer_start"], answer["answer_start"] + len(answer["text"])
    if not (encoding.offsets[context[0]][0] <= start and encoding.offsets[context[-1]][1] >= end):
        return [0, 0]
    return [
        max(i for i in context if encoding.offsets[i][0] <= start),
        min(i for i in context if encoding.offsets[i][1] >= end),
    ]


def encodings(example, max_length, stride):
    return tokenizer(
        example.question.lstrip(),
        example.context,
        truncation="only_second",
        max_length=max_length,
        stride=stride,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    ).encodings


def window(example, encoding):
    checksum = 0
    for token in encoding.ids:
        checksum = (checksum * 31 + token) % 1000003
    place = position_of(encoding, example.answers[0]) if example.answers else [0, 0]
    return [len(encoding.ids), sum(encoding.type_ids), *place, checksum]


def totals(examples):
    """The sum of every column over all windows of a data set."""
    windows = [window(example, encoding) for example in examples for encoding in encodings(example, 384, 128)]
    return {"windows": len(windows), "sums": [sum(column) for column in zip(*windows)]}


def features(examples, max_length, stride, version_2):
    rows = []
    flat = []
    for example in examples:
        windows = []
        for encoding in encodings(example, max_length, stride):
            windows.append(window(example, encoding))
            offsets = [o if s == 1 else None for o, s in zip(encoding.offsets, encoding.sequence_ids)]
            flat.append({"example_id": example.qas_id, "offset_mapping": offsets})
        rows.append(windows)
    shapes = [len(f["offset_mapping"]) for f in flat]
    # Padded with -100, as run_qa.py pads the logits of batches of different lengths.
    table = np.full((2, len(flat), max(shapes)), -100.0)
    for w, length in enumerate(shapes):
        for side in range(2):
            table[side, w, :length] = logits(w, length, side)
    records = {
        "id": [e.qas_id for e in examples],
        "context": [e.context for e in examples],
    }
    columns = [{key: column[i] for key, column in records.items()} for i in range(len(examples))]

    class Table(list):
        def __getitem__(self, key):
            return records[key] if isinstance(key, str) else super().__getitem__(key)

    answers = postprocess_qa_predictions(Table(columns), flat, tuple(table), version_2_with_negative=version_2)
    few = postprocess_qa_predictions(
        Table(columns), flat, tuple(table), version_2, 5, 8, null_score_diff_threshold=1.5
    )
    return {
        "maxLength": max_length,
        "stride": stride,
        "windows": rows,
        "answers": list(answers.values()),
        "few": list(few.values()),
    }


v1 = read("dev-v1.1.reconstructed.json")
v2 = read("squad2-dev-2articles.haystack.json")
longest = sorted(range(len(v1)), key=lambda i: -len(v1[i].context))[:40:10]
foreign = sorted(range(len(v1)), key=lambda i: -sum(ord(c) > 0x2FF for c in v1[i].context))[:40:10]
chosen = [v1[i] for i in sorted({*range(100, len(v1), 440), *longest, *foreign})]
unanswered = v2[5::26]

print(
    json.dumps(
        {
            "transformers": transformers.__version__,
            "pairs": list(pairs()),
            "evaluation1": evaluation(v1[::10], False),
            "evaluation2": evaluation(v2, True),
            "totals1": totals(v1),
            "totals2": totals(v2),
            "features1": {
                "ids": [e.qas_id for e in chosen],
                "configs": [features(chosen, *config, False) for config in CONFIGS],
            },
            "features2": {
                "ids": [e.qas_id for e in unanswered],
                "configs": [features(unanswered, *config, True) for config in CONFIGS],
            },
        }
    )
)
