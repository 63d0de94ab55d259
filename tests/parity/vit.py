"""Numbers of transformers' ViT and DeiT and of PyTorch's bicubic interpolation for vit_test.ts, computed in float64.

    pip install torch transformers
    python tests/parity/vit.py > tests/parity/vit.json && deno fmt tests/parity
"""

import json

import torch
from transformers import DeiTConfig, DeiTForImageClassification, DeiTForImageClassificationWithTeacher
from transformers import ViTConfig, ViTForImageClassification
from transformers.models.vit.modeling_vit import ViTEmbeddings

from vit_support import encode, generated, make, train

SIZES = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "image_size": 16,
    "patch_size": 8,
    "num_channels": 3,
    "num_labels": 5,
    "layer_norm_eps": 1e-6,
    "initializer_range": 0.1,
}
LABELS = [3, 0, 4]
images = generated([3, 3, 16, 16], 1000, -2, 2)


def classify(kind, config):
    model, saved = make(kind, config)
    output = model(images, output_hidden_states=True)
    return {
        "config": saved,
        "logits": encode(output.logits),
        "hidden": [encode(hidden[:, :2]) for hidden in output.hidden_states],
    }


def training():
    model, saved = make(ViTForImageClassification, ViTConfig(**SIZES))
    loss = lambda: model(images, labels=torch.tensor(LABELS)).loss
    return {"config": saved, **train(model, loss)}


def interpolate(rows, side, width, seed):
    """The positions of `rows` x `rows` patches for `side` x `side`, by transformers itself."""
    embeddings = ViTEmbeddings(ViTConfig(hidden_size=width, image_size=rows, patch_size=1)).double()
    embeddings.position_embeddings.data = generated([1, rows * rows + 1, width], seed, -1, 1)
    result = embeddings.interpolate_pos_encoding(torch.zeros(1, side * side + 1, width), side, side)
    return {"from": rows, "to": side, "width": width, "seed": seed, "result": encode(result)}


with_teacher = DeiTForImageClassificationWithTeacher
model, _ = make(with_teacher, DeiTConfig(**SIZES))
answers = model(images)
print(
    json.dumps(
        {
            "torch": torch.__version__,
            "labels": LABELS,
            "training": training(),
            "vit": classify(ViTForImageClassification, ViTConfig(**{**SIZES, "qkv_bias": False, "hidden_act": "gelu_new"})),
            "deit": classify(DeiTForImageClassification, DeiTConfig(**SIZES)),
            "deit with teacher": {
                **classify(with_teacher, DeiTConfig(**SIZES)),
                "heads": [encode(answers.cls_logits), encode(answers.distillation_logits)],
            },
            "interpolation": [interpolate(3, 5, 2, 1), interpolate(5, 3, 2, 2), interpolate(2, 7, 3, 3), interpolate(1, 2, 1, 4)],
        }
    )
)
