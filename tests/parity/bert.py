"""Numbers of transformers' BERT classes for bert_test.ts, computed in float64 and stored as float32.

    pip install torch transformers
    python tests/parity/bert.py > tests/parity/bert.json && deno fmt tests/parity

Parameters are not stored: both sides draw them from the generator of tests/support/values.ts (mulberry32), seed 1 for the
first parameter, 2 for the second and so on.
"""

import base64
import json

import numpy
import torch
import transformers
from transformers import BertConfig, BertForQuestionAnswering, BertForSequenceClassification, BertModel

STEPS = 5
RATE = 1e-3
EPS = 1e-6  # as BERT was trained; with 1e-8 the first steps would follow the rounding of gradients that are 0
torch.set_default_dtype(torch.float64)

OPTIONS = {
    "model_type": "bert",
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 32,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
    "vocab_size": 60,
    "max_position_embeddings": 12,
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-12,
    "pad_token_id": 0,
}
IDS = [
    [2, 17, 45, 17, 3, 8, 59, 3, 0, 0],
    [2, 31, 3, 44, 9, 21, 17, 5, 40, 3],
    [2, 6, 12, 3, 50, 3, 0, 0, 0, 0],
]
KINDS = [
    [0, 0, 0, 0, 0, 1, 1, 1, 0, 0],
    [0, 0, 0, 1, 1, 1, 1, 1, 1, 1],
    [0, 0, 0, 0, 1, 1, 0, 0, 0, 0],
]
MASK = [[1] * 8 + [0] * 2, [1] * 10, [1] * 6 + [0] * 4]


def uniform(count, seed, low, high):
    """uniformArray of tests/support/values.ts."""
    state, word, values = seed, 0xFFFFFFFF, []
    for _ in range(count):
        state = (state + 0x6D2B79F5) & word
        t = ((state ^ (state >> 15)) * (state | 1)) & word
        t ^= (t + ((t ^ (t >> 7)) * (t | 61) & word)) & word
        values.append(low + (high - low) * (((t ^ (t >> 14)) & word) / 2**32))
    return numpy.array(values).astype(numpy.float32)


def bounds(name):
    return (0.5, 1.5) if name.endswith("LayerNorm.weight") else (-0.4, 0.4)


def encoded(tensors):
    """All elements of all tensors in order, little-endian float32."""
    flat = torch.cat([tensor.detach().flatten() for tensor in tensors]).numpy().astype("<f4")
    return base64.b64encode(flat.tobytes()).decode()


def rounded(tensor):
    """Text, which stays on one line."""
    return " ".join(f"{x:.10g}" for x in tensor.detach().flatten().tolist())


def run(make, settings, loss_of):
    model = make(BertConfig(**OPTIONS, **settings, attn_implementation="eager")).double().eval()
    named = dict(model.named_parameters())
    with torch.no_grad():
        for seed, (name, p) in enumerate(named.items(), 1):
            p.copy_(torch.from_numpy(uniform(p.numel(), seed, *bounds(name))).double().view_as(p))
    decays = lambda name: not (name.endswith("bias") or "LayerNorm" in name)
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for name, p in named.items() if decays(name)], "weight_decay": 0.01},
            {"params": [p for name, p in named.items() if not decays(name)], "weight_decay": 0.0},
        ],
        lr=RATE,
        eps=EPS,
    )
    inputs = {
        "input_ids": torch.tensor(IDS),
        "token_type_ids": torch.tensor(KINDS),
        "attention_mask": torch.tensor(MASK),
        "output_hidden_states": True,
    }
    losses = []
    for step in range(STEPS):
        optimizer.zero_grad()
        loss, output = loss_of(model, inputs)
        loss.backward()
        losses.append(loss.item())
        if step == 0:
            first, grads = output, encoded([p.grad for p in named.values()])
        optimizer.step()
    answers = ["logits"] if "logits" in first else ["start_logits", "end_logits"]
    return {
        "settings": settings,
        "shapes": {name: list(p.shape) for name, p in named.items()},
        "outputs": {name: rounded(first[name]) for name in answers},
        "hidden": [rounded(state) for state in first.hidden_states],
        "losses": losses,
        "grads": grads,
        "after": encoded(named.values()),
    }


def labelled(labels):
    def loss_of(model, inputs):
        output = model(**inputs, labels=labels)
        return output.loss, output

    return loss_of


STARTS, ENDS = [4, 2, 1], [6, 9, 4]


def spans(model, inputs):
    """The mean of both cross-entropies over the tokens that are no padding; transformers counts padding as well."""
    output = model(**inputs)
    padding = torch.tensor(MASK) == 0
    entropies = [
        torch.nn.functional.cross_entropy(logits.masked_fill(padding, -torch.inf), torch.tensor(positions))
        for logits, positions in ((output.start_logits, STARTS), (output.end_logits, ENDS))
    ]
    return sum(entropies) / 2, output


CLASSES, NUMBERS = [2, 0, 1], [1.5, -0.25, 3.0]
print(
    json.dumps(
        {
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "config": OPTIONS,
            "inputs": {"ids": IDS, "typeIds": KINDS, "mask": MASK},
            "targets": {"classification": CLASSES, "regression": NUMBERS, "span": [STARTS, ENDS]},
            "adamw": {"rate": RATE, "eps": EPS, "weightDecay": 0.01},
            "heads": {
                "classification": run(
                    BertForSequenceClassification, {"num_labels": 3}, labelled(torch.tensor(CLASSES))
                ),
                "regression": run(
                    BertForSequenceClassification,
                    {"num_labels": 1, "problem_type": "regression"},
                    labelled(torch.tensor(NUMBERS)),
                ),
                "span": run(BertForQuestionAnswering, {}, spans),
            },
            "BertModel": {name: list(p.shape) for name, p in BertModel(BertConfig(**OPTIONS)).named_parameters()},
        }
    )
)
