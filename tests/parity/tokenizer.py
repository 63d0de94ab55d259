"""What transformers' BERT tokenizer does with text, for the tests of models/text: places of tokens, truncated pairs.

    pip install transformers
    python tests/parity/tokenizer.py bert-base-uncased.vocab.txt > tests/parity/tokenizer.json && deno fmt tests/parity

Numbers are kept as text, which stays on one line.
"""

import json
import pathlib
import sys
import tempfile

import tokenizers
import transformers

texts = [
    "Hello, World! Unaffable words aren't split like this...",
    "Caf\u00e9 cafe\u0301 na\u00efve \u00c5ngstr\u00f6m \u0130stanbul \u00df \ufb01ne",
    "\u4e2d\u6587 and \u65e5\u672c\u8a9e: \u304b\u3099 \u30ab\u30bf\u30ab\u30ca \U00020000x",
    "\ud55c\uad6d\uc5b4 \uac01\uac01 a\u0300\u0323b",
    "a\u0000b\u0007c\u200bd \ufffd\u00a0e\u3000f\u2028g\tend\r\n",
    "\U0001f600 smile\U0001f600d, \U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001d400bc",
    "[CLS] a [MASK]b[SEP]c [mask] [UNK]",
    "x\u0338= \u2260 \u226e \u037e \u1fef \u0387 1\u00bd\u00b2 12.5% $9,000 --",
    "\u039f\u0394\u039f\u03a3 \u0645\u0631\u062d\u0628\u0627 \u05e9\u05c1\u05dc\u05d5\u05dd \u0939\u093f\u0928\u094d\u0926\u0940",
    "z" * 100 + " " + "z" * 101 + " end",
    "",
    " \n\t ",
]


def line(numbers):
    return " ".join(str(number) for number in numbers)


def utf16(text):
    places = [0]
    for char in text:
        places.append(places[-1] + (2 if ord(char) > 0xFFFF else 1))
    return places


def main():
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "vocab.txt").write_bytes(pathlib.Path(sys.argv[1]).read_bytes())
        lower = transformers.BertTokenizerFast.from_pretrained(folder, do_lower_case=True)
        cased = transformers.BertTokenizerFast.from_pretrained(folder, do_lower_case=False)
    offsets = []
    for name, tokenizer in (("lower", lower), ("cased", cased)):
        for text in texts:
            encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
            places = utf16(text)
            offsets.append({
                "kind": name,
                "text": text,
                "ids": line(encoded["input_ids"]),
                "starts": line(places[start] for start, _ in encoded["offset_mapping"]),
                "ends": line(places[end] for _, end in encoded["offset_mapping"]),
            })
    pairs = []
    for first in range(0, 10):
        for second in range(0, 10):
            kept = []
            for room in range(1, 20):
                encoded = lower(["a " * first], ["b " * second], truncation="longest_first", max_length=room + 3)
                kinds = encoded["input_ids"][0]
                a, b = lower.convert_tokens_to_ids(["a", "b"])
                kept += [kinds.count(a), kinds.count(b)]
            pairs.append({"first": first, "second": second, "kept": line(kept)})
    encodings = []
    for text, pair, length in (
        ("A man is eating.", None, 8),
        ("A man is eating a very large piece of food.", None, 8),
        ("A man is eating a very large piece of food.", "Someone eats.", 12),
        ("Someone eats.", "A man is eating a very large piece of food.", 12),
        ("A man is eating a very large piece of food.", "A man is eating a very large piece of food.", 12),
        ("Someone eats.", "", 8),
        ("", "Someone eats.", 8),
    ):
        # In lists, as data sets are read: outside of one, an empty second text counts as none.
        both = ([text],) if pair is None else ([text], [pair])
        encoded = {
            key: rows[0] for key, rows in lower(*both, truncation=True, max_length=length, padding="max_length").items()
        }
        encodings.append({
            "text": text,
            "pair": pair,
            "length": length,
            "ids": line(encoded["input_ids"]),
            "typeIds": line(encoded["token_type_ids"]),
            "mask": line(encoded["attention_mask"]),
        })
    result = {
        "versions": {"transformers": transformers.__version__, "tokenizers": tokenizers.__version__},
        "offsets": offsets,
        "longestFirst": pairs,
        "encodings": encodings,
    }
    print(json.dumps(result))


main()
