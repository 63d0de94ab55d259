/**
 * What structural primitives are, and the plain loops that their reference meaning is written in.
 *
 * @module
 */
import { product } from "../shape.ts";
import { type Primitive, ShapeError, sizeOf, type Tensor, type Type } from "./node.ts";

/** A value in the oracle: every element as f64 (integers exact, booleans 0 or 1), row-major. */
export type Values = Float64Array;

/** A primitive that is not elementwise. */
export interface StructuralPrimitive extends Primitive {
  /** Reference meaning: operands and result as f64, row-major. */
  evaluate(inputs: readonly Values[], node: Tensor): Values;
  /** Opaque kernels: types of the scratch buffers they need. */
  scratch?(node: Tensor): readonly Type[];
}

/** Raises the error of an operation: what is wrong, and the remedy. */
export function fail(op: string, problem: string, remedy: string): never {
  throw new ShapeError(`${op}: ${problem}; ${remedy}`);
}

/** Calls `visit(linear, coordinates)` for every element of `shape` in row-major order. */
export function forEach(shape: readonly number[], visit: (linear: number, at: readonly number[]) => void): void {
  const count = product(shape);
  const at = new Array<number>(shape.length).fill(0);
  for (let linear = 0; linear < count; linear++) {
    visit(linear, at);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++at[axis]! < shape[axis]!) break;
      at[axis] = 0;
    }
  }
}

/** Fills the result of `node` element by element. */
export function tabulate(node: Tensor, value: (at: readonly number[], linear: number) => number): Values {
  const out = new Float64Array(sizeOf(node));
  forEach(node.shape, (linear, at) => out[linear] = value(at, linear));
  return out;
}

/** Sum of products of coordinates and steps. */
export const dot = (at: readonly number[], steps: readonly number[]): number => {
  let sum = 0;
  for (let axis = 0; axis < steps.length; axis++) sum += at[axis]! * steps[axis]!;
  return sum;
};
