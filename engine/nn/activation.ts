/**
 * Activation functions, under the names that checkpoints use in `hidden_act`.
 *
 * @module
 */
import { ShapeError, type Tensor } from "../graph/node.ts";
import { add, div, erf, exp, lessEqual, maximum, mul, neg, square, sub, tanh, where } from "../ops.ts";
import { withVjp } from "../grad.ts";

/** `x * Phi(x)`, Phi the normal distribution function: the exact GELU (Hendrycks and Gimpel 2016). */
export function gelu(x: Tensor): Tensor {
  return mul(mul(x, 0.5), add(erf(mul(x, Math.SQRT1_2)), 1));
}

/** `x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3)))`: the tanh approximation of the same paper (`gelu_new`). */
export function geluTanh(x: Tensor): Tensor {
  const inner = mul(mul(x, add(mul(square(x), 0.044715), 1)), Math.sqrt(2 / Math.PI));
  return mul(mul(x, 0.5), add(tanh(inner), 1));
}

/** `max(x, 0)`, with gradient 0 at 0 as in PyTorch. NaN stays NaN. */
export function relu(x: Tensor): Tensor {
  return where(lessEqual(x, 0), 0, x);
}

/** `1 / (1 + exp(-x))`. Below -80, where f32 has nothing but 0 to say, exp is kept from overflowing. */
export function sigmoid(x: Tensor): Tensor {
  return withVjp(div(1, add(exp(neg(maximum(x, -80))), 1)), [x], sigmoidBackward);
}

/** With y the result: `g * y * (1 - y)`. */
function sigmoidBackward(g: Tensor, y: Tensor): readonly Tensor[] {
  return [mul(g, mul(y, sub(1, y)))];
}

/** `x * sigmoid(1.702 x)`, the activation of CLIP. */
export function quickGelu(x: Tensor): Tensor {
  return mul(x, sigmoid(mul(x, 1.702)));
}

/** `x * sigmoid(x)` (swish). */
export function silu(x: Tensor): Tensor {
  return mul(x, sigmoid(x));
}

const activations: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  gelu,
  gelu_new: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  relu,
  quick_gelu: quickGelu,
  sigmoid,
  silu,
  swish: silu,
  tanh,
};

/**
 * The activation that a checkpoint's `hidden_act` names.
 *
 * @throws {ShapeError} for a name that is not known, with those that are.
 */
export function activation(name: string): (x: Tensor) => Tensor {
  const known = Object.hasOwn(activations, name) ? activations[name] : undefined;
  if (!known) throw new ShapeError(`activation: "${name}" is not known; use ${Object.keys(activations).join(", ")}`);
  return known;
}
