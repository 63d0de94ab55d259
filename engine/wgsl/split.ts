/**
 * Splitting a kernel where an argument is larger than one binding may span: the iteration space is halved until every
 * part touches a slice of each argument that fits, and each part is a kernel of its own over shifted coordinates.
 *
 * Ranges of indices decide, so any map is split that walks its arguments in blocks: flat ones along their only axis,
 * transposes along two. Reductions are split along their outer axes; each row or column then is folded as before.
 * Halves begin at multiples of 64 where axes are long, so most slices begin where their part does, and parts of equal
 * size share one text.
 *
 * Parts run one after the other. That is safe in place too: an argument that is updated is read and written at equal
 * indices, by one part.
 *
 * @module
 */
import { Expressions } from "../compile/expr.ts";
import { coordinate, type Index, offsetIndex, rangeOf, substitute } from "../compile/index.ts";
import {
  type Expr,
  expressionsOf,
  type MapKernel,
  type ReduceKernel,
  type Store,
  visitExpr,
} from "../compile/kernel.ts";
import { powerAbove, SLICE_ALIGNMENT, type Target } from "./target.ts";

/** A kernel that can be split. */
export type Splittable = MapKernel | ReduceKernel;

/** Elements `first .. first + count - 1` of an argument. */
export interface Slice {
  /** A multiple of {@linkcode SLICE_ALIGNMENT}. */
  readonly first: number;
  readonly count: number;
}

/** A part of a kernel: its arguments are the slices. */
export interface KernelPart<K extends Splittable> {
  readonly kernel: K;
  /** Slices by position of the argument. */
  readonly slices: readonly Slice[];
}

/** Start and size of each axis. */
type Box = readonly { readonly start: number; readonly size: number }[];

/** Parts beyond which a kernel counts as one that cannot be split. */
const MOST_PARTS = 1024;
/** Bytes of a stored element. */
const ELEMENT = 4;

/** Parts whose arguments fit `target.bindingBytes`; `undefined` where all do, or no halving makes them. */
export function splitKernel<K extends Splittable>(kernel: K, target: Target): readonly KernelPart<K>[] | undefined {
  if (kernel.args.every(({ length }) => length * ELEMENT <= target.bindingBytes)) return undefined;
  const sizes = kernel.kind === "map" ? kernel.dims : [...kernel.outer, ...kernel.inner];
  const splittable = kernel.kind === "map" ? sizes.length : kernel.outer.length;
  const accesses = accessesOf(kernel);
  const excess = (box: Box): number =>
    slicesOf(kernel, accesses, box)
      .reduce((sum, { count }) => sum + Math.max(0, count * ELEMENT - target.bindingBytes), 0);

  const boxes: Box[] = [];
  const waiting: Box[] = [sizes.map((size) => ({ start: 0, size }))];
  while (waiting.length > 0) {
    const box = waiting.pop()!;
    let least = excess(box);
    if (least === 0) {
      boxes.push(box);
      continue;
    }
    let best: readonly [Box, Box] | undefined;
    for (let axis = 0; axis < splittable; axis++) {
      if (box[axis]!.size < 2) continue;
      const halves = halve(box, axis);
      const left = Math.max(...halves.map(excess));
      if (left < least) [least, best] = [left, halves];
    }
    if (!best || boxes.length + waiting.length >= MOST_PARTS) return undefined;
    waiting.push(best[1], best[0]);
  }
  return boxes.map((box) => partOf(kernel, box, slicesOf(kernel, accesses, box)));
}

/** Two boxes, the first no smaller than the second. */
function halve(box: Box, axis: number): readonly [Box, Box] {
  const { start, size } = box[axis]!, half = Math.ceil(size / 2);
  const first = size > 2 * SLICE_ALIGNMENT ? Math.ceil(half / SLICE_ALIGNMENT) * SLICE_ALIGNMENT : powerAbove(half);
  const kept = Math.min(first, size - 1);
  return [box.with(axis, { start, size: kept }), box.with(axis, { start: start + kept, size: size - kept })];
}

/** Indices at which each argument is read or written. */
function accessesOf(kernel: Splittable): readonly (readonly Index[])[] {
  const accesses: Index[][] = kernel.args.map(() => []);
  visitExpr(expressionsOf(kernel), (expr) => {
    if (expr.kind === "load") accesses[expr.arg]!.push(expr.index);
  });
  for (const { arg, index } of kernel.stores) accesses[arg]!.push(index);
  return accesses;
}

/** What a box touches of each argument, from an aligned element on. Indices outside of an argument are under guards. */
function slicesOf(kernel: Splittable, accesses: readonly (readonly Index[])[], box: Box): readonly Slice[] {
  const place = coordinatesOf(box);
  return kernel.args.map(({ length }, arg) => {
    let low = length, high = -1;
    for (const index of accesses[arg]!) {
      const [least, greatest] = rangeOf(substitute(index, place));
      if (greatest < 0 || least >= length) continue;
      low = Math.min(low, Math.max(0, least));
      high = Math.max(high, Math.min(length - 1, greatest));
    }
    const first = high < 0 ? 0 : Math.floor(low / SLICE_ALIGNMENT) * SLICE_ALIGNMENT;
    // Whole quads, where the argument consists of such: accesses by four stay what they are.
    const count = Math.min(Math.ceil((Math.max(0, high) + 1 - first) / 4) * 4, length - first);
    return { first, count };
  });
}

const coordinatesOf = (box: Box): readonly Index[] =>
  box.map(({ start, size }, axis) => offsetIndex(coordinate(axis, size), start));

/** The kernel over a box. */
function partOf<K extends Splittable>(kernel: K, box: Box, slices: readonly Slice[]): KernelPart<K> {
  const place = coordinatesOf(box), expressions = new Expressions(), memo = new Map<Expr, Expr>();
  const moved = (index: Index): Index => substitute(index, place);
  const within = (arg: number, index: Index): Index => offsetIndex(index, -slices[arg]!.first);
  const rewrite = (expr: Expr): Expr =>
    expressions.rewrite(expr, moved, (arg, index, dtype) => expressions.load(arg, within(arg, index), dtype), memo);
  const stores: readonly Store[] = kernel.stores.map((store) => ({
    ...store,
    index: within(store.arg, moved(store.index)),
    value: rewrite(store.value),
  }));
  const sizes = box.map(({ size }) => size);
  const args = kernel.args.map((arg, position) => ({ ...arg, length: slices[position]!.count }));
  const common = { ...kernel, args, stores };
  const part: Splittable = common.kind === "map" ? { ...common, dims: sizes } : {
    ...common,
    outer: sizes.slice(0, common.outer.length),
    inner: sizes.slice(common.outer.length),
    stages: common.stages.map((stage) => ({ ...stage, value: rewrite(stage.value) })),
  };
  return { kernel: part as K, slices };
}
