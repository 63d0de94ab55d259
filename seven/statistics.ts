/**
 * Streaming statistics of a gradient sequence: exponential moving averages of the gradient (or its magnitude) and of its
 * square, corrected for their start at 0 as in Adam. A weight whose gradients are steadily large has a high ratio of
 * mean to root mean square: a sentinel weight (SW). One that is large on single noisy batches has a low ratio: a
 * temporary sentinel weight (TSW).
 *
 * @module
 */
import { abs, add, div, mul, sqrt, square, type Tensor } from "../engine/mod.ts";

/** Averages of one weight tensor: m of the gradient, v of its square. */
export interface GradientStatistics {
  /** Average of the gradient or of its magnitude. */
  readonly m: Tensor;
  /** Average of the squared gradient. */
  readonly v: Tensor;
}

/** Decay rates, and whether m averages the gradient or its magnitude. */
export interface StatisticsOptions {
  /** Decay of m, in [0, 1). */
  readonly alpha1: number;
  /** Decay of v, in [0, 1). */
  readonly alpha2: number;
  /** "absolute" averages |g|, "signed" averages g. */
  readonly moment: "absolute" | "signed";
}

/** One step of the averages. */
export function updateStatistics(
  g: Tensor,
  { m, v }: GradientStatistics,
  options: StatisticsOptions,
): GradientStatistics {
  const { alpha1, alpha2, moment } = options;
  return {
    m: add(mul(m, alpha1), mul(moment === "absolute" ? abs(g) : g, 1 - alpha1)),
    v: add(mul(v, alpha2), mul(square(g), 1 - alpha2)),
  };
}

/** Bias corrections after `t` updates (from 1), for the host: 1 / (1 - alpha^t). */
export function biasCorrections(t: number, { alpha1, alpha2 }: Pick<StatisticsOptions, "alpha1" | "alpha2">): {
  readonly correction1: number;
  readonly correction2: number;
} {
  return { correction1: 1 / (1 - alpha1 ** t), correction2: 1 / (1 - alpha2 ** t) };
}

/**
 * The signal-to-noise factor |m_hat| / (sqrt(v_hat) + 1e-9): near 1 for steady gradients, small for noisy ones.
 *
 * @param correction1 rank-0 tensor of 1 / (1 - alpha1^t).
 * @param correction2 rank-0 tensor of 1 / (1 - alpha2^t).
 */
export function steadiness({ m, v }: GradientStatistics, correction1: Tensor, correction2: Tensor): Tensor {
  return div(abs(mul(m, correction1)), add(sqrt(mul(v, correction2)), 1e-9));
}
