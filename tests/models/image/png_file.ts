/** Writes PNG files of any kind, for reading them back. */

import { crc32 } from "node:zlib";

/** What to write. */
export interface PngOptions {
  readonly width: number;
  readonly height: number;
  /** Colour type: 0, 2, 3, 4 or 6. */
  readonly colour: number;
  readonly depth: number;
  readonly interlaced?: boolean;
  /** Filter of row `y` of a pass. */
  readonly filter?: (y: number) => number;
  readonly palette?: Uint8Array;
  /** Sample `s` of the pixel at row `y`, column `x`. */
  readonly sample: (y: number, x: number, s: number) => number;
}

const passes = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];

/** Samples per pixel of a colour type. */
export const samplesOf = (colour: number): number => [1, 0, 3, 1, 2, 0, 4][colour]!;

/** A chunk with its length and checksum. */
export function chunk(type: string, data: Uint8Array): Uint8Array {
  const out = new Uint8Array(12 + data.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, data.length);
  out.set(new TextEncoder().encode(type), 4);
  out.set(data, 8);
  view.setUint32(8 + data.length, crc32(out.subarray(4, 8 + data.length)));
  return out;
}

/** Puts bytes one after the other. */
export function join(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

const paeth = (a: number, b: number, c: number): number => {
  const p = a + b - c;
  const [da, db, dc] = [Math.abs(p - a), Math.abs(p - b), Math.abs(p - c)];
  return da <= db && da <= dc ? a : db <= dc ? b : c;
};

async function deflate(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([new Uint8Array(bytes)]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The header chunk alone, with any sizes. */
export function header(width: number, height: number, depth: number, colour: number, interlace = 0): Uint8Array {
  const data = new Uint8Array(13);
  const view = new DataView(data.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  data.set([depth, colour, 0, 0, interlace], 8);
  return chunk("IHDR", data);
}

/** First bytes of every PNG file. */
export const signature: Uint8Array = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** A whole file. */
export async function pngFile(options: PngOptions): Promise<Uint8Array> {
  const { width, height, colour, depth, interlaced = false, filter = () => 0, palette, sample } = options;
  const samples = samplesOf(colour);
  const step = Math.max(1, samples * depth / 8);
  const rows: Uint8Array[] = [];
  for (const [x0, y0, dx, dy] of interlaced ? passes : [[0, 0, 1, 1]]) {
    let above: Uint8Array | undefined;
    for (let y = y0!, line = 0; y < height; y += dy!, line++) {
      const values: number[] = [];
      for (let x = x0!; x < width; x += dx!) for (let s = 0; s < samples; s++) values.push(sample(y, x, s));
      if (values.length === 0) continue;
      const row = new Uint8Array(Math.ceil(values.length * depth / 8));
      values.forEach((value, i) => {
        if (depth === 16) row.set([value >> 8, value & 255], 2 * i);
        else row[i * depth >> 3]! |= value << (8 - depth - (i * depth & 7));
      });
      const type = filter(line);
      const out = new Uint8Array(1 + row.length);
      out[0] = type;
      row.forEach((byte, i) => {
        const [a, b, c] = [row[i - step] ?? 0, above?.[i] ?? 0, (i >= step ? above?.[i - step] : 0) ?? 0];
        out[1 + i] = byte - [0, a, b, (a + b) >> 1, paeth(a, b, c)][type]!;
      });
      rows.push(out);
      above = row;
    }
  }
  const packed = await deflate(join(rows));
  const half = packed.length >> 1; // two chunks, as encoders make them
  return join([
    signature,
    header(width, height, depth, colour, interlaced ? 1 : 0),
    ...(palette ? [chunk("PLTE", palette)] : []),
    chunk("IDAT", packed.subarray(0, half)),
    chunk("IDAT", packed.subarray(half)),
    chunk("IEND", new Uint8Array(0)),
  ]);
}
