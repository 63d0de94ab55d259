"""Numbers of PyTorch's optimisers and of transformers' schedules for optimizers_test.ts, in float64.

    pip install torch transformers
    python tests/parity/optimizers.py > tests/parity/optimizers.json && deno fmt tests/parity
"""

import json

import torch
from transformers import optimization

STEPS = 20
KEPT = [1, 2, 3, 10, 20]
torch.manual_seed(1)
torch.set_default_dtype(torch.float64)

# Rounded, so that both sides start from the same decimal numbers.
start = {"weight": torch.randn(3, 2).mul(1e4).round() / 1e4, "bias": torch.randn(3).mul(1e4).round() / 1e4}
grads = [{name: torch.randn_like(p).mul(1e3).round() / 1e3 for name, p in start.items()} for _ in range(STEPS)]
for step in range(STEPS):
    grads[step]["bias"][2] = 0  # a parameter that never has a gradient
    if step < 4:
        grads[step]["weight"][0] = 0  # and one that has none at first
rates = [round(0.1 / (1 + step), 6) for step in range(STEPS)]

VARIANTS = {
    "sgd": ("sgd", {}, None),
    "sgd weight decay": ("sgd", {"weight_decay": 0.1}, None),
    "sgd momentum": ("sgd", {"momentum": 0.9}, None),
    "sgd momentum dampening weight decay": ("sgd", {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}, None),
    "sgd nesterov weight decay": ("sgd", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}, None),
    "adam": ("adam", {}, None),
    "adam weight decay eps": ("adam", {"weight_decay": 0.1, "betas": (0.8, 0.99), "eps": 1e-3}, None),
    "adamw": ("adamw", {"weight_decay": 0.01}, None),
    "adamw weight decay eps": ("adamw", {"weight_decay": 0.2, "betas": (0.8, 0.99), "eps": 1e-3}, None),
    "adamax": ("adamax", {}, None),
    "adamax weight decay": ("adamax", {"weight_decay": 0.1, "betas": (0.8, 0.99), "eps": 1e-3}, None),
    "adam clipped": ("adam", {}, 1.5),
    "sgd momentum clipped": ("sgd", {"momentum": 0.9}, 2.0),
}
CLASSES = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "adamax": torch.optim.Adamax}


def flat(values):
    return {name: [float(f"{x:.13g}") for x in value.flatten().tolist()] for name, value in values.items()}


def run(kind, options, clip):
    params = {name: p.clone().requires_grad_() for name, p in start.items()}
    optimizer = CLASSES[kind](params.values(), lr=1.0, **options)
    trajectory, norms = {}, []
    for step in range(STEPS):
        for name, p in params.items():
            p.grad = grads[step][name].clone()
        if clip is not None:
            norms.append(float(torch.nn.utils.clip_grad_norm_(params.values(), clip)))
        optimizer.param_groups[0]["lr"] = rates[step]
        optimizer.step()
        if step + 1 in KEPT:
            trajectory[step + 1] = flat({name: p.detach() for name, p in params.items()})
    return {"optimizer": kind, "options": options, "clip": clip, "norms": norms, "trajectory": trajectory}


def schedule(make, **options):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.25)
    scheduler = make(optimizer, **options)
    values = []
    for _ in range(14):
        values.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return values


schedules = {}
for warmup in (0, 1, 4):
    schedules[f"constant {warmup}"] = schedule(optimization.get_constant_schedule_with_warmup, num_warmup_steps=warmup)
    schedules[f"linear {warmup}"] = schedule(
        optimization.get_linear_schedule_with_warmup, num_warmup_steps=warmup, num_training_steps=11
    )
    schedules[f"cosine {warmup}"] = schedule(
        optimization.get_cosine_schedule_with_warmup, num_warmup_steps=warmup, num_training_steps=11
    )

print(
    json.dumps(
        {
            "torch": torch.__version__,
            "shapes": {name: list(p.shape) for name, p in start.items()},
            "start": flat(start),
            "grads": [flat(g) for g in grads],
            "rates": rates,
            "variants": {name: run(*variant) for name, variant in VARIANTS.items()},
            "schedules": schedules,
        }
    )
)
