"""Numbers of transformers for tests/models/minilm_test.ts: cosines of sentence pairs by all-MiniLM-L6-v2, in float64.

    tests/models/minilm/fetch.sh
    pip install torch transformers scipy
    python tests/parity/minilm.py ~/.cache/seven/all-MiniLM-L6-v2 DATA/glue/STS-B > tests/parity/minilm.json
    deno fmt tests/parity

Embeddings are made as the model's card says: mean over the attended tokens, then length 1.
"""

import json
import sys

import scipy.stats
import torch
import transformers
from transformers import AutoModel, AutoTokenizer

folder, stsb = sys.argv[1:]
torch.set_num_threads(2)
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModel.from_pretrained(folder, attn_implementation="eager").double().eval()

GROUPS = [
    (
        "A man is eating food.",
        ["A man is eating a piece of bread.", "The girl is carrying a baby.", "A cheetah is running behind its prey."],
    ),
    (
        "How do I reset my password?",
        [
            "I forgot my login details, what can I do?",
            "Which bus goes to the harbour?",
            "Steps to recover a forgotten passphrase",
        ],
    ),
    (
        "The committee rejected the proposal.",
        ["The proposal was turned down by the committee.", "The committee accepted the proposal.", "It rained all day."],
    ),
    (
        "Café naïve, résumé über 中文!",
        # Accents, nothing at all, and more tokens than the 128 that tokenizer.json would cut to.
        ["cafe naive resume uber", "", "an emoji 😀 and a very very " + "very " * 200 + "long tail"],
    ),
]


def embeddings(texts):
    vectors = {}
    ordered = sorted(set(texts), key=len)
    for first in range(0, len(ordered), 64):
        some = ordered[first : first + 64]
        inputs = tokenizer(some, padding=True, truncation=True, max_length=256, return_tensors="pt")
        with torch.no_grad():
            hidden = model(**inputs).last_hidden_state
        mask = inputs["attention_mask"].unsqueeze(-1).double()
        mean = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
        vectors.update(zip(some, torch.nn.functional.normalize(mean)))
    return vectors


def cosines(pairs):
    vectors = embeddings([text for pair in pairs for text in pair])
    return [float(vectors[a] @ vectors[b]) for a, b in pairs]


def read(name, header, first, second, score):
    with open(f"{stsb}/{name}", encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file.read().rstrip("\n").split("\n")][header:]
    return [(row[first], row[second]) for row in rows], [float(row[score]) for row in rows]


def judged(pairs, scores):
    found = cosines(pairs)
    return {
        "rows": len(pairs),
        "spearman": float(scipy.stats.spearmanr(found, scores).statistic),
        "pearson": float(scipy.stats.pearsonr(found, scores).statistic),
        "cosines": " ".join(f"{x:.7f}" for x in found),
    }


groups = [
    {"text": text, "others": others, "cosines": cosines([(text, other) for other in others])} for text, others in GROUPS
]
print(
    json.dumps(
        {
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "groups": groups,
            "validation": judged(*read("dev.tsv", 1, 7, 8, 9)),
            "test": judged(*read("sts-test-gold.tsv", 0, 5, 6, 4)),
        }
    )
)
