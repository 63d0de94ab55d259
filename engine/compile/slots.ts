/**
 * Slots: where temporaries lie. Values whose lives do not overlap may share a slot. Slots are given out to the largest
 * values first, which keeps their sum within a few percent of the largest set of live values.
 *
 * @module
 */
import { sizeOf, type Tensor, type Type } from "../graph/node.ts";
import type { FusedGroup } from "./fuse.ts";
import { bytesPerElement } from "./kernel.ts";

/** Bytes that a value takes: a multiple of 4, and never none. */
export function bytesOf(type: Type): number {
  return Math.max(4, Math.ceil(sizeOf(type) * bytesPerElement(type.dtype) / 4) * 4);
}

/** A value or a scratch buffer with its life. */
export interface Temporary {
  /** The value, or the node of the hand-written kernel whose scratch it is. */
  readonly value: Tensor;
  readonly label: string;
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
  /** Number of elements, for scratch. */
  readonly scratch?: number;
}

/** Temporaries of kernels in order: what they store, but for what is written over state, and their scratch. */
export function temporaries(
  groups: readonly FusedGroup[],
  inPlace: ReadonlyMap<Tensor, Tensor>,
  outputs: ReadonlySet<Tensor>,
): Temporary[] {
  const lastRead = new Map<Tensor, number>();
  groups.forEach((group, position) => {
    for (const value of group.built.loads.keys()) lastRead.set(value, position);
  });
  return groups.flatMap((group, first) => {
    const stored = group.stored.filter((value) => !inPlace.has(value)).map((value): Temporary => ({
      value,
      label: `${value.op.name} #${value.id}`,
      bytes: bytesOf(value),
      first,
      last: outputs.has(value) ? groups.length : lastRead.get(value) ?? first,
    }));
    const [node] = group.members.keys();
    const scratch = group.frame.kind === "opaque" ? scratchTypes(node!) : [];
    return [
      ...stored,
      ...scratch.map((type): Temporary => ({
        value: node!,
        label: `scratch of ${node!.op.name} #${node!.id}`,
        bytes: bytesOf(type),
        first,
        last: first,
        scratch: sizeOf(type),
      })),
    ];
  });
}

function scratchTypes(node: Tensor): readonly Type[] {
  const { op } = node as { op: { scratch?: (node: Tensor) => readonly Type[] } };
  return op.scratch?.(node) ?? [];
}

/** Largest first, each into the first slot that is free during its life. */
export function assignSlots(
  items: readonly Temporary[],
): { readonly sizes: readonly number[]; readonly of: readonly number[] } {
  const sizes: number[] = [];
  const busy: { first: number; last: number }[][] = [];
  const of = new Array<number>(items.length);
  const bySize = items.map((item, i) => ({ item, i })).sort((a, b) => b.item.bytes - a.item.bytes || a.i - b.i);
  for (const { item, i } of bySize) {
    let slot = busy.findIndex((lives) => lives.every(({ first, last }) => item.last < first || last < item.first));
    if (slot < 0) {
      slot = sizes.push(item.bytes) - 1;
      busy.push([]);
    }
    busy[slot]!.push(item);
    of[i] = slot;
  }
  return { sizes, of };
}

/** Largest sum of live temporaries at any kernel. */
export function largestLiveSet(items: readonly Temporary[], kernels: number): number {
  let most = 0;
  for (let position = 0; position <= kernels; position++) {
    const live = items.filter(({ first, last }) => first <= position && position <= last);
    most = Math.max(most, live.reduce((sum, { bytes }) => sum + bytes, 0));
  }
  return most;
}
