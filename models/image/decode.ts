/**
 * Files of pictures to pixels.
 *
 * @module
 */
import { DataError } from "../data/error.ts";
import { decodeBitmap } from "./bitmap.ts";
import { decodeJpeg } from "./jpeg.ts";
import { isJpeg } from "./jpeg_header.ts";
import { checkPixels, defaultPixelLimit, type Picture } from "./picture.ts";
import { decodePng, isPng } from "./png.ts";

/** Size in the header of a format that the platform decodes; nothing where the bytes are of no such format. */
function claimedSize(bytes: Uint8Array, label: string): readonly [width: number, height: number] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = (at: number, length: number) => String.fromCharCode(...bytes.subarray(at, at + length));
  const u24 = (at: number) => view.getUint16(at, true) | view.getUint8(at + 2) << 16;
  try {
    if (text(0, 4) === "GIF8") return [view.getUint16(6, true), view.getUint16(8, true)];
    if (text(0, 2) === "BM") return [Math.abs(view.getInt32(18, true)), Math.abs(view.getInt32(22, true))];
    if (text(0, 4) !== "RIFF" || text(8, 4) !== "WEBP") return undefined;
    switch (text(12, 4)) {
      case "VP8 ":
        return [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
      case "VP8L": {
        const bits = view.getUint32(21, true);
        return [(bits & 0x3fff) + 1, (bits >>> 14 & 0x3fff) + 1];
      }
      case "VP8X":
        return [u24(24) + 1, u24(27) + 1];
    }
    throw new RangeError("no such kind of WebP");
  } catch (error) {
    throw new DataError(`${label}: the header of the picture is cut off or damaged; fetch the file again`, {
      cause: error,
    });
  }
}

/**
 * Decodes a PNG, JPEG, WebP, GIF or BMP file, recognised by its first bytes and not by its name.
 *
 * PNG, JPEG and lossless files give the bytes of PIL's `Image.open(...).convert("RGB")`: alpha is dropped, not
 * composited; grey becomes three equal channels; of an animation the first frame counts. EXIF orientation is not
 * applied, as the image processors of Hugging Face do not apply it.
 *
 * @param bytes The file.
 * @param label Its name, for errors.
 * @param pixelLimit Most pixels that its header may claim; 89 million.
 * @returns The picture.
 * @throws {DataError} when it is no such file, is cut off or corrupt, or is larger than the limit.
 */
export async function decodeImage(
  bytes: Uint8Array,
  label: string,
  pixelLimit: number = defaultPixelLimit,
): Promise<Picture> {
  if (isPng(bytes)) return await decodePng(bytes, pixelLimit, label);
  if (isJpeg(bytes)) return await decodeJpeg(bytes, pixelLimit, label);
  const size = claimedSize(bytes, label);
  if (!size) throw new DataError(`${label}: is no PNG, JPEG, WebP, GIF or BMP file; convert it, or leave it out`);
  checkPixels(...size, pixelLimit, label);
  return await decodeBitmap(bytes, pixelLimit, label);
}
