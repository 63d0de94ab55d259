/**
 * Telling whether two results are the same without comparing them whole.
 *
 * @module
 */

/** A few numbers that tell whether two results are the same: mean magnitude, first, middle and last element. */
export function fingerprint(values: ArrayLike<number>): number[] {
  let magnitude = 0;
  for (let i = 0; i < values.length; i++) magnitude += Math.abs(values[i]!);
  return [magnitude / values.length, values[0]!, values[values.length >> 1]!, values[values.length - 1]!];
}

/** How many are kept, and a hash of their positions. */
export function maskCheck(kept: (position: number) => boolean, size: number): number[] {
  let count = 0, hash = 0;
  for (let i = 0; i < size; i++) {
    if (!kept(i)) continue;
    count++;
    hash = (Math.imul(hash, 31) + i) >>> 0;
  }
  return [count, hash];
}
