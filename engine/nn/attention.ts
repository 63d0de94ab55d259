/**
 * Scaled dot-product attention (Vaswani et al. 2017, equation 1).
 *
 * @module
 */
import { formatType, ShapeError, type Tensor } from "../graph/node.ts";
import { matmul, mul, reshape, transpose, where } from "../ops.ts";
import { dropout } from "./dropout.ts";
import { softmax } from "./softmax.ts";

/** What {@linkcode attention} may be told. */
export interface AttentionOptions {
  /**
   * Where attention may look, bool: `[B, Tk]` (keys that are no padding) or anything of rank 4 that broadcasts to
   * `[B, H, Tq, Tk]`, such as `[B, 1, Tq, Tk]` or `[1, 1, Tq, Tk]`.
   */
  readonly mask?: Tensor;
  /** Factor of the scores; `1 / sqrt(D)` by default. */
  readonly scale?: number;
  /** Dropout of the attention weights. */
  readonly dropout?: { readonly rate: number; readonly key: Tensor; readonly site: number };
}

/**
 * Score of what must not be attended to: finite, so that a row with nothing to attend to becomes uniform and not NaN,
 * and so far down that `exp` of the difference is exactly 0.
 */
export const MASKED_SCORE: Readonly<Record<"f32" | "f16", number>> = { f32: -1e30, f16: -6e4 };

/**
 * `softmax(q k^T * scale) v` for each head.
 *
 * @param q `[B, H, Tq, D]`.
 * @param k `[B, H, Tk, D]`.
 * @param v `[B, H, Tk, Dv]`.
 * @param options mask, scale, dropout.
 * @returns `[B, H, Tq, Dv]`.
 * @throws {ShapeError} when the shapes do not fit, or the mask is not bool or does not broadcast to the scores.
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor {
  const ranks = [q, k, v].every((x) => x.shape.length === 4);
  const heads = [k, v].every((x) => x.shape[0] === q.shape[0] && x.shape[1] === q.shape[1]);
  if (!ranks || !heads || k.shape[3] !== q.shape[3] || v.shape[2] !== k.shape[2]) {
    throw new ShapeError(
      `attention: q ${formatType(q)}, k ${formatType(k)}, v ${formatType(v)}; give [B, H, T, D] of the same B and H, ` +
        "k of the D of q, v of the T of k",
    );
  }
  const scores = mul(matmul(q, transpose(k)), options.scale ?? 1 / Math.sqrt(q.shape[3]!));
  const weights = softmax(options.mask ? masked(scores, options.mask) : scores);
  const drop = options.dropout;
  return matmul(drop ? dropout(weights, drop.rate, drop.key, drop.site) : weights, v);
}

function masked(scores: Tensor, mask: Tensor): Tensor {
  const wide = mask.shape.length === 2 ? reshape(mask, [mask.shape[0]!, 1, 1, mask.shape[1]!]) : mask;
  const fits = wide.shape.length === 4 && wide.shape.every((size, axis) => size === 1 || size === scores.shape[axis]);
  if (mask.dtype !== "bool" || !fits) {
    throw new ShapeError(
      `attention: mask ${formatType(mask)} for scores ${formatType(scores)}; give a bool [B, Tk], or one of rank 4 ` +
        "whose sizes are those of the scores or 1 (compare numbers with notEqual first)",
    );
  }
  return where(wide, scores, MASKED_SCORE[scores.dtype as "f32" | "f16"]);
}
