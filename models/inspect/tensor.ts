/**
 * Statistics of one tensor.
 *
 * @module
 */
import type { HostTensor } from "../../engine/mod.ts";

/** How many there are, and how many of them are zero as a whole. */
export interface ZeroCount {
  /** All. */
  readonly count: number;
  /** Those that hold nothing but zeros. */
  readonly zero: number;
}

/** Groups of m neighbours along the last axis, against a pattern n:m. */
export interface PatternCount {
  /** Groups; the last of a row may be shorter. */
  readonly groups: number;
  /** Groups with more than n elements that are not zero: 0 for a matrix that has the pattern. */
  readonly violations: number;
}

/** What the elements of a tensor are like. */
export interface TensorStatistics {
  /** Sizes, outermost first. */
  readonly shape: readonly number[];
  /** Elements. */
  readonly elements: number;
  /** Elements that are 0 or -0. */
  readonly zeros: number;
  /** Share of elements that are not zero; 1 of an empty tensor. */
  readonly density: number;
  /** Least finite element; 0 where there is none. */
  readonly min: number;
  /** Greatest finite element; 0 where there is none. */
  readonly max: number;
  /** Mean of the magnitudes of finite elements, zeros included; 0 where there is none. */
  readonly meanMagnitude: number;
  /** Least magnitude of the finite elements that are not zero; 0 where there is none. */
  readonly leastMagnitude: number;
  /** Elements that are NaN or infinite. */
  readonly nonFinite: number;
  /** Rows of a matrix `[out, in]`. */
  readonly rows?: ZeroCount;
  /** Columns of a matrix. */
  readonly columns?: ZeroCount;
  /** Agreement of a matrix with each pattern, by its name `n:m`. */
  readonly patterns?: Readonly<Record<string, PatternCount>>;
}

/** Statistics of a tensor; what concerns rows, columns and neighbours only of matrices. */
export function tensorStatistics(
  tensor: HostTensor,
  patterns: readonly (readonly [n: number, m: number])[],
): TensorStatistics {
  const { shape, data } = tensor;
  let zeros = 0, nonFinite = 0, sum = 0, min = Infinity, max = -Infinity, least = Infinity;
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (value - value !== 0) { // NaN and infinities, in one test
      nonFinite++;
      continue;
    }
    if (value < min) min = value;
    if (value > max) max = value;
    const magnitude = Math.abs(value);
    if (magnitude === 0) zeros++;
    else if (magnitude < least) least = magnitude;
    sum += magnitude;
  }
  const finite = data.length - nonFinite;
  return {
    shape,
    elements: data.length,
    zeros,
    density: data.length === 0 ? 1 : 1 - zeros / data.length,
    min: finite ? min + 0 : 0, // + 0: no -0
    max: finite ? max + 0 : 0,
    meanMagnitude: finite ? sum / finite : 0,
    leastMagnitude: Number.isFinite(least) ? least : 0,
    nonFinite,
    ...(shape.length === 2 ? matrixStatistics(tensor, patterns) : {}),
  };
}

function matrixStatistics(
  { shape, data }: HostTensor,
  patterns: readonly (readonly [n: number, m: number])[],
): Required<Pick<TensorStatistics, "rows" | "columns" | "patterns">> {
  const [rows, columns] = shape as [number, number];
  let zeroRows = 0;
  const used = new Uint8Array(columns);
  for (let row = 0; row < rows; row++) {
    let any = 0;
    for (let column = 0, i = row * columns; column < columns; column++, i++) {
      if (data[i] !== 0) any = used[column] = 1;
    }
    zeroRows += 1 - any;
  }
  return {
    rows: { count: rows, zero: zeroRows },
    columns: { count: columns, zero: used.reduce((zero, flag) => zero + 1 - flag, 0) },
    patterns: Object.fromEntries(
      patterns.map(([n, m]) => [`${n}:${m}`, countPattern(data, rows, columns, n, m)]),
    ),
  };
}

function countPattern(data: HostTensor["data"], rows: number, columns: number, n: number, m: number): PatternCount {
  let violations = 0;
  for (let row = 0; row < rows; row++) {
    for (let start = 0; start < columns; start += m) {
      const end = row * columns + Math.min(columns, start + m);
      let kept = 0;
      for (let i = row * columns + start; i < end; i++) if (data[i] !== 0) kept++;
      if (kept > n) violations++;
    }
  }
  return { groups: rows * Math.ceil(columns / m), violations };
}
