/**
 * Tensors in host memory: what goes into a program and what is read back from it.
 *
 * @module
 */

import { type Dtype, formatType, ShapeError, sizeOf, type Type } from "./graph/node.ts";

/** Elements in host memory, row by row. */
export type HostData = Float32Array | Int32Array | Uint32Array;

/**
 * A tensor that holds its elements, in row-major order.
 *
 * `f32` and `f16` elements are held as 32-bit floats (the device rounds to f16), `bool` as 0 and 1 in u32.
 */
export interface HostTensor extends Type {
  /** The elements: exactly as many as the shape says. */
  readonly data: HostData;
}

const arrays = {
  f32: Float32Array,
  f16: Float32Array,
  i32: Int32Array,
  u32: Uint32Array,
  bool: Uint32Array,
} as const satisfies Record<Dtype, unknown>;

function dtypeOf(data: HostData): Dtype {
  return data instanceof Float32Array ? "f32" : data instanceof Int32Array ? "i32" : "u32";
}

function checkType(operation: string, type: Type): void {
  if (!(Object.hasOwn(arrays, type.dtype))) {
    throw new ShapeError(`${operation}: dtype ${type.dtype} is none of ${Object.keys(arrays).join(", ")}`);
  }
  if (!type.shape.every((size) => Number.isSafeInteger(size) && size >= 0) || !Number.isSafeInteger(sizeOf(type))) {
    throw new ShapeError(`${operation}: ${formatType(type)} is no shape: sizes are whole numbers, 0 or more`);
  }
}

/**
 * Wraps elements as a tensor. The array is kept, not copied.
 *
 * @param data The elements in row-major order.
 * @param shape Sizes, outermost first; by default one axis over all elements.
 * @param dtype Element type; by default the one of the array (`f32`, `i32` or `u32`).
 * @returns The tensor.
 * @throws {ShapeError} when the number of elements is not that of the shape, or the array cannot hold the dtype.
 *
 * @example
 * ```ts
 * import { hostTensor } from "@sentinel/seven/engine";
 *
 * const matrix = hostTensor(new Float32Array([1, 2, 3, 4, 5, 6]), [2, 3]);
 * ```
 */
export function hostTensor(
  data: HostData,
  shape: readonly number[] = [data.length],
  dtype: Dtype = dtypeOf(data),
): HostTensor {
  const type = { shape, dtype };
  checkType("hostTensor", type);
  if (!(data instanceof arrays[dtype])) {
    throw new ShapeError(
      `hostTensor: ${formatType(type)} is held in a ${arrays[dtype].name}, not in a ${data.constructor.name}`,
    );
  }
  if (data.length !== sizeOf(type)) {
    throw new ShapeError(
      `hostTensor: ${formatType(type)} has ${sizeOf(type)} elements, but the array has ${data.length}`,
    );
  }
  return { shape, dtype, data };
}

/**
 * A tensor of zeros.
 *
 * @param type Shape and element type.
 * @returns The tensor.
 * @throws {ShapeError} when the type is none.
 */
export function zeros(type: Type): HostTensor {
  checkType("zeros", type);
  return { shape: type.shape, dtype: type.dtype, data: new arrays[type.dtype](sizeOf(type)) };
}

/**
 * A tensor with one value everywhere. Integer types take whole numbers of their range only: a typed array would wrap
 * anything else silently.
 *
 * @param type Shape and element type.
 * @param value The value of every element; for `bool` 0 or 1.
 * @returns The tensor.
 * @throws {ShapeError} when the type is none, or cannot hold the value.
 */
export function filled(type: Type, value: number): HostTensor {
  const tensor = zeros(type);
  const { dtype } = type;
  const probe = new arrays[dtype]([value])[0];
  const holds = dtype === "f32" || dtype === "f16" || (dtype === "bool" ? value === 0 || value === 1 : probe === value);
  if (!holds) throw new ShapeError(`filled: ${dtype} cannot hold ${value}`);
  tensor.data.fill(value);
  return tensor;
}
