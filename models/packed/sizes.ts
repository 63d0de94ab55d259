/**
 * What a model takes on disk.
 *
 * @module
 */
import { type HostTensor, safetensorsChunks } from "../../engine/mod.ts";
import { packTensors } from "./pack.ts";

/** Sizes of files of the same tensors, in bytes. */
export interface FileSizes {
  /** As safetensors. */
  readonly dense: number;
  /** The same, compressed with gzip. */
  readonly denseGzip: number;
  /** As packed safetensors. */
  readonly packed: number;
  /** The same, compressed with gzip. */
  readonly packedGzip: number;
}

/**
 * Measures the files of a model: nothing is written. Packing shows what zeros are worth to anyone; gzip finds them too,
 * in a dense file, at the price of decompression.
 *
 * @param params Tensors by name.
 * @param metadata Metadata of the files.
 * @returns The sizes.
 * @throws {SafetensorsError} for tensors that cannot be written.
 *
 * @example
 * ```ts
 * import { hostTensor } from "@sentinel/seven/engine";
 * import { fileSizes } from "@sentinel/seven/models";
 *
 * const sizes = await fileSizes({ weight: hostTensor(new Float32Array(10_000), [100, 100]) });
 * console.assert(sizes.packed < sizes.dense && sizes.denseGzip < sizes.dense);
 * ```
 */
export async function fileSizes(
  params: Readonly<Record<string, HostTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<FileSizes> {
  const packed = packTensors(params);
  const dense = await measure(safetensorsChunks(params, metadata));
  const small = await measure(safetensorsChunks(packed.tensors, { ...metadata, ...packed.metadata }));
  return { dense: dense.plain, denseGzip: dense.gzip, packed: small.plain, packedGzip: small.gzip };
}

/** Bytes handed to the compressor at a time: a tensor may be hundreds of megabytes. */
const piece = 1 << 20;

async function measure(chunks: readonly Uint8Array[]): Promise<{ readonly plain: number; readonly gzip: number }> {
  const pieces = function* (): Generator<Uint8Array<ArrayBuffer>> {
    for (const chunk of chunks) {
      // CompressionStream takes no views of shared memory, so each piece is a copy.
      for (let at = 0; at < chunk.length; at += piece) yield new Uint8Array(chunk.subarray(at, at + piece));
    }
  }();
  const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      const { value, done } = pieces.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
  const reader = source.pipeThrough(new CompressionStream("gzip")).getReader();
  let gzip = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) gzip += part.value.length;
  return { plain: chunks.reduce((sum, chunk) => sum + chunk.length, 0), gzip };
}
