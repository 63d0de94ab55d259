/**
 * Iteration spaces, simplified before they become loops.
 *
 * An axis that indices only see in parts (`c div 64`, `c mod 64`) is split, so that the divisions vanish; neighbouring
 * axes that all indices see as one (contiguous in every load and store) are merged, so that a typical elementwise
 * kernel is one flat loop. Axes of size 1 are dropped. Axes stay in their group (outer, inner) and in their order.
 *
 * @module
 */
import { type Bound, coordinate, divIndex, type Index, indexKey, modIndex, substitute } from "../compile/index.ts";
import type { Expr, Store } from "../compile/kernel.ts";

/** One loop. */
export interface Axis {
  readonly size: number;
  /** Which list of axes it came from. */
  readonly group: number;
}

/** A simplified space: its axes, and each former coordinate in terms of the new ones. */
export interface Space {
  readonly axes: readonly Axis[];
  readonly coordinates: readonly Index[];
}

/** All indices of expressions: loads, bounds, iotas. */
export function indicesOf(roots: readonly Expr[]): readonly Index[] {
  const found = new Map<string, Index>();
  const seen = new Set<Expr>();
  const add = (index: Index): void => void found.set(indexKey(index), index);
  const walk = (expr: Expr): void => {
    if (seen.has(expr)) return;
    seen.add(expr);
    if (expr.kind === "load" || expr.kind === "index") add(expr.index);
    if (expr.kind === "scalar") expr.inputs.forEach(walk);
    if (expr.kind === "guard") {
      expr.bounds.forEach((bound) => add(bound.index));
      walk(expr.inside);
      walk(expr.outside);
    }
  };
  roots.forEach(walk);
  return [...found.values()];
}

/**
 * Simplifies the space of `groups` of axes (numbered on through the groups) in which `indices` are evaluated. Axes of
 * the groups in `whole` are not split.
 */
export function simplifySpace(
  groups: readonly (readonly number[])[],
  indices: readonly Index[],
  whole: readonly number[] = [],
): Space {
  const original = groups.flatMap((sizes, group) => sizes.map((size) => ({ size, group })));
  let axes: readonly Axis[] = original.filter(({ size }) => size !== 1);
  let next = 0;
  let coordinates: readonly Index[] = original.map(({ size }) => coordinate(size === 1 ? 0 : next++, size));
  let current = indices.map((index) => substitute(index, coordinates));
  let divisions = countDivisions(current);

  const attempt = (changed: readonly Axis[], change: readonly Index[], limit: number): boolean => {
    const result = current.map((index) => substitute(index, change));
    const count = countDivisions(result);
    if (count > limit) return false;
    axes = changed;
    coordinates = coordinates.map((c) => substitute(c, change));
    current = result;
    divisions = count;
    return true;
  };
  const split = (axis: number, by: number): boolean => {
    const { size, group } = axes[axis]!;
    const changed = [...axes.slice(0, axis), { size: size / by, group }, { size: by, group }, ...axes.slice(axis + 1)];
    const at = (position: number): Index => coordinate(position, changed[position]!.size);
    const change = axes.map((_, position) =>
      position < axis ? at(position) : position > axis ? at(position + 1) : joined(at(axis), at(axis + 1), by)
    );
    return attempt(changed, change, divisions - 1);
  };
  const merge = (axis: number): boolean => {
    const [a, b] = [axes[axis]!, axes[axis + 1]!];
    if (a.group !== b.group) return false;
    const changed = [...axes.slice(0, axis), { size: a.size * b.size, group: a.group }, ...axes.slice(axis + 2)];
    const at = (position: number): Index => coordinate(position, changed[position]!.size);
    const change = axes.map((_, position) =>
      position < axis
        ? at(position)
        : position === axis
        ? divIndex(at(axis), b.size)
        : position === axis + 1
        ? modIndex(at(axis), b.size)
        : at(position - 1)
    );
    return attempt(changed, change, divisions);
  };

  let improved = divisions > 0;
  while (improved) {
    improved = axes.some(({ size, group }, axis) =>
      !whole.includes(group) && splitCandidates(current, axis, size).some((by) => split(axis, by))
    );
  }
  for (let axis = 0; axis < axes.length - 1;) if (!merge(axis)) axis++;
  return { axes, coordinates };
}

/** `high * by + low`, as an index. */
function joined(high: Index, low: Index, by: number): Index {
  const terms = [...high.terms.map((term) => ({ ...term, coefficient: term.coefficient * by })), ...low.terms];
  return { terms: terms.sort((x, y) => x.key < y.key ? -1 : 1), offset: 0 };
}

function countDivisions(indices: readonly Index[]): number {
  const seen = new Set<string>();
  const walk = (index: Index): void => {
    for (const { atom, key } of index.terms) {
      if (atom.kind === "coord") continue;
      seen.add(key);
      walk(atom.of);
    }
  };
  indices.forEach(walk);
  return seen.size;
}

/** Sizes of an inner part of `axis` at which some division cuts it. */
function splitCandidates(indices: readonly Index[], axis: number, size: number): readonly number[] {
  const found = new Set<number>();
  const walk = (index: Index): void => {
    for (const { atom } of index.terms) {
      if (atom.kind === "coord") continue;
      for (const term of atom.of.terms) {
        if (term.atom.kind !== "coord" || term.atom.axis !== axis) continue;
        const by = atom.by / term.coefficient;
        if (Number.isInteger(by) && by > 1 && by < size && size % by === 0) found.add(by);
      }
      walk(atom.of);
    }
  };
  indices.forEach(walk);
  return [...found].sort((a, b) => a - b);
}

/** Rewrites expressions and stores for a simplified space; equal sub-expressions stay one object. */
export function rewriter(space: Space): {
  readonly index: (index: Index) => Index;
  readonly expr: (expr: Expr) => Expr;
  readonly store: (store: Store) => Store;
} {
  const known = new Map<Expr, Expr>();
  const index = (of: Index): Index => substitute(of, space.coordinates);
  const bound = (of: Bound): Bound => ({ ...of, index: index(of.index) });
  const expr = (of: Expr): Expr => {
    const done = known.get(of);
    if (done) return done;
    const result: Expr = of.kind === "load" || of.kind === "index"
      ? { ...of, index: index(of.index) }
      : of.kind === "scalar"
      ? { ...of, inputs: of.inputs.map(expr) }
      : of.kind === "guard"
      ? { ...of, bounds: of.bounds.map(bound), inside: expr(of.inside), outside: expr(of.outside) }
      : of;
    known.set(of, result);
    return result;
  };
  return { index, expr, store: (of) => ({ ...of, index: index(of.index), value: expr(of.value) }) };
}
