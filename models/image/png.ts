/**
 * PNG files (ISO/IEC 15948): all colour types, depths and interlacing, over the platform's own inflate.
 *
 * Browsers decode PNG as well, but hand out pixels that were multiplied by their alpha, and Deno has no way to the pixels
 * of a bitmap other than a PNG file.
 *
 * @module
 */
import { DataError } from "../data/error.ts";
import { checkPixels, type Picture } from "./picture.ts";
import { type Layout, unpackRow } from "./png_pixels.ts";

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** True for bytes that begin as a PNG file does. */
export function isPng(bytes: Uint8Array): boolean {
  return signature.every((byte, i) => bytes[i] === byte);
}

/** Samples per pixel, and the depths that are allowed, by colour type. */
const colourTypes: Readonly<Record<number, { readonly samples: number; readonly depths: readonly number[] }>> = {
  0: { samples: 1, depths: [1, 2, 4, 8, 16] },
  2: { samples: 3, depths: [8, 16] },
  3: { samples: 1, depths: [1, 2, 4, 8] },
  4: { samples: 2, depths: [8, 16] },
  6: { samples: 4, depths: [8, 16] },
};

/** The seven passes of Adam7: first column, first row, and steps. */
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

interface Header extends Layout {
  readonly width: number;
  readonly height: number;
  readonly interlaced: boolean;
}

interface Chunks {
  readonly header: Header;
  readonly packed: readonly Uint8Array[];
}

function readHeader(view: DataView, start: number, label: string): Omit<Header, "palette"> {
  const [width, height] = [view.getUint32(start), view.getUint32(start + 4)];
  const [depth, colour, compression, filter, interlace] = [8, 9, 10, 11, 12].map((i) => view.getUint8(start + i));
  const type = colourTypes[colour];
  if (!type || !type.depths.includes(depth) || compression !== 0 || filter !== 0 || interlace > 1) {
    throw new DataError(
      `${label}: colour type ${colour}, depth ${depth}, compression ${compression}, filter ${filter} and interlace ` +
        `${interlace} are no PNG; fetch the file again`,
    );
  }
  return { width, height, depth, colour, samples: type.samples, interlaced: interlace === 1 };
}

function readChunks(bytes: Uint8Array, limit: number, label: string): Chunks {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let header: Omit<Header, "palette"> | undefined;
  let palette: Uint8Array | undefined;
  const packed: Uint8Array[] = [];
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (length > bytes.length - at - 12) {
      throw new DataError(`${label}: the PNG is cut off in its chunk ${JSON.stringify(type)}; fetch the file again`);
    }
    const data = bytes.subarray(at + 8, at + 8 + length);
    if (!header && (type !== "IHDR" || length !== 13)) {
      throw new DataError(`${label}: the PNG does not begin with a header; fetch the file again`);
    }
    if (type === "IHDR") {
      header = readHeader(view, at + 8, label);
      checkPixels(header.width, header.height, limit, label);
    } else if (type === "PLTE") palette = data;
    else if (type === "IDAT") packed.push(data);
    else if (type === "IEND") break;
    at += 12 + length;
  }
  if (!header) throw new DataError(`${label}: the PNG is cut off before its header ends; fetch the file again`);
  if (header.colour === 3 && !palette) {
    throw new DataError(`${label}: the PNG has colours by number but no palette; fetch the file again`);
  }
  return { header: { ...header, palette: palette ?? new Uint8Array(0) }, packed };
}

/** Unpacks exactly `length` bytes; what a file packs beyond them is never looked at. */
async function inflate(packed: readonly Uint8Array[], length: number, label: string): Promise<Uint8Array> {
  const out = new Uint8Array(length);
  let filled = 0;
  try {
    // Copies, because a Blob takes bytes in memory of their own.
    const blob = new Blob(packed.map((part) => new Uint8Array(part)));
    for await (const chunk of blob.stream().pipeThrough(new DecompressionStream("deflate"))) {
      const part = chunk.subarray(0, length - filled);
      out.set(part, filled);
      filled += part.length;
      if (filled === length) return out;
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DataError(`${label}: the pixels of the PNG are corrupt (${reason}); fetch the file again`, {
      cause: error,
    });
  }
  throw new DataError(`${label}: the PNG has ${filled} of ${length} bytes of pixels; fetch the file again`);
}

/** Undoes the filter of one row in place; `above` is the row before, already undone. */
function unfilter(type: number, row: Uint8Array, above: Uint8Array, step: number, label: string): void {
  for (let i = 0; i < row.length; i++) {
    const left = i >= step ? row[i - step] : 0;
    const up = above[i];
    switch (type) {
      case 0:
        return;
      case 1:
        row[i] += left;
        break;
      case 2:
        row[i] += up;
        break;
      case 3:
        row[i] += (left + up) >> 1;
        break;
      case 4: {
        const corner = i >= step ? above[i - step] : 0;
        const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
        row[i] += a <= b && a <= c ? left : b <= c ? up : corner;
        break;
      }
      default:
        throw new DataError(`${label}: a row of the PNG has the filter ${type}, not 0 to 4; fetch the file again`);
    }
  }
}

/**
 * Decodes a PNG file. Alpha is dropped, as PIL's `convert("RGB")` drops it; of samples of 16 bits the upper 8 stay (for
 * grey ones PIL clips instead, which makes nearly every pixel white); grey pixels become equal channels; EXIF
 * orientation is not applied.
 *
 * @param bytes The file.
 * @param limit Most pixels.
 * @param label Its name, for errors.
 * @returns The picture.
 * @throws {DataError} when it is no PNG, is cut off or corrupt, or claims more pixels than the limit.
 */
export async function decodePng(bytes: Uint8Array, limit: number, label: string): Promise<Picture> {
  if (!isPng(bytes)) throw new DataError(`${label}: does not begin as a PNG file does; fetch the file again`);
  const { header, packed } = readChunks(bytes, limit, label);
  const { width, height, samples, depth } = header;
  const passes = (header.interlaced ? adam7 : [[0, 0, 1, 1]] as const)
    .map(([x0, y0, dx, dy]) => {
      const across = Math.max(0, Math.ceil((width - x0) / dx));
      const down = across === 0 ? 0 : Math.max(0, Math.ceil((height - y0) / dy));
      return { x0, y0, dx, dy, across, down, bytes: Math.ceil(across * samples * depth / 8) };
    });
  const raw = await inflate(packed, passes.reduce((sum, { down, bytes }) => sum + down * (1 + bytes), 0), label);
  const data = new Uint8Array(3 * width * height);
  const step = Math.max(1, samples * depth / 8);
  let at = 0;
  for (const { x0, y0, dx, dy, across, down, bytes } of passes) {
    let above = new Uint8Array(bytes);
    for (let y = 0; y < down; y++) {
      const row = raw.subarray(at + 1, at + 1 + bytes);
      unfilter(raw[at], row, above, step, label);
      unpackRow(row, header, across, data, 3 * ((y0 + y * dy) * width + x0), 3 * dx);
      above = row as Uint8Array<ArrayBuffer>;
      at += 1 + bytes;
    }
  }
  return { width, height, channels: 3, data };
}
