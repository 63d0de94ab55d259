"""Values and gradients of PyTorch's functional layers and losses for composites_test.ts, in float64.

    pip install torch && python tests/parity/composites.py > tests/parity/composites.json && deno fmt tests/parity

Each case has inputs, one output and the gradients of sum(output * cotangent) with respect to the floating inputs.
Numbers are kept as text, which stays on one line.
"""

import json

import torch
import torch.nn.functional as F

torch.manual_seed(2)
torch.set_default_dtype(torch.float64)


def tensor(*shape, scale=1.0):
    return torch.randn(*shape).mul(scale * 1e3).round() / 1e3


def dump(value):
    dtype = {torch.float64: "f32", torch.int64: "i32", torch.bool: "bool"}[value.dtype]
    data = " ".join(f"{float(x):.13g}" for x in value.detach().flatten().tolist())
    return {"shape": list(value.shape), "dtype": dtype, "data": data}


def case(function, **inputs):
    leaves = {k: v.clone().requires_grad_() if v.is_floating_point() else v for k, v in inputs.items()}
    output = function(**leaves)
    cotangent = tensor(*output.shape) if output.dim() else torch.tensor(1.0)
    (output * cotangent).sum().backward()
    return {
        "inputs": {k: dump(v) for k, v in inputs.items()},
        "output": dump(output),
        "cotangent": dump(cotangent),
        "grads": {k: dump(v.grad) for k, v in leaves.items() if v.is_floating_point()},
    }


edge = torch.tensor([-30.0, -5.0, -1.0, -0.25, 0.0, 0.25, 1.0, 5.0, 30.0])
labels = torch.tensor([0, 3, -100, 2, 4])
padding = torch.tensor([[True, True, True, False], [True, False, True, True]])
causal = torch.ones(1, 1, 3, 4, dtype=torch.bool).tril()
qkv = dict(q=tensor(2, 2, 3, 5), k=tensor(2, 2, 4, 5), v=tensor(2, 2, 4, 6))

cases = {
    "linear": case(
        lambda x, weight, bias: F.linear(x, weight, bias), x=tensor(2, 3, 4), weight=tensor(5, 4), bias=tensor(5)
    ),
    "softmax": case(lambda x: F.softmax(x, -1), x=tensor(3, 5, scale=4)),
    "logSoftmax": case(lambda x: F.log_softmax(x, -1), x=tensor(3, 5, scale=30)),
    "layerNorm": case(
        lambda x, gamma, beta: F.layer_norm(x, (6,), gamma, beta, 1e-5),
        x=tensor(2, 3, 6),
        gamma=tensor(6),
        beta=tensor(6),
    ),
    "gelu": case(lambda x: F.gelu(x), x=edge),
    "geluTanh": case(lambda x: F.gelu(x, approximate="tanh"), x=edge),
    "relu": case(lambda x: F.relu(x), x=edge),
    "sigmoid": case(lambda x: F.sigmoid(x), x=edge),
    "silu": case(lambda x: F.silu(x), x=edge),
    "quickGelu": case(lambda x: x * torch.sigmoid(1.702 * x), x=edge),
    "attention": case(lambda q, k, v: F.scaled_dot_product_attention(q, k, v), **qkv),
    "attention scale": case(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, scale=0.7), **qkv),
    "attention padding": case(
        lambda q, k, v, mask: F.scaled_dot_product_attention(q, k, v, mask[:, None, None]), **qkv, mask=padding
    ),
    "attention rank 4": case(lambda q, k, v, mask: F.scaled_dot_product_attention(q, k, v, mask), **qkv, mask=causal),
    "crossEntropy": case(
        lambda logits, labels: F.cross_entropy(logits, labels), logits=tensor(5, 6, scale=3), labels=labels
    ),
    "crossEntropy smoothing": case(
        lambda logits, labels: F.cross_entropy(logits, labels, label_smoothing=0.1), logits=tensor(5, 6), labels=labels
    ),
    "crossEntropy ignore": case(
        lambda logits, labels: F.cross_entropy(logits, labels, ignore_index=3, label_smoothing=0.2),
        logits=tensor(5, 6),
        labels=labels.clamp(min=3),
    ),
    "mse": case(
        lambda prediction, target: F.mse_loss(prediction, target), prediction=tensor(3, 4), target=tensor(3, 4)
    ),
    "embedding": case(
        lambda table, ids: F.embedding(ids, table), table=tensor(5, 3), ids=torch.tensor([[4, 0, 4], [2, 4, 0]])
    ),
    "patchEmbedding": case(
        lambda images, weight, bias: F.conv2d(images, weight, bias, stride=2).flatten(2).transpose(1, 2),
        images=tensor(2, 3, 4, 6),
        weight=tensor(5, 3, 2, 2),
        bias=tensor(5),
    ),
}
print(json.dumps({"torch": torch.__version__, "cases": cases}))
