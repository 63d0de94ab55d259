/**
 * Sorting along the last axis: `sort`, `argsort`, `topk`.
 *
 * Stable: equal elements keep their order, and so do -0 and +0, which are equal. NaN comes last in either direction.
 * What is sorted are u32 keys that order as the elements do, so denormals keep their order on devices that flush them.
 *
 * @module
 */
import { apply, formatType, ShapeError, sizeOf, type Tensor } from "./graph/node.ts";
import { argsortOp } from "./graph/sort_ops.ts";
import { add, and, bitcast, constant, equal, gather, greater, iota, less, mul, not, or } from "./ops.ts";
import { reshape, slice, where, xor } from "./ops.ts";

const SIGN = 0x80000000;
const INFINITY_BITS = 0x7f800000;
const LAST = 0xffffffff;

/** How to sort. */
export interface SortOptions {
  /** Greatest first; false by default. NaN comes last all the same. */
  readonly descending?: boolean;
}

/** The greatest elements of each row and where they stand. */
export interface TopK {
  /** `[...rows, k]`, descending, of the type of the operand. */
  readonly values: Tensor;
  /** `[...rows, k]`, u32: positions in the row. */
  readonly indices: Tensor;
}

/**
 * u32 keys that order as f32 values do, -0 equal to +0; NaN apart, for it has no order. Works on the bits: denormals
 * keep their order on devices that flush them.
 */
export function orderOfFloats(x: Tensor): { readonly key: Tensor; readonly isNaN: Tensor } {
  const bits = bitcast(x, "u32");
  const magnitude = and(bits, SIGN - 1);
  const ordered = where(less(bits, constant(SIGN, [], "u32")), or(bits, SIGN), not(bits));
  const key = where(equal(magnitude, 0), constant(SIGN, x.shape, "u32"), ordered);
  return { key, isNaN: greater(magnitude, INFINITY_BITS) };
}

/**
 * Keys whose ascending order is the order asked for.
 *
 * @param x f32, i32 or u32.
 * @returns u32 of the same shape.
 * @throws {ShapeError} for other element types.
 */
export function sortKey(x: Tensor, { descending = false }: SortOptions = {}): Tensor {
  const turned = (key: Tensor): Tensor => descending ? not(key) : key;
  switch (x.dtype) {
    case "u32":
      return turned(x);
    case "i32":
      return turned(xor(bitcast(x, "u32"), constant(SIGN, x.shape, "u32")));
    case "f32": {
      const { key, isNaN } = orderOfFloats(x);
      return where(isNaN, constant(LAST, x.shape, "u32"), turned(key));
    }
    default:
      throw new ShapeError(`sort: takes f32, i32 or u32, got ${formatType(x)}; cast first`);
  }
}

function checkRows(name: string, x: Tensor): void {
  if (x.shape.length < 1) throw new ShapeError(`${name}: ${formatType(x)} has no axis to sort along; reshape it first`);
}

/**
 * Positions of the elements of each row in sorted order, u32 of the shape of `x`.
 *
 * @throws {ShapeError} for a tensor of rank 0 or of another type than f32, i32 and u32.
 */
export function argsort(x: Tensor, options: SortOptions = {}): Tensor {
  checkRows("argsort", x);
  return apply(argsortOp, [sortKey(x, options)]);
}

/**
 * Elements of each row by their positions in it: `x [...rows, n], indices [...rows, m] -> [...rows, m]`, 0 for a
 * position outside the row. The gradient adds into the elements taken.
 *
 * @throws {ShapeError} where the rows differ.
 */
export function takeAlongLast(x: Tensor, indices: Tensor): Tensor {
  checkRows("takeAlongLast", x);
  const n = x.shape.at(-1)!, rows = x.shape.slice(0, -1);
  if (indices.shape.length !== x.shape.length || rows.some((size, axis) => size !== indices.shape[axis])) {
    throw new ShapeError(
      `takeAlongLast: ${formatType(x)} by ${formatType(indices)}; all axes but the last must be the same`,
    );
  }
  const count = sizeOf({ shape: rows }), m = indices.shape.at(-1)!;
  const position = reshape(indices, [count, m]);
  const start = mul(iota([count, m], 0, indices.dtype), n);
  // Outside its row a position must not reach the next one: beyond the table gather gives zeros.
  const inside = less(bitcast(position, "u32"), constant(n, [count, m], "u32"));
  const flat = where(inside, add(start, position), constant(count * n, [count, m], indices.dtype));
  return reshape(gather(reshape(x, [count * n]), flat), [...rows, m]);
}

/**
 * Each row in sorted order. The gradient goes back to where the elements came from.
 *
 * @throws {ShapeError} for a tensor of rank 0 or of another type than f32, i32 and u32.
 */
export function sort(x: Tensor, options: SortOptions = {}): Tensor {
  return takeAlongLast(x, argsort(x, options));
}

/**
 * The `k` greatest elements of each row, greatest first, ties to the lower position, NaN last. `k` is a number known
 * when the step is built; for one that changes from step to step use the masks of `masks.ts`. Sorts whole rows: its
 * cost does not depend on `k`.
 *
 * @throws {ShapeError} when a row has fewer than `k` elements.
 */
export function topk(x: Tensor, k: number): TopK {
  checkRows("topk", x);
  const last = x.shape.length - 1;
  if (!(Number.isInteger(k) && k >= 0 && k <= x.shape[last]!)) {
    throw new ShapeError(`topk: ${k} of rows of ${formatType(x)}; k is a whole number, at most the length of a row`);
  }
  const indices = slice(argsort(x, { descending: true }), last, 0, k);
  return { values: takeAlongLast(x, indices), indices };
}
