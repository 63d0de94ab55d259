/**
 * `selectThreshold`: the k greatest of many tensors of u32 keys, exactly, with nothing read back.
 *
 * The result is a pair (T, L): exactly `min(k, N)` elements have `key > T || (key == T && position < L)`, a position
 * being the element's rank in the order of the tensors. Ties are kept in order of position, so runs repeat bit for bit.
 *
 * Two samples bracket the key at which to cut; one pass over all keys counts those above the bracket and at its ends,
 * and collects those in it; digits of 11 bits narrow these candidates until they fit one tile, which is sorted and cut.
 * Where very many keys equal the one at which to cut, the last of these ties to keep is found by a prefix sum; where
 * the bracket missed, digits of all keys are counted. Which way it goes is decided on the device: dispatches of the
 * other way end at once. `SORTING.md` has the picture and the costs.
 *
 * @module
 */
import type { OpaqueKernel } from "../compile/kernel.ts";
import { DeviceError } from "../device/backend.ts";
import { sizeOf } from "../graph/node.ts";
import { TILE } from "./bitonic.ts";
import { collectCandidates, countAll, countTies, placeTie, sample } from "./select_keys.ts";
import { layOut, writeTable } from "./select_layout.ts";
import { bracket, collectLast, countCandidates, cut, find, findChunk, judge, start } from "./select_narrow.ts";
import type { Dispatch, Target } from "./target.ts";

/** Digits of 11 bits that make up a key. */
const DIGITS = 3;

/** Emits `selectThreshold`: (keys..., k) to u32 [2]; scratch: state, candidates, table. */
export function emitSelectThreshold(kernel: OpaqueKernel, target: Target): readonly Dispatch[] {
  const layout = layOut(kernel.label, kernel.inputs.slice(0, -1).map(sizeOf), target);
  const { parts, fastParts, total } = layout;
  if (total >= 2 ** 32) throw new DeviceError(`selectThreshold: ${total} keys; positions are u32, select in parts`);
  const few = total <= TILE;
  const digit = (): readonly Dispatch[] => [
    countCandidates(layout, target),
    ...parts.map((part) => countAll(layout, part, target)),
    find(layout, target),
  ];
  return [
    ...(parts.length ? [writeTable(layout, target)] : []),
    start(layout, target),
    ...(few ? [] : [...parts.map((part) => sample(layout, part, target)), bracket(layout, target)]),
    ...fastParts.map((part) => collectCandidates(layout, part, target)),
    judge(layout, target),
    ...(few ? [] : Array.from({ length: DIGITS }, digit).flat()),
    collectLast(layout, target),
    cut(layout, target),
    ...parts.map((part) => countTies(layout, part, target)),
    findChunk(layout, target),
    ...parts.map((part) => placeTie(layout, part, target)),
  ];
}
