/**
 * JPEG files by libjpeg, so that the pixels are those of PIL: platforms decode JPEG too, but differ by several
 * brightness levels where colours are stored at half resolution.
 *
 * @module
 */
import { DataError } from "../data/error.ts";
import { decodeBitmap } from "./bitmap.ts";
import { isJpeg, jpegHeader } from "./jpeg_header.ts";
import { checkPixels, dropAlpha, type Picture } from "./picture.ts";

/** As much of mozjpeg, compiled to WebAssembly, as is used here. */
interface Codec {
  decode(bytes: Uint8Array, preserveOrientation: boolean): { width: number; height: number; data: ArrayLike<number> };
}

type CodecOptions = {
  readonly noInitialRun: true;
  readonly printErr: (line: string) => void;
  readonly instantiateWasm?: (imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance) => void) => unknown;
};

interface Library {
  /** Makes a codec in memory of its own. */
  create(printErr: (line: string) => void): Promise<Codec>;
}

/** The code of the codec; nothing where the library has to find it by itself, as it does in browsers. */
async function compileCodec(): Promise<WebAssembly.Module | undefined> {
  try {
    const url = import.meta.resolve("@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm");
    const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
    const files = process?.getBuiltinModule?.("node:fs") as
      | { readFileSync(path: URL): Uint8Array<ArrayBuffer> }
      | undefined;
    const bytes = files && url.startsWith("file:")
      ? files.readFileSync(new URL(url))
      : await (await fetch(url)).arrayBuffer();
    return await WebAssembly.compile(bytes);
  } catch {
    return undefined;
  }
}

async function loadLibrary(): Promise<Library> {
  const { default: factory } = await import("@jsquash/jpeg/codec/dec/mozjpeg_dec.js");
  const make = factory as unknown as (options: CodecOptions) => Promise<Codec>;
  const module = await compileCodec();
  return {
    create: (printErr) =>
      make({
        noInitialRun: true,
        printErr,
        ...(module
          ? {
            instantiateWasm: (imports, done) => {
              const instance = new WebAssembly.Instance(module, imports);
              done(instance);
              return instance.exports;
            },
          }
          : {}),
      }),
  };
}

let library: Promise<Library> | undefined;
let codec: Promise<Codec> | undefined;
let complaint = "";

/**
 * Decodes a JPEG file exactly as libjpeg does. Grey files become equal channels; EXIF orientation is not applied; files
 * of four components (CMYK) go through the platform's decoder, whose pixels differ from PIL's by at most 1.
 *
 * @param bytes The file.
 * @param limit Most pixels.
 * @param label Its name, for errors.
 * @returns The picture.
 * @throws {DataError} when it is no JPEG, is cut off or corrupt, or claims more pixels than the limit.
 */
export async function decodeJpeg(bytes: Uint8Array, limit: number, label: string): Promise<Picture> {
  if (!isJpeg(bytes)) throw new DataError(`${label}: does not begin as a JPEG file does; fetch the file again`);
  const header = jpegHeader(bytes, label);
  checkPixels(header.width, header.height, limit, label);
  if (header.components === 4) return decodeBitmap(bytes, limit, label);
  library ??= loadLibrary();
  codec ??= library.then(({ create }) => create((line) => complaint = line));
  let ready: Codec;
  try {
    ready = await codec;
  } catch (error) {
    library = codec = undefined;
    throw new DataError(
      `${label}: the JPEG decoder does not load (${(error as Error).message ?? error}); install @jsquash/jpeg`,
      { cause: error },
    );
  }
  try {
    complaint = "";
    const { width, height, data } = ready.decode(bytes, false);
    if (width !== header.width || height !== header.height) throw new Error("its size is not that of its header");
    return dropAlpha(data, width, height);
  } catch (error) {
    codec = undefined; // libjpeg leaves by exit(), and what it leaves behind cannot be used again
    const reason = complaint || (error instanceof Error ? error.message : "");
    throw new DataError(
      `${label}: the JPEG cannot be decoded${reason ? ` (${reason.replace(/\s+/g, " ")})` : ""}; fetch the file again`,
      { cause: error },
    );
  }
}
