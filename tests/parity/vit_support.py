"""What the scripts of models share: parameters that need not be stored, and what training makes of them."""

import base64
import json
import tempfile
from pathlib import Path

import numpy
import torch
from safetensors.torch import load_file, save_file


def uniforms(count, seed):
    """The numbers of `generator(seed)` in tests/support/values.ts (mulberry32)."""
    imul = lambda a, b: (a * b) & 0xFFFFFFFF
    state, values = seed, []
    for _ in range(count):
        state = (state + 0x6D2B79F5) & 0xFFFFFFFF
        t = imul(state ^ (state >> 15), state | 1)
        t ^= (t + imul(t ^ (t >> 7), t | 61)) & 0xFFFFFFFF
        values.append((t ^ (t >> 14)) / 2**32)
    return values


def generated(shape, seed, low, high):
    """Uniform numbers that f32 holds exactly, as float64."""
    count = int(numpy.prod(shape, dtype=int))
    values = [low + (high - low) * u for u in uniforms(count, seed)]
    return torch.tensor(numpy.array(values).astype(numpy.float32).astype(numpy.float64)).reshape(shape)


def parameter(name, shape, seed):
    """A parameter by its name in checkpoints, as `parameter` in vit_support.ts makes it."""
    if name == "logit_scale":
        return torch.tensor(1.5, dtype=torch.float64)
    if "norm" in name and name.endswith(".weight"):
        return generated(shape, seed, 0.8, 1.2)
    return generated(shape, seed, -0.1, 0.1) if len(shape) < 2 else generated(shape, seed, -0.3, 0.3)


def by_checkpoint_name(model):
    """Parameters under the names that they have in files, whatever the library calls them inside."""
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        config = json.loads((Path(folder) / "config.json").read_text())
        return load_file(Path(folder) / "model.safetensors"), config


def make(kind, config):
    """A model of that class with generated parameters, in float64, and what its config.json says."""
    names, saved = by_checkpoint_name(kind(config))
    params = {name: parameter(name, list(names[name].shape), seed) for seed, name in enumerate(sorted(names))}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "config.json").write_text(json.dumps(saved))
        save_file(params, Path(folder) / "model.safetensors", metadata={"format": "pt"})
        model = kind.from_pretrained(folder, dtype=torch.float64)
    return model.eval(), {key: value for key, value in saved.items() if key not in ("dtype", "transformers_version")}


def encode(tensor):
    """Base64 of f32."""
    return base64.b64encode(tensor.detach().to(torch.float32).contiguous().numpy().tobytes()).decode()


ADAMW = {"lr": 0.01, "weight_decay": 0.1, "eps": 1e-3, "betas": (0.9, 0.99)}
STEPS = 5


def train(model, loss):
    """The loss, all gradients, the losses of some steps of AdamW and all parameters after them."""
    kept = lambda name: name.endswith("bias") or "norm" in name
    named = list(model.named_parameters())
    groups = [
        {"params": [p for name, p in named if not kept(name)]},
        {"params": [p for name, p in named if kept(name)], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, **ADAMW)
    losses, grads = [], None
    for _ in range(STEPS):
        optimizer.zero_grad()
        value = loss()
        value.backward()
        if grads is None:
            values = {name: p.data for name, p in named}
            for _, p in named:
                p.data = p.grad.clone()
            grads, _ = by_checkpoint_name(model)
            for name, p in named:
                p.data = values[name]
        losses.append(float(value))
        optimizer.step()
    after, _ = by_checkpoint_name(model)
    return {
        "adamw": ADAMW,
        "losses": losses,
        "grads": {name: encode(grads[name]) for name in sorted(grads)},
        "after": {name: encode(after[name]) for name in sorted(after)},
    }
