/**
 * The marker segments of a JPEG file (ITU T.81, annex B): how large the picture is, and whether the file is whole.
 *
 * @module
 */
import { DataError } from "../data/error.ts";

/** What a JPEG file says of itself. */
export interface JpegHeader {
  /** Pixels per row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Components: 1 grey, 3 colour, 4 CMYK. */
  readonly components: number;
}

/** True for bytes that begin as a JPEG file does. */
export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

/** Start of frame, with the exception of the numbers that mean tables. */
const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;

/** Position of the next marker in or after entropy-coded data; the length of the file where there is none. */
function nextMarker(bytes: Uint8Array, start: number): number {
  let at = start;
  for (; at + 1 < bytes.length; at++) {
    if (bytes[at] !== 0xff) continue;
    const marker = bytes[at + 1];
    if (marker !== 0 && marker !== 0xff && !(marker >= 0xd0 && marker <= 0xd7)) return at;
  }
  return bytes.length;
}

/**
 * Walks through all segments to the end of the image. A decoder would fill what is missing with grey and say nothing;
 * PIL refuses files that are cut off, and so does this.
 *
 * @param bytes The file.
 * @param label Its name, for errors.
 * @returns The size of the picture.
 * @throws {DataError} when the file is cut off, or is no JPEG.
 */
export function jpegHeader(bytes: Uint8Array, label: string): JpegHeader {
  const cut = () => new DataError(`${label}: the JPEG is cut off after ${bytes.length} bytes; fetch the file again`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let header: JpegHeader | undefined;
  let scans = 0;
  for (let at = 2; at + 1 < bytes.length;) {
    if (bytes[at] !== 0xff) {
      throw new DataError(`${label}: the JPEG has no marker at byte ${at}; fetch the file again`);
    }
    const marker = bytes[at + 1];
    if (marker === 0xff) { // padding
      at++;
      continue;
    }
    if (marker === 0xd9) {
      if (!header || scans === 0) throw new DataError(`${label}: the JPEG has no picture in it; fetch the file again`);
      return header;
    }
    if (marker === 0x01 || marker >= 0xd0 && marker <= 0xd8) { // alone, without a segment
      at += 2;
      continue;
    }
    if (at + 4 > bytes.length) throw cut();
    const length = view.getUint16(at + 2);
    if (at + 2 + length > bytes.length) throw cut();
    if (isFrame(marker)) {
      if (length < 8 || header) throw new DataError(`${label}: the JPEG's frame is damaged; fetch the file again`);
      header = { height: view.getUint16(at + 5), width: view.getUint16(at + 7), components: bytes[at + 9] };
    }
    at += 2 + length;
    if (marker === 0xda) {
      scans++;
      at = nextMarker(bytes, at);
    }
  }
  throw cut();
}
