/**
 * Keeping the k greatest of many tensors, exactly: scores become order-preserving u32 keys, one opaque kernel finds
 * where to cut, and masks are elementwise comparisons, so they fuse with whatever reads them. Nothing is read back and
 * nothing is concatenated.
 *
 * @module
 */
import { apply, ShapeError, sizeOf, type Tensor } from "./graph/node.ts";
import { selectThresholdOp } from "./graph/index_ops.ts";
import { add, and, constant, equal, greater, iota, less, literal, or, reshape, take, where } from "./ops.ts";
import { orderOfFloats } from "./sort.ts";

/** Above the key of positive infinity: what a minimum keeps in any case. */
const PROTECTED_KEY = 0xffffffff;
/** Keys of ineligible elements and of NaN: below that of negative infinity. */
const INELIGIBLE_KEY = 0;
const NAN_KEY = 1;

/**
 * Keys that order as the scores do: NaN below negative infinity, -0 equal to +0, what is not eligible below everything.
 *
 * @param score f32 of any shape.
 * @param eligible bool of the same shape; all by default.
 * @returns u32 of the same shape.
 */
export function rankKey(score: Tensor, eligible?: Tensor): Tensor {
  const { key: ordered, isNaN } = orderOfFloats(score);
  const key = where(isNaN, constant(NAN_KEY, score.shape, "u32"), ordered);
  return eligible ? where(eligible, key, constant(INELIGIBLE_KEY, score.shape, "u32")) : key;
}

/** How else to select. */
export interface KeepOptions {
  /**
   * Least share of each tensor's elements that is kept, so that no layer collapses: 0 to 1, rounded up to whole
   * elements, fewer where fewer are eligible. The total is kept exactly; where it is below the sum of all minima, those
   * of the first tensors are served. Costs one more selection per tensor.
   */
  readonly leastDensity?: number;
}

/**
 * Masks of the k greatest scores of all tensors together. Exactly min(k, N) elements are kept, whatever the scores:
 * ties go to the lower position, counted through the tensors in the order of the record. What is not eligible ranks
 * below everything, NaN included, and is kept only when k exceeds the number of eligible elements.
 *
 * @param scores f32 tensors by name.
 * @param k rank-0 u32 tensor.
 * @param eligible bool tensors by name, of the shapes of the scores; all eligible by default.
 * @returns bool tensors by name.
 * @throws {ShapeError} when there are no scores, or 2^32 or more, or the least density is not a share.
 */
export function keepTopK(
  scores: Readonly<Record<string, Tensor>>,
  k: Tensor,
  eligible?: Readonly<Record<string, Tensor>>,
  { leastDensity = 0 }: KeepOptions = {},
): Record<string, Tensor> {
  const names = Object.keys(scores);
  if (!names.length) throw new ShapeError("keepTopK: no scores; name at least one tensor to select from");
  if (!(leastDensity >= 0 && leastDensity <= 1)) {
    throw new ShapeError(`keepTopK: least density ${leastDensity}; it is a share of each tensor, 0 to 1`);
  }
  const keys = names.map((name) => rankKey(scores[name]!, eligible?.[name]));
  const ranked = leastDensity === 0 ? keys : keys.map((key, i) => protect(key, leastDensity, eligible?.[names[i]!]));
  const masks = keepGreatestKeys(ranked, k);
  return Object.fromEntries(names.map((name, i) => [name, masks[i]!]));
}

/** Raises the keys of the greatest share of a tensor above all others. */
function protect(key: Tensor, share: number, eligible: Tensor | undefined): Tensor {
  const least = Math.ceil(share * sizeOf(key));
  const [first] = keepGreatestKeys([key], constant(least, [], "u32"));
  return where(eligible ? and(first!, eligible) : first!, constant(PROTECTED_KEY, key.shape, "u32"), key);
}

/** Masks of the k greatest of u32 keys, ties to the lower position. */
export function keepGreatestKeys(keys: readonly Tensor[], k: Tensor): Tensor[] {
  const cut = apply(selectThresholdOp, [...keys, k]);
  const threshold = take(cut, 0, 0), limit = take(cut, 0, 1);
  // Where a tensor begins lies in a buffer of its own, not in the text: equal layers then share their kernels.
  let first = 0;
  return keys.map((key) => {
    const place = reshape(iota([sizeOf(key)]), key.shape);
    const position = keys.length === 1 ? place : add(place, literal(Uint32Array.of(first), []));
    first += sizeOf(key);
    return or(greater(key, threshold), and(equal(key, threshold), less(position, limit)));
  });
}
