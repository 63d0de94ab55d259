/**
 * Layer normalisation (Ba, Kiros and Hinton 2016, arXiv 1607.06450) over the last axis.
 *
 * @module
 */
import { formatType, ShapeError, type Tensor } from "../graph/node.ts";
import { add, mean, mul, rsqrt, square, sub } from "../ops.ts";
import { withVjp } from "../grad.ts";

const last = { keep: true } as const;

/**
 * `(x - mean) / sqrt(variance + eps) * gamma + beta`, mean and (biased) variance over the last axis.
 *
 * @param x `[..., n]`.
 * @param gamma `[n]`.
 * @param beta `[n]`.
 * @param eps added to the variance; 1e-12 in BERT and ViT, 1e-5 in CLIP.
 * @throws {ShapeError} when gamma or beta is not `[n]`.
 */
export function layerNorm(x: Tensor, gamma: Tensor, beta: Tensor, eps: number): Tensor {
  const n = x.shape.at(-1);
  for (const [name, parameter] of [["gamma", gamma], ["beta", beta]] as const) {
    if (n === undefined || parameter.shape.length !== 1 || parameter.shape[0] !== n) {
      throw new ShapeError(
        `layerNorm: x ${formatType(x)}, ${name} ${formatType(parameter)}; both parameters have the last size of x`,
      );
    }
  }
  return add(mul(normalize(x, eps), gamma), beta);
}

/**
 * `(x - mean) / sqrt(variance + eps)` over the last axis. Its backward rule reads the result and one number a row,
 * not x: `rstd * (g - mean(g) - xhat * mean(g * xhat))`.
 *
 * @param x `[..., n]`.
 * @param eps added to the variance.
 */
export function normalize(x: Tensor, eps: number): Tensor {
  const centred = sub(x, mean(x, -1, last));
  const rstd = rsqrt(add(mean(square(centred), -1, last), eps));
  return withVjp(mul(centred, rstd), [x, rstd], normalizeBackward);
}

/** `rstd` is only read: the rule is the whole derivative with respect to x. */
function normalizeBackward(g: Tensor, xhat: Tensor): readonly (Tensor | null)[] {
  const rstd = xhat.inputs[2]!;
  const across = add(mean(g, -1, last), mul(xhat, mean(mul(g, xhat), -1, last)));
  return [mul(rstd, sub(g, across)), null];
}
