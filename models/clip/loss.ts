/**
 * The loss that CLIP learns from.
 *
 * @module
 */
import {
  add,
  crossEntropy,
  formatType,
  iota,
  MASKED_SCORE,
  mul,
  notEqual,
  ShapeError,
  type Tensor,
  transpose,
  where,
} from "../../engine/mod.ts";

/**
 * Symmetric cross-entropy: each image must find its text among all texts of the batch, and each text its image (Radford
 * et al. 2021, figure 3).
 *
 * @param logits f32 `[n, n]`, of `clipLogits`: image i and text i belong together.
 * @param options `weights`: f32 `[n]`, weight of each pair, such as 1 for real pairs and 0 for those that fill up the
 * batch. A pair of weight 0 is also nobody's wrong answer.
 * @returns rank-0 f32: the mean of both directions.
 * @throws {ShapeError} when the logits are not square, or there is not one weight for each pair.
 */
export function contrastiveLoss(logits: Tensor, { weights }: { readonly weights?: Tensor } = {}): Tensor {
  const n = logits.shape[0];
  if (logits.shape.length !== 2 || n !== logits.shape[1]) {
    throw new ShapeError(`contrastiveLoss: logits ${formatType(logits)}; give [n, n], as many images as texts`);
  }
  const labels = iota([n!]);
  const direction = (one: Tensor): Tensor =>
    weights
      ? crossEntropy(where(notEqual(weights, 0), one, MASKED_SCORE.f32), labels, { weights })
      : crossEntropy(one, labels);
  return mul(add(direction(logits), direction(transpose(logits))), 0.5);
}
