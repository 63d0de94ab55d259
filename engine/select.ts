/**
 * Keeping the k greatest of many tensors, exactly: scores become order-preserving u32 keys, one opaque kernel finds
 * where to cut, and masks are elementwise comparisons, so they fuse with whatever reads them. Nothing is read back and
 * nothing is concatenated.
 *
 * @module
 */
import { apply, ShapeError, sizeOf, type Tensor } from "./graph/node.ts";
import { selectThresholdOp } from "./graph/tensor_ops.ts";
import { add, and, bitcast, constant, equal, greater, iota, less, not, or, reshape, take, where } from "./ops.ts";

const SIGN = 0x80000000;
const INFINITY_BITS = 0x7f800000;
/** Keys of ineligible elements and of NaN: below that of negative infinity. */
const INELIGIBLE_KEY = 0;
const NAN_KEY = 1;

/**
 * Keys that order as the scores do: NaN below negative infinity, -0 equal to +0, what is not eligible below everything.
 * Works on the bits, so denormals keep their order on devices that flush them.
 *
 * @param score f32 of any shape.
 * @param eligible bool of the same shape; all by default.
 * @returns u32 of the same shape.
 */
export function rankKey(score: Tensor, eligible?: Tensor): Tensor {
  const bits = bitcast(score, "u32");
  const magnitude = and(bits, SIGN - 1);
  const ordered = where(less(bits, constant(SIGN, [], "u32")), or(bits, SIGN), not(bits));
  const signless = where(equal(magnitude, 0), constant(SIGN, score.shape, "u32"), ordered);
  const key = where(greater(magnitude, INFINITY_BITS), constant(NAN_KEY, score.shape, "u32"), signless);
  return eligible ? where(eligible, key, constant(INELIGIBLE_KEY, score.shape, "u32")) : key;
}

/**
 * Masks of the k greatest scores of all tensors together. Exactly min(k, N) elements are kept, whatever the scores: ties
 * go to the lower position, counted through the tensors in the order of the record. What is not eligible ranks below
 * everything, NaN included, and is kept only when k exceeds the number of eligible elements.
 *
 * @param scores f32 tensors by name.
 * @param k rank-0 u32 tensor.
 * @param eligible bool tensors by name, of the shapes of the scores; all eligible by default.
 * @returns bool tensors by name.
 * @throws {ShapeError} when there are no scores, or 2^32 or more.
 */
export function keepTopK(
  scores: Readonly<Record<string, Tensor>>,
  k: Tensor,
  eligible?: Readonly<Record<string, Tensor>>,
): Record<string, Tensor> {
  const names = Object.keys(scores);
  if (!names.length) throw new ShapeError("keepTopK: no scores; name at least one tensor to select from");
  const keys = names.map((name) => rankKey(scores[name]!, eligible?.[name]));
  const cut = apply(selectThresholdOp, [...keys, k]);
  const threshold = take(cut, 0, 0), limit = take(cut, 0, 1);
  let first = 0;
  return Object.fromEntries(names.map((name, i) => {
    const key = keys[i]!;
    const position = add(reshape(iota([sizeOf(key)]), key.shape), first);
    first += sizeOf(key);
    return [name, or(greater(key, threshold), and(equal(key, threshold), less(position, limit)))];
  }));
}
