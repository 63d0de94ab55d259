/**
 * Cutting groups of rows or columns out of tensors.
 *
 * @module
 */
import type { HostTensor } from "../../engine/mod.ts";
import type { GroupPart } from "../network.ts";

/** Name of the vector of biases that goes with a matrix. */
export function biasOf(weight: string): string {
  return weight.replace(/\.weight$/, ".bias");
}

/**
 * A tensor without the rows or columns of some groups.
 *
 * @param tensor The matrix, or the vector of biases that goes with its rows.
 * @param part Which rows or columns are whose.
 * @param removed Numbers of the groups that go.
 * @returns A new tensor.
 */
export function withoutGroups(
  { shape, dtype, data }: HostTensor,
  part: GroupPart,
  removed: readonly number[],
): HostTensor {
  const { axis, size, start = 0 } = part;
  const gone = new Set(removed.flatMap((group) => Array.from({ length: size }, (_, i) => start + group * size + i)));
  const kept = Array.from({ length: shape[axis]! }, (_, i) => i).filter((i) => !gone.has(i));
  const columns = shape[1] ?? 1;
  const width = axis === 1 ? kept.length : columns;
  const rows = axis === 0 ? kept : Array.from({ length: shape[0]! }, (_, row) => row);
  const cut = data.slice(0, rows.length * width);
  rows.forEach((row, to) => {
    if (axis === 0) cut.set(data.subarray(row * columns, (row + 1) * columns) as never, to * width);
    else kept.forEach((column, i) => cut[to * width + i] = data[row * columns + column]!);
  });
  return { shape: shape.map((length, along) => along === axis ? kept.length : length), dtype, data: cut };
}

/**
 * A vector of biases with what some columns of its matrix add when their inputs are constant.
 *
 * @param bias f32 `[out]`.
 * @param weight f32 `[out, in]`.
 * @param inputs Constant inputs by number of the column.
 * @returns A new vector; sums are taken in f64 and rounded once.
 */
export function foldColumns(bias: HostTensor, weight: HostTensor, inputs: ReadonlyMap<number, number>): HostTensor {
  const columns = weight.shape[1]!;
  const data = Float32Array.from(bias.data, (value, row) => {
    let sum = value;
    for (const [column, input] of inputs) sum += weight.data[row * columns + column]! * input;
    return sum;
  });
  return { shape: bias.shape, dtype: bias.dtype, data };
}
