/**
 * Writing safetensors files. Equal tensors and metadata give equal bytes, whatever the order of their keys.
 *
 * @module
 */

import type { Dtype } from "../graph/node.ts";
import type { HostTensor } from "../host.ts";
import { headerLimit } from "./safetensors_header.ts";
import { SafetensorsError, show } from "./safetensors_error.ts";

/**
 * Elements of 16 bits as a file has them. Nothing computes with them: they are there to be written, and are read back
 * as `f32`.
 */
export interface HalfTensor {
  /** Sizes, outermost first. */
  readonly shape: readonly number[];
  /** IEEE half precision, or the upper half of an f32. */
  readonly dtype: "F16" | "BF16";
  /** The bits of the elements in row-major order. */
  readonly data: Uint16Array;
}

/** What can be written. */
type FileTensor = HostTensor | HalfTensor;

const fileDtype: Partial<Record<Dtype | HalfTensor["dtype"], string>> = {
  f32: "F32",
  i32: "I32",
  u32: "U32",
  F16: "F16",
  BF16: "BF16",
};

/** By code units, so that no locale changes the file. */
function sorted<T>(record: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** Wide elements first, then by name: every tensor begins at a multiple of its element, which some readers need. */
function ordered(tensors: Readonly<Record<string, FileTensor>>): [string, FileTensor][] {
  return sorted(tensors).sort(([, a], [, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT);
}

function checkText(text: string, what: string, label: string): void {
  if (!text.isWellFormed()) {
    throw new SafetensorsError(
      label,
      `${what} ${show(text)} has half a surrogate pair`,
      "UTF-8 cannot hold it: rename it",
    );
  }
}

function checkTensor(name: string, tensor: FileTensor, label: string): void {
  checkText(name, "tensor name", label);
  const refuse = (problem: string, remedy: string): SafetensorsError =>
    new SafetensorsError(label, `tensor ${show(name)}: ${problem}`, remedy);
  if (name === "__metadata__") throw refuse("the name is reserved by the format", "rename it");
  if (!fileDtype[tensor.dtype]) {
    throw refuse(`dtype ${tensor.dtype} cannot be written`, "write its elements as f32, i32 or u32");
  }
  const count = tensor.shape.reduce((product, size) => product * size, 1);
  if (!tensor.shape.every((size) => Number.isSafeInteger(size) && size >= 0) || count !== tensor.data.length) {
    throw refuse(`shape ${show(tensor.shape)} for ${tensor.data.length} elements`, "make the two agree");
  }
}

/** The 8 bytes of length and the JSON, padded with blanks so that the tensors begin at a multiple of 8. */
function header(
  tensors: readonly [string, FileTensor][],
  metadata: Readonly<Record<string, string>>,
  label: string,
): Uint8Array {
  const fields: [string, unknown][] = [];
  const notes = sorted(metadata);
  for (const [key, text] of notes) {
    if (typeof text !== "string") {
      throw new SafetensorsError(label, `metadata ${show(key)} is ${show(text)}`, "metadata values are strings");
    }
    checkText(key, "metadata key", label);
    checkText(text, "metadata value", label);
  }
  let end = 0;
  for (const [name, tensor] of tensors) {
    checkTensor(name, tensor, label);
    const begin = end;
    end += tensor.data.byteLength;
    fields.push([name, { dtype: fileDtype[tensor.dtype], shape: tensor.shape, data_offsets: [begin, end] }]);
  }
  // Joined by hand: an object would move keys that look like numbers to the front.
  const members = fields.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  const noted = notes.map(([key, text]) => `${JSON.stringify(key)}:${JSON.stringify(text)}`);
  if (noted.length > 0) members.unshift(`"__metadata__":{${noted.join()}}`);
  const json = new TextEncoder().encode(`{${members.join()}}`);
  const length = Math.ceil(json.length / 8) * 8;
  if (length > headerLimit) {
    throw new SafetensorsError(
      label,
      `the header has ${length} bytes, above the limit of ${headerLimit}`,
      "write fewer",
    );
  }
  const bytes = new Uint8Array(8 + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, 8);
  return bytes;
}

/**
 * The bytes of a file, piece by piece: the header, then one piece per tensor, which is a view of its elements. For
 * writing large models without a second copy in memory.
 *
 * @param tensors Tensors by name: `f32`, `i32`, `u32`, or 16 bits as they are.
 * @param metadata Free text by key; libraries expect `{ format: "pt" }` of a PyTorch checkpoint.
 * @param label Name of the file, for errors.
 * @returns The pieces in order. All checks are done before the first.
 * @throws {SafetensorsError} for a reserved name, another dtype, or a shape that disagrees with the elements.
 */
export function safetensorsChunks(
  tensors: Readonly<Record<string, HostTensor | HalfTensor>>,
  metadata: Readonly<Record<string, string>> = {},
  label = "safetensors file",
): readonly Uint8Array[] {
  const entries = ordered(tensors);
  const bytes = entries.map(([, { data }]) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return [header(entries, metadata, label), ...bytes];
}

/**
 * The bytes of a file, in one array.
 *
 * @param tensors Tensors by name: `f32`, `i32`, `u32`, or 16 bits as they are.
 * @param metadata Free text by key; libraries expect `{ format: "pt" }` of a PyTorch checkpoint.
 * @param label Name of the file, for errors.
 * @returns The file.
 * @throws {SafetensorsError} for a reserved name, another dtype, or a shape that disagrees with the elements.
 */
export function writeSafetensors(
  tensors: Readonly<Record<string, HostTensor | HalfTensor>>,
  metadata: Readonly<Record<string, string>> = {},
  label = "safetensors file",
): Uint8Array {
  const chunks = safetensorsChunks(tensors, metadata, label);
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}
