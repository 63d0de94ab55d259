/**
 * Rows of PNG samples as red, green and blue.
 *
 * @module
 */

/** How the pixels of a PNG file are stored. */
export interface Layout {
  /** Bits per sample. */
  readonly depth: number;
  /** Colour type: 0 grey, 2 colour, 3 palette, 4 grey with alpha, 6 colour with alpha. */
  readonly colour: number;
  /** Samples per pixel. */
  readonly samples: number;
  /** Three bytes per number of a colour; a number beyond it is black. */
  readonly palette: Uint8Array;
}

/**
 * Writes one row of pixels.
 *
 * @param row The samples, unfiltered.
 * @param layout How they are stored.
 * @param count Pixels of the row.
 * @param out Red, green and blue of the picture.
 * @param start Where the first pixel goes.
 * @param stride Bytes from one pixel to the next.
 */
export function unpackRow(
  row: Uint8Array,
  layout: Layout,
  count: number,
  out: Uint8Array,
  start: number,
  stride: number,
): void {
  const { depth, colour, samples, palette } = layout;
  const bytes = depth === 16 ? 2 : 1; // the first byte of a sample is its upper one
  const brightest = 2 ** Math.min(depth, 8) - 1;
  for (let i = 0, to = start; i < count; i++, to += stride) {
    let first: number;
    if (depth >= 8) first = row[i * samples * bytes];
    else {
      const bit = i * depth;
      first = (row[bit >> 3] >> (8 - depth - (bit & 7))) & brightest;
    }
    if (colour === 3) {
      for (let c = 0; c < 3; c++) out[to + c] = palette[3 * first + c] ?? 0;
    } else if (colour === 0 || colour === 4) {
      out[to] = out[to + 1] = out[to + 2] = first * 255 / brightest;
    } else {
      out[to] = first;
      out[to + 1] = row[(i * samples + 1) * bytes];
      out[to + 2] = row[(i * samples + 2) * bytes];
    }
  }
}
