/**
 * A decoded picture, and how large one may be.
 *
 * @module
 */
import { DataError } from "../data/error.ts";

/** A picture: three bytes per pixel, red, green, blue, row by row from the top. */
export interface Picture {
  /** Pixels per row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Bytes per pixel. */
  readonly channels: 3;
  /** The pixels: `3 * width * height` bytes. */
  readonly data: Uint8Array;
}

/** Most pixels of a picture unless told otherwise: where PIL begins to suspect a bomb. */
export const defaultPixelLimit = 89_478_485;

/**
 * Refuses the size that a header claims, before anything of that size is reserved.
 *
 * @param width Pixels per row.
 * @param height Rows.
 * @param limit Most pixels.
 * @param label Name of the file, for errors.
 * @throws {DataError} when there is no pixel, or there are more than the limit.
 */
export function checkPixels(width: number, height: number, limit: number, label: string): void {
  if (width < 1 || height < 1) throw new DataError(`${label}: the picture is ${width} x ${height}; fetch it again`);
  if (width * height > limit) {
    throw new DataError(
      `${label}: the picture is ${width} x ${height}, more than ${limit} pixels; make it smaller or raise the limit`,
    );
  }
}

/**
 * Takes the colours of pixels of four bytes. What is transparent keeps the colour that it has: PIL's `convert("RGB")`
 * does so too.
 *
 * @param rgba Four bytes per pixel.
 * @param width Pixels per row.
 * @param height Rows.
 * @returns The picture.
 */
export function dropAlpha(rgba: ArrayLike<number>, width: number, height: number): Picture {
  const data = new Uint8Array(3 * width * height);
  for (let from = 0, to = 0; to < data.length; from += 4, to += 3) {
    data[to] = rgba[from];
    data[to + 1] = rgba[from + 1];
    data[to + 2] = rgba[from + 2];
  }
  return { width, height, channels: 3, data };
}
