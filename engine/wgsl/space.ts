/**
 * Iteration spaces: how a kernel's axes follow from the few variables of a thread.
 *
 * A thread owns one flat position, or four neighbouring ones along the last axis (the *lanes* of a vec4). Instead of
 * reasoning about strides, the axes are written as indices over the thread's variables, one set per lane, and the
 * index algebra does the rest: an access is a vec4 load exactly when its lanes come out as `4 q, 4 q + 1, ...`.
 *
 * @module
 */
import {
  type Bound,
  coordinate,
  delinearize,
  type Index,
  offsetIndex,
  scaleIndex,
  strideAlong,
} from "../compile/index.ts";
import { type Expr, visitExpr } from "../compile/kernel.ts";

/** All indices that expressions use: of loads, of bounds and as values. */
export function indicesOf(exprs: readonly Expr[]): readonly Index[] {
  const found: Index[] = [];
  visitExpr(exprs, (expr) => {
    if (expr.kind === "load" || expr.kind === "index") found.push(expr.index);
    else if (expr.kind === "guard") expr.bounds.forEach((bound: Bound) => found.push(bound.index));
  });
  return found;
}

/** Consecutive axes that every index walks as if they were one. */
export interface Merged {
  /** Sizes of the merged axes. */
  readonly dims: readonly number[];
  /** The original coordinates, given the merged ones. */
  readonly split: (coordinates: readonly Index[]) => readonly Index[];
}

/** Merges neighbouring axes of `dims`, numbered from `first`, wherever no index can tell them apart. */
export function mergeAxes(dims: readonly number[], first: number, indices: readonly Index[]): Merged {
  const groups: number[][] = [];
  let previous = -1; // the last axis that has more than one coordinate
  dims.forEach((size, axis) => {
    const joins = size === 1 || previous < 0 || indices.every((index) => {
      const inner = strideAlong(index, first + axis), outer = strideAlong(index, first + previous);
      return inner !== undefined && outer === size * inner;
    });
    if (joins && groups.length > 0) groups.at(-1)!.push(size);
    else groups.push([size]);
    if (size !== 1) previous = axis;
  });
  return {
    dims: groups.map(volume),
    split: (coordinates) => groups.flatMap((sizes, group) => delinearize(coordinates[group]!, sizes)),
  };
}

/** Product of sizes. */
export function volume(dims: readonly number[]): number {
  return dims.reduce((product, size) => product * size, 1);
}

/**
 * The coordinates over `dims` of flat position `flat`, for each of `width` lanes: lane `l` is the element
 * `width * flat + l`. The last axis must be divisible by the width.
 */
export function lanesOf(flat: Index, dims: readonly number[], width: number): readonly (readonly Index[])[] {
  if (width === 1) return [delinearize(flat, dims)];
  const last = dims.length - 1;
  const coordinates = delinearize(flat, [...dims.slice(0, last), dims[last]! / width]);
  return Array.from(
    { length: width },
    (_, lane) => coordinates.map((index, axis) => axis === last ? offsetIndex(scaleIndex(index, width), lane) : index),
  );
}

/** Variables of a thread: each has a name, and an axis number by which indices refer to it. */
export class Variables {
  /** Names and levels, by axis number. */
  readonly list: { readonly name: string; readonly level: number }[] = [];

  /** Declares variable `name`, with values `0 .. size - 1`, known from `level` on; returns it as an index. */
  add(name: string, level: number, size: number): Index {
    this.list.push({ name, level });
    return coordinate(this.list.length - 1, size);
  }
}
