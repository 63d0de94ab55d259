/**
 * Zeroing the weights of the smallest scores, on the host, by the rules of the engine's selection.
 *
 * @module
 */

/** Values by name of the tensor. */
type Arrays = Readonly<Record<string, Float32Array>>;

/** Weights of a group with their ranks: cut it as often as wanted. */
export interface Ranked {
  /** Number of weights. */
  readonly size: number;
  /**
   * The weights with exactly so many of the lowest rank 0; all tensors of the group, as copies.
   *
   * @param removed How many, from 0 to `size`.
   */
  cut(removed: number): Record<string, Float32Array>;
}

/**
 * Ranks weights. Those with the smallest scores go first; of equal scores that in the higher position, counted through
 * the tensors in order; NaN before all scores; and before NaN what is 0 already, so that a pruned checkpoint loses
 * nothing until its own sparsity is reached.
 *
 * @param weights The weights.
 * @param scores Their scores, by the same names.
 */
export function rankWeights(weights: Arrays, scores: Arrays): Ranked {
  const names = Object.keys(weights);
  const size = names.reduce((sum, name) => sum + weights[name]!.length, 0);
  const keys = new Uint32Array(size);
  let at = 0;
  for (const name of names) {
    writeKeys(keys.subarray(at), weights[name]!, scores[name]!);
    at += weights[name]!.length;
  }
  const sorted = keys.slice().sort();
  return {
    size,
    cut(removed) {
      const copies = Object.fromEntries(names.map((name) => [name, weights[name]!.slice()]));
      if (removed === 0) return copies;
      const threshold = sorted[removed - 1]!;
      // Of those at the threshold the first few stay: the later ones fill up the number.
      let staying = sorted.lastIndexOf(threshold) + 1 - removed;
      let at = 0;
      for (const name of names) {
        const copy = copies[name]!;
        for (let i = 0; i < copy.length; i++, at++) {
          const key = keys[at]!;
          if (key < threshold || (key === threshold && staying-- <= 0)) copy[i] = 0;
        }
      }
      return copies;
    },
  };
}

/** Keys that order as the scores do. */
function writeKeys(keys: Uint32Array, weights: Float32Array, scores: Float32Array): void {
  const bits = new Uint32Array(Float32Array.from(scores, (score) => score + 0).buffer); // -0 becomes 0
  for (let i = 0; i < weights.length; i++) {
    const word = bits[i]!;
    if (weights[i] === 0) keys[i] = 0;
    else if (Number.isNaN(scores[i])) keys[i] = 1;
    else keys[i] = word >>> 31 ? ~word : word | 0x80000000;
  }
}
