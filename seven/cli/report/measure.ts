/**
 * Sizes of weights as files.
 *
 * @module
 */
import type { FileSizes, TensorDensity } from "./data.ts";

/**
 * Measures `model.safetensors`: as it is, through gzip, and packed.
 *
 * Packed is what the file would be if each prunable tensor were one bit per weight, kept or not, and the f32 values of
 * the kept ones; all else stays as it is. It is calculated: no such file is written.
 *
 * @param chunks The file, in parts of any length.
 * @param densities Its pruned tensors; without them there is no packed size.
 */
export async function fileSizes(
  chunks: Iterable<Uint8Array<ArrayBuffer>>,
  densities: readonly TensorDensity[] = [],
): Promise<FileSizes> {
  let dense = 0;
  function* counted(): Generator<Uint8Array<ArrayBuffer>> {
    for (const chunk of chunks) {
      dense += chunk.length;
      yield chunk;
    }
  }
  const zip = new CompressionStream("gzip");
  const [gzip] = await Promise.all([lengthOf(zip.readable), writeAll(zip.writable, counted())]);
  if (densities.length === 0) return { dense, gzip };
  const saved = densities.reduce((sum, { kept, size }) => sum + 4 * (size - kept) - Math.ceil(size / 8), 0);
  return { dense, gzip, packed: dense - saved };
}

async function lengthOf(stream: ReadableStream<Uint8Array>): Promise<number> {
  let length = 0;
  for await (const part of stream) length += part.length;
  return length;
}

/** One part at a time: a file of gigabytes is never waiting as a whole. */
async function writeAll<T>(stream: WritableStream<T>, chunks: Iterable<T>): Promise<void> {
  const writer = stream.getWriter();
  for (const chunk of chunks) await writer.write(chunk);
  await writer.close();
}
