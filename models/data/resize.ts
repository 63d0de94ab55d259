/**
 * Bilinear resizing as PIL does it: where an image shrinks, the triangle widens to cover all source pixels.
 *
 * @module
 */

/** Per output position: where its source pixels begin, and their weights. */
interface Taps {
  readonly first: Int32Array;
  readonly weights: readonly Float64Array[];
}

function triangleTaps(from: number, to: number): Taps {
  const scale = from / to;
  const support = Math.max(scale, 1);
  const first = new Int32Array(to);
  const weights: Float64Array[] = [];
  for (let i = 0; i < to; i++) {
    const center = (i + 0.5) * scale;
    const begin = Math.max(Math.floor(center - support + 0.5), 0);
    const end = Math.min(Math.floor(center + support + 0.5), from);
    const row = new Float64Array(end - begin);
    let sum = 0;
    for (let j = begin; j < end; j++) sum += row[j - begin] = Math.max(0, 1 - Math.abs(j + 0.5 - center) / support);
    first[i] = begin;
    weights.push(row.map((weight) => weight / sum));
  }
  return { first, weights };
}

/** Resizes the rows of a plane to the length of `taps`, rounding to bytes as PIL does between the passes. */
function resizeRows(plane: Uint8Array, height: number, width: number, taps: Taps): Uint8Array {
  const { first, weights } = taps;
  const out = new Uint8Array(height * first.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < first.length; x++) {
      const row = weights[x];
      const base = y * width + first[x];
      let sum = 0.5;
      for (let j = 0; j < row.length; j++) sum += row[j] * plane[base + j];
      out[y * first.length + x] = sum;
    }
  }
  return out;
}

function transpose(plane: Uint8Array, height: number, width: number): Uint8Array {
  const out = new Uint8Array(plane.length);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) out[x * height + y] = plane[y * width + x];
  return out;
}

/**
 * Resizes planes of bytes, each by itself.
 *
 * @param planes Planes of `height` rows of `width` pixels, one after the other.
 * @param from Height and width now.
 * @param to Height and width wanted.
 * @returns The resized planes.
 */
export function resizeBilinear(
  planes: Uint8Array,
  from: readonly [height: number, width: number],
  to: readonly [height: number, width: number],
): Uint8Array {
  const columns = triangleTaps(from[1], to[1]);
  const rows = triangleTaps(from[0], to[0]);
  const size = from[0] * from[1];
  const count = size === 0 ? 0 : planes.length / size;
  const out = new Uint8Array(count * to[0] * to[1]);
  for (let i = 0; i < count; i++) {
    const wide = resizeRows(planes.subarray(i * size, (i + 1) * size), from[0], from[1], columns);
    const tall = resizeRows(transpose(wide, from[0], to[1]), to[1], from[0], rows);
    out.set(transpose(tall, to[1], to[0]), i * to[0] * to[1]);
  }
  return out;
}
