/**
 * Unpacking gzip with the platform's own stream.
 *
 * @module
 */

import { DataError } from "./error.ts";

/** True for bytes that begin as a gzip file does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Unpacks a gzip file.
 *
 * @param bytes The file.
 * @param label Its name, for errors.
 * @param limit Most bytes to unpack, so that a small hostile file cannot fill the memory.
 * @returns The content.
 * @throws {DataError} when the file is cut off or corrupt, or its content is longer than the limit.
 */
export async function gunzip(bytes: Uint8Array, label: string, limit: number = 2 ** 30): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    // The copy is what a Blob takes: bytes in memory of their own.
    const stream = new Blob([new Uint8Array(bytes)]).stream().pipeThrough(new DecompressionStream("gzip"));
    for await (const chunk of stream) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > limit) {
        throw new DataError(`${label}: unpacks to more than ${limit} bytes; it is not the file it should be`);
      }
    }
  } catch (error) {
    if (error instanceof DataError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new DataError(`${label}: the gzip data is cut off or corrupt (${reason}); fetch the file again`, {
      cause: error,
    });
  }
  const content = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    content.set(chunk, offset);
    offset += chunk.length;
  }
  return content;
}
