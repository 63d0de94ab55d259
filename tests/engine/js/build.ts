/** Short ways to write kernels by hand, and generators of random ones. */
import fc from "fast-check";
import {
  addIndex,
  type Bound,
  constantIndex,
  coordinate,
  delinearize,
  type Index,
  linearize,
  offsetIndex,
  rangeOf,
} from "../../../engine/compile/index.ts";
import type { Access, Argument, Expr, Store } from "../../../engine/compile/kernel.ts";
import type { Dtype } from "../../../engine/graph/node.ts";
import { scalarOps } from "../../../engine/graph/scalar_ops.ts";

export const load = (arg: number, index: Index, dtype: Dtype = "f32"): Expr => ({ kind: "load", arg, index, dtype });
export const constant = (value: number, dtype: Dtype = "f32"): Expr => ({ kind: "constant", value, dtype });
export const stage = (number: number, dtype: Dtype = "f32"): Expr => ({ kind: "stage", stage: number, dtype });
export const accumulator: Expr = { kind: "accumulator", dtype: "f32" };
export const store = (arg: number, index: Index, value: Expr, level: "outer" | "full" = "full"): Store => ({
  arg,
  index,
  value,
  level,
});

/** A scalar operation; the result has the type of the last operand unless given. */
export function scalar(name: string, inputs: readonly Expr[], dtype: Dtype = inputs.at(-1)!.dtype): Expr {
  const params = name === "cast" || name === "bitcast" ? { dtype } : {};
  return { kind: "scalar", op: scalarOps[name]!, inputs, params, dtype };
}

export const guard = (bounds: readonly Bound[], inside: Expr, outside: Expr): Expr => ({
  kind: "guard",
  bounds,
  inside,
  outside,
  dtype: inside.dtype,
});

/** An argument; its buffer number is its position. */
export const arg = (length: number, access: Access = "read", dtype: Argument["dtype"] = "f32"): Argument => ({
  buffer: 0,
  access,
  dtype,
  length,
});

/** Coordinates of a space. */
export const coordinatesOf = (dims: readonly number[]): readonly Index[] =>
  dims.map((size, axis) => coordinate(axis, size));

/** Row-major position in a space of given size. */
export const rowMajor = (dims: readonly number[]): Index => linearize(coordinatesOf(dims), dims);

export const sizeOf = (dims: readonly number[]): number => dims.reduce((product, size) => product * size, 1);

/** Deterministic noise in -1 .. 1. */
export function noise(length: number, seed = 1): Float32Array<ArrayBuffer> {
  let state = seed * 2654435761 >>> 0;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** A load of some view (permuted, reshaped, broadcast, shifted) of an argument at the points of a space. */
export function anyIndex(dims: readonly number[]): fc.Arbitrary<{ readonly index: Index; readonly length: number }> {
  const axes = coordinatesOf(dims);
  const order = fc.shuffledSubarray(axes.map((_, axis) => axis), { minLength: 0, maxLength: axes.length });
  return fc.tuple(order, fc.nat(3), fc.nat(2)).map(([kept, offset, reshape]) => {
    let sizes = kept.map((axis) => dims[axis]!);
    let index = linearize(kept.map((axis) => axes[axis]!), sizes);
    // Reading the permuted tensor through another shape leaves divisions and remainders.
    if (reshape > 0 && sizes.length > 1) {
      const turned = [...sizes.slice(reshape), ...sizes.slice(0, reshape)];
      const at = delinearize(index, turned);
      sizes = [...turned].reverse();
      index = linearize([...at].reverse(), sizes);
    }
    index = offsetIndex(index, offset);
    return { index, length: rangeOf(index)[1] + 1 };
  });
}

/** A guard that keeps a shifted read inside its tensor. */
export function shifted(argument: number, index: Index, length: number, by: number): Expr {
  const moved = offsetIndex(index, -by);
  return guard([{ index: moved, low: 0, high: length }], load(argument, moved), constant(0.5));
}

/** Sum of indices, for short texts in tests. */
export const sum = (...indices: readonly Index[]): Index => indices.reduce(addIndex, constantIndex(0));

/** A random f32 value over loads of arguments `first`, `first + 1`, ... at the points of a space. */
export function anyValue(
  dims: readonly number[],
  first: number,
  leaves: readonly Expr[] = [],
): fc.Arbitrary<{ readonly value: Expr; readonly lengths: readonly number[] }> {
  const loads = fc.array(fc.tuple(anyIndex(dims), fc.nat(3)), { minLength: 1, maxLength: 3 });
  const steps = fc.array(fc.tuple(fc.nat(7), fc.nat(99), fc.nat(99)), { maxLength: 8 });
  return fc.tuple(loads, steps).map(([found, operations]) => {
    const values: Expr[] = [...leaves, constant(0.25)];
    found.forEach(([{ index, length }, by], number) => {
      values.push(by === 0 ? load(first + number, index) : shifted(first + number, index, length, by));
    });
    for (const [operation, left, right] of operations) {
      const a = values[values.length - 1 - left % values.length]!, b = values[right % values.length]!;
      const half = scalar("mul", [a, constant(0.5)]);
      values.push(
        [
          () => scalar("add", [a, b]),
          () => scalar("mul", [half, b]),
          () => scalar("max", [a, b]),
          () => scalar("exp", [scalar("neg", [scalar("mul", [half, half])])]),
          () => scalar("tanh", [a]),
          () => scalar("select", [scalar("less", [a, b], "bool"), a, half]),
          () => scalar("erf", [half]),
          () => scalar("sub", [half, b]),
        ][operation]!(),
      );
    }
    return { value: values.at(-1)!, lengths: found.map(([{ length }]) => length) };
  });
}
