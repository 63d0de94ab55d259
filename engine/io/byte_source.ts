/**
 * Bytes that can be read in any order, such as an open file. The engine opens no files itself: whoever calls it brings
 * one of these, so that it runs in browsers and in Node as well.
 *
 * @module
 */

/** Random access to bytes. */
export interface ByteSource {
  /** Number of bytes. */
  readonly size: number;
  /**
   * Reads a range. Nobody changes the bytes afterwards: tensors may be views of them.
   *
   * @param offset First byte.
   * @param length Number of bytes; the range lies within `size`.
   */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/**
 * Bytes in memory as a source. Each read is a copy, so that a tensor read from it does not keep the whole file alive.
 *
 * @param bytes The bytes.
 * @returns The source.
 */
export function byteSource(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: (offset, length) => Promise.resolve(bytes.slice(offset, offset + length)) };
}
