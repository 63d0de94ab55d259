"""PyTorch as a peer, on the processor or on CUDA: the same requests and answers as serve.ts."""

import json
import math
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

DEVICE = sys.argv[1] if len(sys.argv) > 1 else "cpu"
DTYPES = {"F32": np.float32, "U32": np.uint32, "I32": np.int32}


def answer(value):
    print("@peer " + json.dumps(value), flush=True)


def load(path):
    """Tensors of a safetensors file, integers as int64."""
    with open(path, "rb") as file:
        content = file.read()
    size = int.from_bytes(content[:8], "little")
    tensors = {}
    for name, entry in json.loads(content[8 : 8 + size]).items():
        if name == "__metadata__":
            continue
        start, stop = entry["data_offsets"]
        array = np.frombuffer(content[8 + size + start : 8 + size + stop], DTYPES[entry["dtype"]])
        array = array.reshape(entry["shape"])
        array = array.astype(np.int64) if entry["dtype"] != "F32" else array.copy()
        tensors[name] = torch.from_numpy(array).to(DEVICE)
    return tensors


def fingerprint(tensor):
    flat = tensor.detach().reshape(-1)
    picks = [flat[0], flat[flat.numel() // 2], flat[-1]]
    return [flat.abs().double().mean().item()] + [pick.item() for pick in picks]


def attend(q, k, v, batch, tokens, heads):
    q, k, v = (x.view(batch, tokens, heads, -1).transpose(1, 2) for x in (q, k, v))
    weights = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]), -1)
    return (weights @ v).transpose(1, 2).reshape(batch * tokens, -1)


def block(x, p, prefix, sizes):
    def get(name):
        return p[prefix + "." + name]

    width = (x.shape[-1],)
    before = F.layer_norm(x, width, get("norm1.gamma"), get("norm1.beta"), 1e-5)
    q, k, v = (before @ get(part) for part in ("query", "key", "value"))
    x = x + attend(q, k, v, sizes["batch"], sizes["tokens"], sizes["heads"]) @ get("output")
    after = F.layer_norm(x, width, get("norm2.gamma"), get("norm2.beta"), 1e-5)
    inner = F.gelu(after @ get("up.weight") + get("up.bias"), approximate="tanh")
    return x + inner @ get("down.weight") + get("down.bias")


def encoder_loss(p, ids, labels, sizes):
    batch, tokens, width = sizes["batch"], sizes["tokens"], sizes["width"]
    x = (p["embed.token"][ids].view(batch, tokens, width) + p["embed.position"]).view(-1, width)
    for layer in range(sizes["layers"]):
        x = block(x, p, f"block.{layer}", sizes)
    if sizes["head"] == "first":
        x = x.view(batch, tokens, width)[:, 0]
    x = F.layer_norm(x, (width,), p["final.gamma"], p["final.beta"], 1e-5)
    return F.cross_entropy(x @ p["head"], labels)


def vit_loss(p, images, labels, s):
    def dense(x, name):
        return F.linear(x, p[name + ".weight"], p.get(name + ".bias"))

    def norm(x, name):
        return F.layer_norm(x, (s["width"],), p[name + ".weight"], p[name + ".bias"], s["eps"])

    batch, width, patch = s["batch"], s["width"], s["patch"]
    projection = "vit.embeddings.patch_embeddings.projection"
    x = F.conv2d(images, p[projection + ".weight"], p[projection + ".bias"], stride=patch)
    x = x.flatten(2).transpose(1, 2)
    x = torch.cat([p["vit.embeddings.cls_token"].expand(batch, 1, width), x], 1)
    tokens = x.shape[1]
    x = (x + p["vit.embeddings.position_embeddings"]).reshape(-1, width)
    for layer in range(s["layers"]):
        prefix = f"vit.encoder.layer.{layer}"
        before = norm(x, prefix + ".layernorm_before")
        q, k, v = (dense(before, f"{prefix}.attention.attention.{part}") for part in ("query", "key", "value"))
        x = x + dense(attend(q, k, v, batch, tokens, s["heads"]), prefix + ".attention.output.dense")
        inner = dense(norm(x, prefix + ".layernorm_after"), prefix + ".intermediate.dense")
        inner = F.relu(inner) if s["activation"] == "relu" else F.gelu(inner)
        x = x + dense(inner, prefix + ".output.dense")
    return F.cross_entropy(dense(norm(x.view(batch, tokens, width)[:, 0], "vit.layernorm"), "classifier"), labels)


def repeated(compute, check=fingerprint):
    """A task of a function without state."""
    with torch.no_grad():
        first = compute()

    def step():
        with torch.no_grad():
            compute()

    return check(first), step


def training(loss, optimizer, losses):
    def step():
        optimizer.zero_grad()
        value = loss()
        value.backward()
        optimizer.step()
        return value

    return [step().item() for _ in range(losses)], step


def differentiated(loss, wanted, watched):
    """Loss and gradients, again and again."""
    value = loss()
    grads = dict(zip(wanted, torch.autograd.grad(value, list(wanted.values()))))
    check = [value.item()]
    for name, whole in watched:
        check += fingerprint(grads[name]) if whole else fingerprint(grads[name])[:1]
    return check, lambda: torch.autograd.grad(loss(), list(wanted.values()))


def top_k_check(mask):
    """How many are kept. Which of equal scores they are, PyTorch leaves open."""
    return [int(mask.sum())]


def prepare(work, t):
    kind = work["kind"]
    if kind == "matmul":
        a = t["a"].transpose(-1, -2) if work["form"] == "tn" else t["a"]
        b = t["b"].transpose(-1, -2) if work["form"] == "nt" else t["b"]
        return repeated(lambda: a @ b)
    if kind == "softmax":
        return repeated(lambda: torch.softmax(t["x"], -1))
    if kind == "layer-norm":
        return repeated(lambda: F.layer_norm(t["x"], (work["columns"],), t["gamma"], t["beta"], 1e-5))
    if kind == "cross-entropy":
        logits = t["logits"].requires_grad_()
        check, step = differentiated(
            lambda: F.cross_entropy(logits, t["labels"]), {"logits": logits}, [("logits", True)]
        )
        return fingerprint(torch.tensor(check[0])) + check[1:], step
    if kind == "adamw":
        param = t["param"].requires_grad_()
        param.grad = t["grad"]
        optimizer = torch.optim.AdamW([param], lr=1e-3, weight_decay=0.01, fused=True)
        optimizer.step()
        return fingerprint(param), optimizer.step
    if kind == "top-k":
        scores, keep = t["scores"], work["keep"]

        def select():
            chosen = torch.topk(scores, keep, sorted=False).indices
            mask = torch.zeros(scores.shape, dtype=torch.bool, device=DEVICE)
            mask[chosen] = True
            return mask

        return repeated(select, top_k_check)
    if kind == "encoder-layer":
        p = {name: value.requires_grad_() for name, value in t.items()}
        watched = [(name, False) for name in ("x", "block.0.query", "block.0.down.weight")]
        return differentiated(lambda: block(p["x"], p, "block.0", work["sizes"]).square().mean(), p, watched)
    if kind == "encoder-step":
        ids, labels = t.pop("ids"), t.pop("labels")
        p = {name: value.requires_grad_() for name, value in t.items()}
        optimizer = torch.optim.Adam(list(p.values()), lr=1e-3, foreach=True)
        return training(lambda: encoder_loss(p, ids, labels, work["sizes"]), optimizer, work["losses"])
    if kind == "vit-step":
        images, labels = t.pop("images"), t.pop("labels")
        p = {name: value.requires_grad_() for name, value in t.items()}
        spared = [v for name, v in p.items() if name.endswith(".bias") or "layernorm" in name]
        decayed = [v for name, v in p.items() if not (name.endswith(".bias") or "layernorm" in name)]
        groups = [{"params": decayed, "weight_decay": 0.01}, {"params": spared, "weight_decay": 0.0}]
        optimizer = torch.optim.AdamW(groups, lr=1e-3, foreach=True)
        return training(lambda: vit_loss(p, images, labels, work["sizes"]), optimizer, work["losses"])
    raise ValueError(f"{kind} is not written for PyTorch")


def wait():
    if DEVICE == "cuda":
        torch.cuda.synchronize()


def main():
    if DEVICE == "cuda" and not torch.cuda.is_available():
        raise SystemExit("error: PyTorch sees no CUDA device")
    where = torch.cuda.get_device_name() if DEVICE == "cuda" else f"{torch.get_num_threads()} threads"
    answer({"version": f"PyTorch {torch.__version__}, {where}"})
    step = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if "prepare" in request:
                check, step = prepare(request["prepare"], load(request["data"]))
                wait()
                answer({"check": check})
            else:
                start = time.perf_counter()
                for _ in range(request["run"]):
                    step()
                wait()
                answer({"ms": (time.perf_counter() - start) * 1e3})
        except Exception as error:  # every failure is an answer
            answer({"error": f"{type(error).__name__}: {error}".split("\n")[0]})


main()
