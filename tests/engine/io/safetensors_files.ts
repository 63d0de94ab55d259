/** Builds safetensors files by hand, valid or not. */

/**
 * A file with this header text, these data bytes and, where given, a header length that is not the text's.
 */
export function fileOf(header: string | Uint8Array, data: ArrayLike<number> = [], length?: number): Uint8Array {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length ?? text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

/** A file with this header as JSON and these data bytes. */
export function fileWith(header: unknown, data: ArrayLike<number> = []): Uint8Array {
  return fileOf(JSON.stringify(header), data);
}
