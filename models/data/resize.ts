/**
 * Resizing as PIL does it: where a picture shrinks, the filter widens to cover all source pixels. The weights are whole
 * numbers of 22 bits and each pass rounds to bytes, as in Pillow's `Resample.c`, so the bytes are Pillow's: those of
 * Pillow 13, which takes columns first where the height loses more than twice the pixels that the width loses. Before
 * it, rows always came first, which changes a byte by 1 here and there.
 *
 * @module
 */
import { DataError } from "./error.ts";

/** How resized pixels are interpolated. */
export type ResizeFilter = "nearest" | "bilinear" | "bicubic";

/** Filters by the number that PIL and `preprocessor_config.json` give them. */
export const filters: Readonly<Record<number, ResizeFilter>> = { 0: "nearest", 2: "bilinear", 3: "bicubic" };

/** Height and width of planes. */
export type PlaneSize = readonly [height: number, width: number];

/** Bits of a weight after the point. */
const precision = 22;
const half = 1 << (precision - 1);

interface Kernel {
  /** Reach to either side, in source pixels of a picture that grows. */
  readonly support: number;
  weight(distance: number): number;
}

const kernels: Readonly<Record<Exclude<ResizeFilter, "nearest">, Kernel>> = {
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  // Keys' cubic with a = -1/2.
  bicubic: {
    support: 2,
    weight: (distance) => {
      const x = Math.abs(distance);
      if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
    },
  },
};

/** Per output position: the first of its source pixels, how many there are, and their weights, `stride` apart. */
interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly weights: Int32Array;
  readonly stride: number;
}

function tapsOf(from: number, to: number, { support: reach, weight }: Kernel): Taps {
  const scale = from / to;
  const widening = Math.max(scale, 1);
  const support = reach * widening;
  const stride = 2 * Math.ceil(support) + 1;
  const first = new Int32Array(to);
  const count = new Int32Array(to);
  const weights = new Int32Array(to * stride);
  const row = new Float64Array(stride);
  for (let i = 0; i < to; i++) {
    const center = (i + 0.5) * scale;
    const begin = Math.max(Math.trunc(center - support + 0.5), 0);
    const length = Math.min(Math.trunc(center + support + 0.5), from) - begin;
    let sum = 0;
    for (let j = 0; j < length; j++) sum += row[j] = weight((j + begin - center + 0.5) * (1 / widening));
    first[i] = begin;
    count[i] = length;
    for (let j = 0; j < length; j++) {
      const share = (sum === 0 ? row[j] : row[j] / sum) * 2 ** precision;
      weights[i * stride + j] = share < 0 ? share - 0.5 : share + 0.5;
    }
  }
  return { first, count, weights, stride };
}

/** Resizes each row; `out` clamps to bytes. */
function resizeRows(plane: Uint8Array, width: number, taps: Taps, out: Uint8ClampedArray): void {
  const { first, count, weights, stride } = taps;
  const to = first.length;
  for (let base = 0, at = 0; at < out.length; base += width, at += to) {
    for (let x = 0; x < to; x++) {
      const start = base + first[x];
      const offset = x * stride;
      let sum = half;
      for (let j = 0, n = count[x]; j < n; j++) sum = (sum + Math.imul(weights[offset + j], plane[start + j])) | 0;
      out[at + x] = sum >> precision;
    }
  }
}

/** Resizes each column, row by row: whole rows are added up, which reads memory in order. */
function resizeColumns(plane: Uint8Array, width: number, taps: Taps, out: Uint8ClampedArray): void {
  const { first, count, weights, stride } = taps;
  const sums = new Int32Array(width);
  for (let y = 0; y < first.length; y++) {
    sums.fill(half);
    for (let j = 0; j < count[y]; j++) {
      const weight = weights[y * stride + j];
      const base = (first[y] + j) * width;
      for (let x = 0; x < width; x++) sums[x] = (sums[x] + Math.imul(weight, plane[base + x])) | 0;
    }
    for (let x = 0; x < width; x++) out[y * width + x] = sums[x] >> precision;
  }
}

/** Source positions of the nearest filter. The step is added up, not multiplied: PIL does so, and its rounding shows. */
function nearestOf(from: number, to: number): Int32Array {
  const step = from / to;
  const positions = new Int32Array(to);
  for (let i = 0, position = step * 0.5; i < to; i++, position += step) positions[i] = Math.min(position, from - 1);
  return positions;
}

function resizeNearest(plane: Uint8Array, from: PlaneSize, to: PlaneSize, out: Uint8ClampedArray): void {
  const rows = nearestOf(from[0], to[0]);
  const columns = nearestOf(from[1], to[1]);
  let at = 0;
  for (const y of rows) for (const x of columns) out[at++] = plane[y * from[1] + x];
}

/**
 * Resizes planes of bytes, each by itself.
 *
 * @param planes Planes of `height` rows of `width` pixels, one after the other.
 * @param from Height and width now.
 * @param to Height and width wanted.
 * @param filter How to interpolate.
 * @returns The resized planes; `planes` itself where the size stays.
 * @throws {DataError} when a size is not a whole number, 1 or more, or the planes are not of size `from`.
 */
export function resize(planes: Uint8Array, from: PlaneSize, to: PlaneSize, filter: ResizeFilter): Uint8Array {
  const size = from[0] * from[1];
  if ([...from, ...to].some((side) => !Number.isSafeInteger(side) || side < 1) || planes.length % size !== 0) {
    throw new DataError(
      `resize: ${planes.length} bytes from ${from.join(" x ")} to ${to.join(" x ")}; use whole planes and sizes`,
    );
  }
  if (from[0] === to[0] && from[1] === to[1]) return planes;
  const count = planes.length / size;
  const out = new Uint8ClampedArray(count * to[0] * to[1]);
  const [tall, wide] = filter === "nearest"
    ? []
    : [tapsOf(from[0], to[0], kernels[filter]), tapsOf(from[1], to[1], kernels[filter])];
  const columnsFirst = from[0] - to[0] > 2 * Math.max(0, from[1] - to[1]);
  const middle: PlaneSize = columnsFirst ? [to[0], from[1]] : [from[0], to[1]];
  const between = new Uint8ClampedArray(middle[0] * middle[1]);
  const view = new Uint8Array(between.buffer);
  for (let i = 0; i < count; i++) {
    const plane = planes.subarray(i * size, (i + 1) * size);
    const at = i * to[0] * to[1];
    const target = out.subarray(at, at + to[0] * to[1]);
    if (!tall || !wide) resizeNearest(plane, from, to, target);
    // With one side as it is, its pass would change nothing.
    else if (from[0] === to[0]) resizeRows(plane, from[1], wide, target);
    else if (from[1] === to[1]) resizeColumns(plane, to[1], tall, target);
    else if (columnsFirst) {
      resizeColumns(plane, from[1], tall, between);
      resizeRows(view, from[1], wide, target);
    } else {
      resizeRows(plane, from[1], wide, between);
      resizeColumns(view, to[1], tall, target);
    }
  }
  return new Uint8Array(out.buffer);
}
