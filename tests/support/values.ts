/**
 * Host values for tests, drawn from a seed.
 *
 * @module
 */
import { type Dtype, sizeOf } from "../../engine/graph/node.ts";
import type { HostValues } from "../../engine/reference/interpret.ts";

/** A generator of uniform numbers in [0, 1) (mulberry32): the same numbers for the same seed, everywhere. */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Uniform f64 values in `[low, high)`. */
export function uniformArray(count: number, seed: number, low = -1, high = 1): Float64Array {
  const next = generator(seed);
  return Float64Array.from({ length: count }, () => low + (high - low) * next());
}

/** A tensor with given elements. */
export function values(shape: readonly number[], data: ArrayLike<number>, dtype: Dtype = "f32"): HostValues {
  return { shape, dtype, data };
}

/** An f32 tensor of uniform values in `[low, high)`. */
export function uniformValues(shape: readonly number[], seed: number, low = -1, high = 1): HostValues {
  return values(shape, uniformArray(sizeOf({ shape }), seed, low, high));
}

/** Sum of products. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
