"""Numbers of transformers' CLIP for clip_test.ts, computed in float64.

    pip install torch transformers
    python tests/parity/clip.py > tests/parity/clip.json && deno fmt tests/parity
"""

import json

import torch
from transformers import CLIPConfig, CLIPForImageClassification, CLIPModel

from vit_support import encode, generated, make, train

TOWER = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 12}
TEXT = {**TOWER, "vocab_size": 40, "max_position_embeddings": 8, "eos_token_id": 38, "bos_token_id": 37, "pad_token_id": 1}
VISION = {**TOWER, "image_size": 16, "patch_size": 8, "num_channels": 1, "initializer_range": 0.02}
# 38 ends a text and may fill it up; 39 is a greater id, which only old checkpoints take for the end.
IDS = [
    [37, 5, 9, 38, 1, 1, 1],
    [37, 39, 12, 7, 30, 38, 38],
    [37, 3, 38, 39, 1, 1, 1],
    [37, 8, 20, 11, 2, 17, 38],
]
MASK = [[1, 1, 1, 1, 0, 0, 0], [1, 1, 1, 1, 1, 1, 0], [1, 1, 1, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1, 1]]
# Filled up in front, where the mask matters.
LEFT_IDS = [[1, 1, 1, 37, 5, 9, 38], [1, 37, 39, 12, 7, 30, 38]]
LEFT_MASK = [[0, 0, 0, 1, 1, 1, 1], [0, 1, 1, 1, 1, 1, 1]]

ids, mask = torch.tensor(IDS), torch.tensor(MASK)
images = generated([4, 1, 16, 16], 2000, -2, 2)


def config(text={}, **other):
    return CLIPConfig(text_config={**TEXT, **text}, vision_config=VISION, projection_dim=24, **other)


def embed(configuration):
    model, saved = make(CLIPModel, configuration)
    output = model(input_ids=ids, pixel_values=images, attention_mask=mask, return_loss=True)
    return {
        "config": saved,
        "texts": encode(output.text_embeds),
        "images": encode(output.image_embeds),
        "logits": encode(output.logits_per_image),
        "loss": float(output.loss),
    }


def training():
    model, saved = make(CLIPModel, config())
    loss = lambda: model(input_ids=ids, pixel_values=images, attention_mask=mask, return_loss=True).loss
    return {"config": saved, **train(model, loss)}


def left():
    model, _ = make(CLIPModel, config())
    features = model.get_text_features(torch.tensor(LEFT_IDS), attention_mask=torch.tensor(LEFT_MASK)).pooler_output
    return {"ids": LEFT_IDS, "mask": LEFT_MASK, "texts": encode(features / features.norm(dim=-1, keepdim=True))}


def classify():
    model, saved = make(CLIPForImageClassification, config(num_labels=3))
    return {"config": saved, "logits": encode(model(images).logits)}


print(
    json.dumps(
        {
            "torch": torch.__version__,
            "ids": IDS,
            "mask": MASK,
            "training": training(),
            "clip": embed(config()),
            "clip with gelu and the old end of texts": embed(config({"eos_token_id": 2, "hidden_act": "gelu"})),
            "filled up in front": left(),
            "classifier": classify(),
        }
    )
)
