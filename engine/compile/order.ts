/**
 * The order of kernels, and which new state values may be written over the old ones.
 *
 * A new value takes the buffer of the value it replaces when its kernel reads the old one at the very element that it
 * writes, or not at all, and when all other readers of the old one can run before it. Otherwise it gets a buffer of its
 * own and is copied at the end of the step.
 *
 * @module
 */
import type { Tensor } from "../graph/node.ts";
import type { FusedGroup } from "./fuse.ts";
import { indexKey, linearize } from "./index.ts";
import { visitExpr } from "./kernel.ts";

/** A state leaf: the value that comes in and the one that replaces it. */
export interface Replacement {
  readonly current: Tensor;
  readonly next: Tensor;
}

/** Kernels in order, and the replacements made in place. */
export interface Order {
  readonly groups: readonly FusedGroup[];
  readonly inPlace: ReadonlyMap<Tensor, Tensor>;
}

/** Orders groups so that every value is written before it is read and overwritten after it was read. */
export function order(groups: readonly FusedGroup[], replacements: readonly Replacement[]): Order {
  const writer = new Map<Tensor, FusedGroup>();
  groups.forEach((group) => group.members.forEach((_, member) => writer.set(member, group)));
  const before = new Map<FusedGroup, Set<FusedGroup>>(groups.map((group) => [group, new Set()]));
  const readers = new Map<Tensor, FusedGroup[]>();
  for (const group of groups) {
    for (const value of group.built.loads.keys()) {
      readers.set(value, [...readers.get(value) ?? [], group]);
      const producer = writer.get(value);
      if (producer && producer !== group) before.get(group)!.add(producer);
    }
  }
  const inPlace = new Map<Tensor, Tensor>();
  for (const { current, next } of replacements) {
    const group = writer.get(next);
    if (!group || inPlace.has(next) || !overwrites(group, current, next)) continue;
    const others = (readers.get(current) ?? []).filter((reader) => reader !== group);
    if (others.some((reader) => isBefore(before, group, reader))) continue;
    others.forEach((reader) => before.get(group)!.add(reader));
    inPlace.set(next, current);
  }
  return { groups: topological(groups, before), inPlace };
}

/** True when the group may write `next` over `current`: it reads `current` at the written element only. */
function overwrites(group: FusedGroup, current: Tensor, next: Tensor): boolean {
  const keys = group.built.loads.get(current);
  if (!keys) return true;
  if (group.frame.kind === "opaque") return false;
  const written = indexKey(linearize(group.members.get(next)!.coordinates, next.shape));
  if (keys.size !== 1 || !keys.has(written)) return false;
  // A contraction's operands are read again and again while other elements are already written.
  let isOperand = false;
  visitExpr([group.built.a, group.built.b].filter((expr) => expr !== undefined), (expr) => {
    if (expr.kind === "load" && expr.arg === current.id) isOperand = true;
  });
  return !isOperand;
}

/** True when `first` must run before `second`. */
function isBefore(
  before: ReadonlyMap<FusedGroup, ReadonlySet<FusedGroup>>,
  first: FusedGroup,
  second: FusedGroup,
): boolean {
  const seen = new Set<FusedGroup>();
  const stack = [second];
  while (stack.length) {
    const group = stack.pop()!;
    if (group === first) return true;
    if (seen.has(group)) continue;
    seen.add(group);
    stack.push(...before.get(group)!);
  }
  return false;
}

/** Ready groups run in the order in which their first values were created: gradients are used up as they appear. */
function topological(
  groups: readonly FusedGroup[],
  before: ReadonlyMap<FusedGroup, ReadonlySet<FusedGroup>>,
): readonly FusedGroup[] {
  const first = (group: FusedGroup): number => group.members.keys().next().value!.id;
  const waiting = new Map<FusedGroup, number>();
  const after = new Map<FusedGroup, FusedGroup[]>();
  for (const group of groups) {
    waiting.set(group, before.get(group)!.size);
    for (const earlier of before.get(group)!) after.set(earlier, [...after.get(earlier) ?? [], group]);
  }
  const ready = groups.filter((group) => waiting.get(group) === 0).sort((a, b) => first(b) - first(a));
  const sorted: FusedGroup[] = [];
  while (ready.length) {
    const group = ready.pop()!;
    sorted.push(group);
    for (const later of after.get(group) ?? []) {
      waiting.set(later, waiting.get(later)! - 1);
      if (waiting.get(later)! > 0) continue;
      let at = ready.findIndex((other) => first(other) < first(later));
      if (at < 0) at = ready.length;
      ready.splice(at, 0, later);
    }
  }
  if (sorted.length !== groups.length) {
    throw new Error("order: kernels wait for each other; this is a defect of fusion");
  }
  return sorted;
}
