/**
 * Reading safetensors files, the checkpoint format of Hugging Face.
 *
 * @module
 */

import type { HostTensor } from "../host.ts";
import type { ByteSource } from "./byte_source.ts";
import { decoders } from "./safetensors_dtype.ts";
import { SafetensorsError, show } from "./safetensors_error.ts";
import { headerLength, parseHeader, type TensorEntry } from "./safetensors_header.ts";

/** The content of a file. */
export interface Safetensors {
  /** Tensors by name, in the order of their bytes. */
  readonly tensors: Record<string, HostTensor>;
  /** Free text by key, such as `{ format: "pt" }`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** An open file: its header is read and checked, its tensors are read one by one. */
export interface SafetensorsFile {
  /** The tensors in the order of their bytes. */
  readonly entries: readonly TensorEntry[];
  /** Free text by key. */
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * Reads one tensor.
   *
   * @throws {SafetensorsError} when there is no such tensor, or its dtype or values have no place in the engine.
   */
  read(name: string): Promise<HostTensor>;
}

/**
 * Parses a whole file. F32, F16, BF16 and F64 become `f32`; I8 to I64 `i32`; U8 to U64 and BOOL `u32`. The tensors are
 * copies: `bytes` can go.
 *
 * @param bytes The file.
 * @param label Its name, for errors.
 * @returns The tensors and the metadata.
 * @throws {SafetensorsError} when the file is not valid, or holds a dtype or value that has no place in the engine.
 *
 * @example
 * ```ts
 * import { hostTensor, parseSafetensors, writeSafetensors } from "@sentinel/seven/engine";
 *
 * const bytes = writeSafetensors({ weight: hostTensor(new Float32Array([1, 2, 3, 4]), [2, 2]) });
 * const { tensors } = parseSafetensors(bytes, "model.safetensors");
 * console.assert(tensors.weight.data[3] === 4);
 * ```
 */
export function parseSafetensors(bytes: Uint8Array, label: string): Safetensors {
  const length = headerLength(bytes.subarray(0, 8), bytes.length, label);
  const { entries, metadata } = parseHeader(bytes.subarray(8, 8 + length), bytes.length, label);
  const tensors = entries.map((entry): [string, HostTensor] => {
    const { name, offset, byteLength } = entry;
    return [name, decodeTensor(bytes.slice(offset, offset + byteLength), entry, label)];
  });
  return { tensors: Object.fromEntries(tensors), metadata };
}

/**
 * Opens a file of any size: reads and checks the header, and each tensor only when it is asked for.
 *
 * @param source The file.
 * @param label Its name, for errors.
 * @returns The open file. It owns nothing: who opened `source` closes it.
 * @throws {SafetensorsError} when the header is not valid. What `source.read` throws passes through.
 */
export async function openSafetensors(source: ByteSource, label: string): Promise<SafetensorsFile> {
  const { size } = source;
  const length = headerLength(await readExactly(source, 0, Math.min(8, size), label), size, label);
  const { entries, metadata } = parseHeader(await readExactly(source, 8, length, label), size, label);
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  const read = async (name: string): Promise<HostTensor> => {
    const entry = byName.get(name);
    if (!entry) {
      const names = show([...byName.keys()]);
      throw new SafetensorsError(label, `there is no tensor ${show(name)}`, `ask for one of ${names}`);
    }
    return decodeTensor(await readExactly(source, entry.offset, entry.byteLength, label), entry, label);
  };
  return { entries, metadata, read };
}

async function readExactly(source: ByteSource, offset: number, length: number, label: string): Promise<Uint8Array> {
  const bytes = await source.read(offset, length);
  if (bytes.length !== length) {
    const problem = `asked for ${length} bytes at ${offset}, got ${bytes.length}`;
    throw new SafetensorsError(label, problem, "the file changed while it was read: read it again");
  }
  return bytes;
}

function decodeTensor(bytes: Uint8Array, entry: TensorEntry, label: string): HostTensor {
  const { name, dtype, shape } = entry;
  const decoder = Object.hasOwn(decoders, dtype) ? decoders[dtype] : undefined;
  if (!decoder) {
    const known = Object.keys(decoders).join(", ");
    throw new SafetensorsError(
      label,
      `tensor ${show(name)}: dtype ${dtype} cannot be loaded`,
      `convert it to ${known}`,
    );
  }
  const count = shape.reduce((product, size) => product * size, 1);
  const aligned = count === 0 || bytes.byteOffset % (bytes.length / count) === 0 ? bytes : bytes.slice();
  try {
    const start = count === 0 ? 0 : aligned.byteOffset;
    return { shape, dtype: decoder.dtype, data: decoder.decode(aligned.buffer, start, count) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const remedy = `store values that fit ${decoder.dtype}`;
    throw new SafetensorsError(label, `tensor ${show(name)} (${dtype}): ${error.message}`, remedy, { cause: error });
  }
}
