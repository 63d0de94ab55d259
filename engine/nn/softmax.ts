/**
 * Softmax and its logarithm along the last axis, each with the backward rule that needs its result only. The derived
 * rules would also differentiate the maximum that is subtracted for safety, whose gradient cancels.
 *
 * @module
 */
import { ShapeError, type Tensor } from "../graph/node.ts";
import { div, exp, log, max, mul, sub, sum } from "../ops.ts";
import { withVjp } from "../grad.ts";

const last = { keep: true } as const;

function shifted(name: string, x: Tensor): Tensor {
  if (x.shape.length < 1) throw new ShapeError(`${name}: the operand has rank 0; give it an axis to normalise over`);
  return sub(x, max(x, -1, last));
}

/**
 * `exp(x) / sum(exp(x))` over the last axis; finite for any finite operand.
 *
 * @param x `[..., n]`.
 */
export function softmax(x: Tensor): Tensor {
  const e = exp(shifted("softmax", x));
  return withVjp(div(e, sum(e, -1, last)), [x], softmaxBackward);
}

/** With y the result: `y * (g - sum(g * y))`. */
function softmaxBackward(g: Tensor, y: Tensor): readonly Tensor[] {
  return [mul(y, sub(g, sum(mul(g, y), -1, last)))];
}

/**
 * `x - log(sum(exp(x)))` over the last axis; finite for any finite operand, where `log(softmax(x))` is not.
 *
 * @param x `[..., n]`.
 */
export function logSoftmax(x: Tensor): Tensor {
  const z = shifted("logSoftmax", x);
  return withVjp(sub(z, log(sum(exp(z), -1, last))), [x], logSoftmaxBackward);
}

/** With y the result: `g - exp(y) * sum(g)`. */
function logSoftmaxBackward(g: Tensor, y: Tensor): readonly Tensor[] {
  return [sub(g, mul(exp(y), sum(g, -1, last)))];
}
