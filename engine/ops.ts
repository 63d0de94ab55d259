/**
 * What users call to build tensors: arithmetic with NumPy broadcasting, shapes, reductions. Operands may be numbers.
 * Layers and losses made of these are in `nn/`.
 *
 * @module
 */
import {
  apply,
  type Dtype,
  formatType,
  type Primitive,
  sameShape,
  ShapeError,
  sizeOf,
  type Tensor,
  type Type,
} from "./graph/node.ts";
import { isFloat, scalarOps } from "./graph/scalar_ops.ts";
import { matmulOp } from "./graph/contract_ops.ts";
import { gatherOp, scatterAddOp } from "./graph/index_ops.ts";
import { constantTensor, iotaOp, literalOp } from "./graph/leaf_ops.ts";
import {
  broadcastOp,
  concatOp,
  maxOp,
  minOp,
  padOp,
  permuteOp,
  reshapeOp,
  sliceOp,
  sumOp,
} from "./graph/tensor_ops.ts";
import "./graph/simplify.ts";

/** A tensor, or a number that takes the element type and shape of the operand beside it. */
export type Operand = Tensor | number;

/** A tensor that has `value` everywhere. */
export function constant(value: number, shape: readonly number[] = [], dtype: Dtype = "f32"): Tensor {
  return constantTensor(value, { shape, dtype });
}

/** A tensor of data known now; it becomes part of the program. The array is not copied: do not change it. */
export function literal(
  data: Float32Array | Int32Array | Uint32Array,
  shape: readonly number[] = [data.length],
): Tensor {
  const dtype: Dtype = data instanceof Float32Array ? "f32" : data instanceof Int32Array ? "i32" : "u32";
  if (sizeOf({ shape }) !== data.length) {
    throw new ShapeError(`literal: ${data.length} elements do not fill [${shape.join()}]; give a shape of that size`);
  }
  return apply(literalOp, [], { shape: [...shape], dtype }, data);
}

/** Coordinates along `axis`: element (..., i, ...) is i. */
export function iota(shape: readonly number[], axis = 0, dtype: Dtype = "u32"): Tensor {
  return apply(iotaOp, [], { shape: [...shape], axis, dtype });
}

/** Zeros of the type of `like`. */
export function zerosLike(like: Type): Tensor {
  return constantTensor(0, like);
}

/** Repeats `x` to `shape`; its axes are the last ones of `shape`, sizes equal or 1. */
export function broadcastTo(x: Operand, shape: readonly number[], dtype: Dtype = "f32"): Tensor {
  if (typeof x === "number") return constant(x, shape, dtype);
  if (sameShape(x.shape, shape)) return x;
  if (x.shape.length > shape.length) {
    throw new ShapeError(
      `broadcastTo: ${formatType(x)} has more axes than [${shape.join()}]; reduce or reshape it first`,
    );
  }
  const first = shape.length - x.shape.length;
  return apply(broadcastOp, [x], { shape: [...shape], axes: x.shape.map((_, axis) => first + axis) });
}

/** The shape that operands broadcast to. @throws {ShapeError} naming the operation and the shapes. */
function commonShape(name: string, operands: readonly Tensor[]): number[] {
  const rank = Math.max(...operands.map((x) => x.shape.length));
  const shape = new Array<number>(rank).fill(1);
  for (const x of operands) {
    x.shape.forEach((size, i) => {
      const axis = rank - x.shape.length + i;
      if (size === 1 || size === shape[axis]) return;
      if (shape[axis] !== 1) {
        throw new ShapeError(
          `${name}: shapes do not broadcast, ${operands.map(formatType).join(" with ")}; ` +
            "sizes of the same axis, counted from the last, must be equal or 1",
        );
      }
      shape[axis] = size;
    });
  }
  return shape;
}

function elementwise(op: Primitive, operands: readonly Operand[]): Tensor {
  const tensors = operands.filter((x): x is Tensor => typeof x !== "number");
  const like = op === scalarOps.select ? tensors.find((x, i) => i > 0 || x.dtype !== "bool") ?? tensors[0] : tensors[0];
  if (!like) throw new ShapeError(`${op.name}: at least one operand must be a tensor; use constant(value)`);
  const shape = commonShape(op.name, tensors);
  const dtype = op === scalarOps.select && like.dtype === "bool" ? "f32" : like.dtype;
  return apply(op, operands.map((x) => broadcastTo(x, shape, dtype)));
}

const unary = (name: string) => (x: Tensor): Tensor => apply(scalarOps[name]!, [x]);
const binary = (name: string) => (a: Operand, b: Operand): Tensor => elementwise(scalarOps[name]!, [a, b]);

/** `-x` */
export const neg: (x: Tensor) => Tensor = unary("neg");
/** `|x|` */
export const abs: (x: Tensor) => Tensor = unary("abs");
/** -1, 0 or 1. No gradient. */
export const sign: (x: Tensor) => Tensor = unary("sign");
/** Greatest integer not above x. No gradient. */
export const floor: (x: Tensor) => Tensor = unary("floor");
/** e to the power x. */
export const exp: (x: Tensor) => Tensor = unary("exp");
/** Natural logarithm. */
export const log: (x: Tensor) => Tensor = unary("log");
/** Square root. */
export const sqrt: (x: Tensor) => Tensor = unary("sqrt");
/** `1 / sqrt(x)` */
export const rsqrt: (x: Tensor) => Tensor = unary("rsqrt");
/** Sine. */
export const sin: (x: Tensor) => Tensor = unary("sin");
/** Cosine. */
export const cos: (x: Tensor) => Tensor = unary("cos");
/** Hyperbolic tangent. */
export const tanh: (x: Tensor) => Tensor = unary("tanh");
/** Error function. */
export const erf: (x: Tensor) => Tensor = unary("erf");
/** Logical or bitwise not. */
export const not: (x: Tensor) => Tensor = unary("not");
/** False for infinities and NaN. */
export const isFinite: (x: Tensor) => Tensor = unary("isFinite");
/** True for NaN. */
export const isNaN: (x: Tensor) => Tensor = unary("isNaN");
/** `a + b` */
export const add: (a: Operand, b: Operand) => Tensor = binary("add");
/** `a - b` */
export const sub: (a: Operand, b: Operand) => Tensor = binary("sub");
/** `a * b` */
export const mul: (a: Operand, b: Operand) => Tensor = binary("mul");
/** `a / b`; integers truncate. */
export const div: (a: Operand, b: Operand) => Tensor = binary("div");
/** Integer remainder. */
export const rem: (a: Operand, b: Operand) => Tensor = binary("rem");
/** The greater of two. Where equal, the gradient goes to `a`. */
export const maximum: (a: Operand, b: Operand) => Tensor = binary("max");
/** The smaller of two. Where equal, the gradient goes to `a`. */
export const minimum: (a: Operand, b: Operand) => Tensor = binary("min");
/** `a == b`, as bool. */
export const equal: (a: Operand, b: Operand) => Tensor = binary("equal");
/** `a != b`, as bool. */
export const notEqual: (a: Operand, b: Operand) => Tensor = binary("notEqual");
/** `a < b`, as bool. */
export const less: (a: Operand, b: Operand) => Tensor = binary("less");
/** `a <= b`, as bool. */
export const lessEqual: (a: Operand, b: Operand) => Tensor = binary("lessEqual");
/** `a > b`, as bool. */
export const greater = (a: Operand, b: Operand): Tensor => less(b, a);
/** `a >= b`, as bool. */
export const greaterEqual = (a: Operand, b: Operand): Tensor => lessEqual(b, a);
/** Logical or bitwise and. */
export const and: (a: Operand, b: Operand) => Tensor = binary("and");
/** Logical or bitwise or. */
export const or: (a: Operand, b: Operand) => Tensor = binary("or");
/** Logical or bitwise exclusive or. */
export const xor: (a: Operand, b: Operand) => Tensor = binary("xor");
/** `a << b` of u32, b below 32. */
export const shiftLeft: (a: Operand, b: Operand) => Tensor = binary("shiftLeft");
/** `a >> b` of u32, b below 32. */
export const shiftRight: (a: Operand, b: Operand) => Tensor = binary("shiftRight");

/** `condition ? a : b`, element by element. */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  return elementwise(scalarOps.select!, [condition, a, b]);
}

/** `x` as another element type: floats to integers truncate, bool is 0 or 1, anything not 0 is true. */
export function cast(x: Tensor, dtype: Dtype): Tensor {
  return apply(scalarOps.cast!, [x], { dtype });
}

/** The same 32 bits read as another type. */
export function bitcast(x: Tensor, dtype: Dtype): Tensor {
  return apply(scalarOps.bitcast!, [x], { dtype });
}

/** `x * x` */
export function square(x: Tensor): Tensor {
  return mul(x, x);
}

/** Another shape over the same elements in row-major order; one size may be -1. */
export function reshape(x: Tensor, shape: readonly number[]): Tensor {
  const open = shape.indexOf(-1);
  if (open < 0) return apply(reshapeOp, [x], { shape: [...shape] });
  const others = shape.reduce((product, size, axis) => axis === open ? product : product * size, 1);
  return apply(reshapeOp, [x], { shape: shape.map((size, axis) => axis === open ? sizeOf(x) / others : size) });
}

/** Reorders axes: axis i of the result is axis `axes[i]` of `x`. */
export function permute(x: Tensor, axes: readonly number[]): Tensor {
  return apply(permuteOp, [x], { axes: [...axes] });
}

/** Swaps the last two axes. */
export function transpose(x: Tensor): Tensor {
  const axes = x.shape.map((_, axis) => axis);
  axes.push(...axes.splice(-2).reverse());
  return permute(x, axes);
}

/** Axis number, negative from the last. @throws {ShapeError} when `x` has no such axis. */
function axisOf(name: string, x: Tensor, axis: number): number {
  const at = axis < 0 ? x.shape.length + axis : axis;
  if (!(Number.isInteger(at) && at >= 0 && at < x.shape.length)) {
    throw new ShapeError(`${name}: axis ${axis} of ${formatType(x)}; name an axis of the operand`);
  }
  return at;
}

/** Elements `start..stop` (excluding `stop`, negative from the end) by `step` along `axis` (negative from the last). */
export function slice(x: Tensor, axis: number, start: number, stop?: number, step = 1): Tensor {
  const along = axisOf("slice", x, axis);
  const from = (value: number) => value < 0 ? x.shape[along]! + value : value;
  return apply(sliceOp, [x], {
    start: x.shape.map((_, i) => i === along ? from(start) : 0),
    stop: x.shape.map((size, i) => i === along && stop !== undefined ? from(stop) : size),
    step: x.shape.map((_, i) => i === along ? step : 1),
  });
}

/** Element `index` (negative from the end) along `axis` (negative from the last), which disappears. */
export function take(x: Tensor, axis: number, index: number): Tensor {
  const along = axisOf("take", x, axis);
  const at = index < 0 ? x.shape[along]! + index : index;
  return reshape(slice(x, along, at, at + 1), x.shape.filter((_, i) => i !== along));
}

/** `low` elements of `value` before and `high` after `x` along `axis` (negative from the last). */
export function pad(x: Tensor, axis: number, low: number, high: number, value = 0): Tensor {
  const along = axisOf("pad", x, axis);
  const at = (count: number) => x.shape.map((_, i) => i === along ? count : 0);
  return apply(padOp, [x], { low: at(low), high: at(high), value });
}

/** Tensors one after the other along `axis` (negative from the last). */
export function concat(tensors: readonly Tensor[], axis: number): Tensor {
  if (!tensors.length) throw new ShapeError("concat: there is no operand; give at least one tensor");
  const along = axisOf("concat", tensors[0]!, axis);
  return tensors.length === 1 ? tensors[0]! : apply(concatOp, tensors, { axis: along });
}

/** Axes of a reduction and whether they stay with size 1. */
export interface ReduceOptions {
  /** Keep reduced axes with size 1. */
  readonly keep?: boolean;
}

const reduction =
  (op: Primitive) => (x: Tensor, axes?: number | readonly number[], options: ReduceOptions = {}): Tensor => {
    const list = (axes === undefined ? x.shape.map((_, axis) => axis) : typeof axes === "number" ? [axes] : axes)
      .map((axis) => axis < 0 ? x.shape.length + axis : axis);
    const sorted = [...new Set(list)].sort((a, b) => a - b);
    const reduced = sorted.length ? apply(op, [x], { axes: sorted }) : x;
    return options.keep ? reshape(reduced, x.shape.map((size, axis) => sorted.includes(axis) ? 1 : size)) : reduced;
  };

/** Sum over `axes` (all by default; negative from the last). */
export const sum: (x: Tensor, axes?: number | readonly number[], options?: ReduceOptions) => Tensor = reduction(sumOp);
/** Greatest over `axes` (all by default). */
export const max: (x: Tensor, axes?: number | readonly number[], options?: ReduceOptions) => Tensor = reduction(maxOp);
/** Smallest over `axes` (all by default). */
export const min: (x: Tensor, axes?: number | readonly number[], options?: ReduceOptions) => Tensor = reduction(minOp);

/** Mean over `axes` (all by default). */
export function mean(x: Tensor, axes?: number | readonly number[], options: ReduceOptions = {}): Tensor {
  const total = sum(x, axes, options);
  return mul(total, sizeOf(total) / sizeOf(x));
}

/** Index of the first greatest element along the last axis, u32. */
export function argmax(x: Tensor): Tensor {
  const last = x.shape.length - 1;
  const attained = equal(x, max(x, last, { keep: true }));
  return min(where(attained, iota(x.shape, last), constant(x.shape[last]! - 1, x.shape, "u32")), last);
}

/** Matrix product over the last two axes; leading axes broadcast. A right operand of rank 2 serves all rows of the left. */
export function matmul(a: Tensor, b: Tensor): Tensor {
  if (a.shape.length < 2 || b.shape.length < 2) {
    throw new ShapeError(
      `matmul: ${formatType(a)} x ${formatType(b)}; both need at least two axes, reshape vectors first`,
    );
  }
  if (b.shape.length === 2 && a.shape.length > 2) {
    const flat = apply(matmulOp, [reshape(a, [-1, a.shape.at(-1)!]), b]);
    return reshape(flat, [...a.shape.slice(0, -1), b.shape[1]!]);
  }
  const batchOf = (x: Tensor): Tensor => ({ ...x, shape: x.shape.slice(0, -2) });
  const batch = commonShape("matmul", [batchOf(a), batchOf(b)]);
  return apply(matmulOp, [
    broadcastTo(a, [...batch, ...a.shape.slice(-2)], a.dtype),
    broadcastTo(b, [...batch, ...b.shape.slice(-2)], b.dtype),
  ]);
}

/** Rows of `table [v, ...rest]` by `ids [...n]`: `[...n, ...rest]`. An id outside the table gives zeros. */
export function gather(table: Tensor, ids: Tensor): Tensor {
  return apply(gatherOp, [table, ids]);
}

/** Sums `updates [...n, ...rest]` into the rows named by `ids [...n]` of a zero `[rows, ...rest]`; repeatable. */
export function scatterAdd(ids: Tensor, updates: Tensor, rows: number): Tensor {
  return apply(scatterAddOp, [ids, updates], { rows });
}

/** Packs bool `[...]` into u32 words of 32 flags, `[ceil(n / 32)]`, first flag in the lowest bit. */
export function packBits(flags: Tensor): Tensor {
  const n = sizeOf(flags);
  const words = Math.ceil(n / 32);
  const bits = reshape(pad(cast(reshape(flags, [n]), "u32"), 0, 0, words * 32 - n), [words, 32]);
  return sum(shiftLeft(bits, iota([words, 32], 1)), 1);
}

/** Flags of `shape` from the words that {@linkcode packBits} made. */
export function unpackBits(words: Tensor, shape: readonly number[]): Tensor {
  const n = sizeOf({ shape });
  const spread = broadcastTo(reshape(words, [-1, 1]), [words.shape[0]!, 32]);
  const bits = and(shiftRight(spread, iota([words.shape[0]!, 32], 1)), 1);
  return notEqual(reshape(slice(reshape(bits, [-1]), 0, 0, n), shape), 0);
}

/** True for floating element types. */
export { isFloat };
