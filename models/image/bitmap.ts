/**
 * The platform's own decoder: WebP, GIF and BMP, whose lossless pixels it gives as they are.
 *
 * @module
 */
import { DataError } from "../data/error.ts";
import { dropAlpha, type Picture } from "./picture.ts";
import { decodePng } from "./png.ts";

/**
 * Hides EXIF from the platform, which would turn the picture by it: in WebP its chunk gets another name and its flag is
 * cleared, in JPEG its segment gets another name.
 */
function withoutOrientation(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(bytes);
  const view = new DataView(out.buffer);
  const text = (at: number) => String.fromCharCode(...out.subarray(at, at + 4));
  if (text(8) === "WEBP") {
    for (let at = 12; at + 8 <= out.length; at += 8 + Math.ceil(view.getUint32(at + 4, true) / 2) * 2) {
      if (text(at) === "VP8X" && at + 8 < out.length) out[at + 8] &= ~0x08;
      if (text(at) === "EXIF") out[at] = 0x58;
    }
  } else if (out[0] === 0xff) {
    for (
      let at = 2;
      at + 8 <= out.length && out[at] === 0xff && out[at + 1] !== 0xda;
      at += 2 + view.getUint16(at + 2)
    ) {
      if (out[at + 1] === 0xe1 && text(at + 4) === "Exif") out[at + 4] = 0x58;
    }
  }
  return out;
}

/** Pixels of a bitmap: by a 2d canvas where there is one (browsers), else by way of a PNG file (Deno). */
async function pixelsOf(bitmap: ImageBitmap, limit: number, label: string): Promise<Picture> {
  const { width, height } = bitmap;
  const canvas = new OffscreenCanvas(width, height);
  const flat = canvas.getContext("2d" as "bitmaprenderer") as unknown as {
    drawImage(bitmap: ImageBitmap, x: number, y: number): void;
    getImageData(x: number, y: number, width: number, height: number): { readonly data: Uint8ClampedArray };
  } | null;
  if (flat) {
    flat.drawImage(bitmap, 0, 0);
    return dropAlpha(flat.getImageData(0, 0, width, height).data, width, height);
  }
  const renderer = canvas.getContext("bitmaprenderer");
  if (!renderer) throw new Error("there is no way to the pixels of a bitmap");
  renderer.transferFromImageBitmap(bitmap);
  const file = await canvas.convertToBlob({ type: "image/png" });
  return decodePng(new Uint8Array(await file.arrayBuffer()), limit, label);
}

/**
 * Decodes a file of any format that the platform knows. EXIF orientation is not applied. In browsers, which
 * multiply colours by alpha, those of half-transparent pixels come back rounded, and what is fully transparent black.
 *
 * @param bytes The file; its size was checked.
 * @param limit Most pixels.
 * @param label Its name, for errors.
 * @returns The picture.
 * @throws {DataError} when the platform cannot decode it, or has no decoder.
 */
export async function decodeBitmap(bytes: Uint8Array, limit: number, label: string): Promise<Picture> {
  if (typeof createImageBitmap === "undefined" || typeof OffscreenCanvas === "undefined") {
    throw new DataError(
      `${label}: this platform decodes only PNG, and JPEG that is not CMYK; convert the picture to one of them`,
    );
  }
  try {
    const bitmap = await createImageBitmap(new Blob([withoutOrientation(bytes)]), { colorSpaceConversion: "none" });
    try {
      return await pixelsOf(bitmap, limit, label);
    } finally {
      bitmap.close();
    }
  } catch (error) {
    if (error instanceof DataError) throw error;
    const reason = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, " ");
    throw new DataError(`${label}: the picture cannot be decoded (${reason}); fetch the file again`, { cause: error });
  }
}
