/**
 * Dropout (Srivastava et al. 2014) with named randomness.
 *
 * @module
 */
import { ShapeError, type Tensor } from "../graph/node.ts";
import { mul, where } from "../ops.ts";
import { bernoulli } from "../random.ts";

/**
 * Zeroes elements with probability `rate` and scales the others by `1 / (1 - rate)`. The mask is a function of
 * (key, site, position) only, so recomputing a layer draws it again, the same.
 *
 * @param x any floating tensor.
 * @param rate in `[0, 1)`; 0 returns `x`.
 * @param key u32 `[2]`, another one at every step.
 * @param site number of the place in the model: different places draw independently. Same meaning as the `stream`
 *   of {@linkcode bernoulli}, so a key for dropout should serve nothing else.
 * @throws {ShapeError} for a rate outside `[0, 1)`.
 */
export function dropout(x: Tensor, rate: number, key: Tensor, site: number): Tensor {
  if (!(rate >= 0 && rate < 1)) throw new ShapeError(`dropout: the rate is ${rate}; give a share in [0, 1)`);
  if (rate === 0) return x;
  return where(bernoulli(key, 1 - rate, x.shape, site), mul(x, 1 / (1 - rate)), 0);
}
