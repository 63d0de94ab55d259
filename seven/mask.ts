/**
 * Masks in state are packed bits, one per weight.
 *
 * @module
 */
import {
  add,
  cast,
  constant,
  type HostTensor,
  hostTensor,
  packBits,
  sizeOf,
  sum,
  type Tensor,
  type Type,
  unpackBits,
  where,
} from "../engine/mod.ts";
import { mapNamed, type Named } from "./criteria/criterion.ts";

/** Words that hold the flags of a tensor. */
function wordsOf(type: { readonly shape: readonly number[] }): number {
  return Math.ceil(sizeOf(type) / 32);
}

/** Masks that keep everything, packed. Flags beyond the last weight are 0. */
export function fullMasks(types: Named<Type>): Record<string, HostTensor> {
  return mapNamed(types, (type) => {
    const words = new Uint32Array(wordsOf(type)).fill(0xffffffff);
    const rest = sizeOf(type) % 32;
    if (rest) words[words.length - 1] = 2 ** rest - 1;
    return hostTensor(words);
  });
}

/** Masks of weights that are not 0, packed; of all weights when zeros are not to be kept. */
export function nonZeroMasks(weights: Named<HostTensor>, keepsZeros = true): Record<string, HostTensor> {
  return mapNamed(fullMasks(weights), (mask, name) => {
    const { data } = weights[name]!;
    if (!keepsZeros || !data.includes(0)) return mask;
    const words = new Uint32Array(mask.data.length);
    data.forEach((value, i) => value === 0 || (words[i >> 5]! |= 1 << (i & 31)));
    return hostTensor(words);
  });
}

/** Bool masks of the shapes of `weights`. */
export function unpackMasks(packed: Named<Tensor>, weights: Named<Tensor>): Record<string, Tensor> {
  return mapNamed(packed, (words, name) => unpackBits(words, weights[name]!.shape));
}

/** Packed masks. */
export function packMasks(masks: Named<Tensor>): Record<string, Tensor> {
  return mapNamed(masks, packBits);
}

/** Values with 0 where their mask is false; values without a mask stay. A select, so that not even NaN gets through. */
export function applyMasks(values: Named<Tensor>, masks: Named<Tensor>): Record<string, Tensor> {
  return mapNamed(values, (value, name) => {
    const mask = masks[name];
    return mask ? where(mask, value, constant(0, value.shape, value.dtype)) : value;
  });
}

/** Number of weights that bool masks keep, as a rank-0 u32 tensor. */
export function countMasks(masks: Named<Tensor>): Tensor {
  return Object.values(masks).map((mask) => sum(cast(mask, "u32"))).reduce((a, b) => add(a, b));
}

/** Number of flags set in packed masks on the host. */
export function countKept(packed: Named<HostTensor>): number {
  let kept = 0;
  for (const { data } of Object.values(packed)) {
    for (let word of data as Uint32Array) {
      for (; word; word = (word & (word - 1)) >>> 0) kept++;
    }
  }
  return kept;
}
