/**
 * The header of a safetensors file: 8 bytes with its length, JSON, then the tensors' bytes without a gap.
 *
 * Nothing in it is believed before it is checked, and nothing is allocated beyond the size of the file. The checks are
 * those of the reference implementation (huggingface/safetensors, `tensor.rs`), and unique keys besides.
 *
 * @module
 */

import { duplicateKey } from "./json_keys.ts";
import { bitsOf } from "./safetensors_dtype.ts";
import { SafetensorsError, show } from "./safetensors_error.ts";

/** Longest header that is read, in bytes: the reference implementation's limit. */
export const headerLimit = 100_000_000;

/** Where one tensor lies in the file. */
export interface TensorEntry {
  /** Name. */
  readonly name: string;
  /** Element type, as the file calls it: `F32`, `BF16` ... */
  readonly dtype: string;
  /** Sizes, outermost first. */
  readonly shape: readonly number[];
  /** First byte, from the start of the file. */
  readonly offset: number;
  /** Number of bytes. */
  readonly byteLength: number;
}

/** What a header says. */
export interface SafetensorsHeader {
  /** The tensors in the order of their bytes. */
  readonly entries: readonly TensorEntry[];
  /** Free text by key, such as `{ format: "pt" }`. */
  readonly metadata: Readonly<Record<string, string>>;
}

const broken = "the file is damaged or was not written by a safetensors library: fetch or export it again";
const cut = "the file was cut off: fetch it again";

/**
 * Reads the header's length from the first 8 bytes.
 *
 * @param prefix The first 8 bytes, fewer where the file is shorter.
 * @param size Size of the file.
 * @param label Name of the file, for errors.
 * @returns Length of the JSON text, which lies within the file.
 * @throws {SafetensorsError} when there is no such header.
 */
export function headerLength(prefix: Uint8Array, size: number, label: string): number {
  if (prefix.length < 8) throw new SafetensorsError(label, `${size} bytes are too few for a safetensors header`, cut);
  const view = new DataView(prefix.buffer, prefix.byteOffset, 8);
  const length = view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true);
  if (length > headerLimit) {
    throw new SafetensorsError(label, `header of ${length} bytes, above the limit of ${headerLimit}`, broken);
  }
  if (length > size - 8) {
    throw new SafetensorsError(label, `header of ${length} bytes, but the file has ${size}`, cut);
  }
  return length;
}

/**
 * Parses and checks the header's JSON.
 *
 * @param bytes The JSON text, as long as {@linkcode headerLength} says.
 * @param size Size of the file.
 * @param label Name of the file, for errors.
 * @returns The tensors and the metadata.
 * @throws {SafetensorsError} for bad JSON, duplicate names, impossible shapes, and offsets that overlap, leave a gap,
 * end beyond the file or disagree with shape and dtype.
 */
export function parseHeader(bytes: Uint8Array, size: number, label: string): SafetensorsHeader {
  const json = parseJson(bytes, label);
  const start = 8 + bytes.length;
  const entries: TensorEntry[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(json)) {
    if (name === "__metadata__") metadata = checkMetadata(value, label);
    else entries.push(checkEntry(name, value, start, label));
  }
  entries.sort((a, b) => a.offset - b.offset || a.byteLength - b.byteLength);
  checkLayout(entries, start, size, label);
  return { entries, metadata };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseJson(bytes: Uint8Array, label: string): Record<string, unknown> {
  let json: unknown;
  let duplicate: string | undefined;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    json = JSON.parse(text);
    duplicate = duplicateKey(text);
  } catch (error) {
    throw new SafetensorsError(label, `the header is no JSON (${(error as Error).message})`, broken, { cause: error });
  }
  if (!isRecord(json)) throw new SafetensorsError(label, `the header is ${show(json)}, not an object`, broken);
  if (duplicate !== undefined) {
    throw new SafetensorsError(label, `the header has ${show(duplicate)} twice in one object`, broken);
  }
  return json;
}

function checkMetadata(value: unknown, label: string): Record<string, string> {
  if (!isRecord(value)) throw new SafetensorsError(label, `__metadata__ is ${show(value)}, not an object`, broken);
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") {
      throw new SafetensorsError(label, `__metadata__ ${show(key)} is ${show(text)}, not a string`, broken);
    }
  }
  return value as Record<string, string>;
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function checkEntry(name: string, value: unknown, start: number, label: string): TensorEntry {
  const refuse = (problem: string): SafetensorsError =>
    new SafetensorsError(label, `tensor ${show(name)}: ${problem}`, broken);
  if (!isRecord(value)) throw refuse(`${show(value)} is no {dtype, shape, data_offsets}`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !Object.hasOwn(bitsOf, dtype)) throw refuse(`unknown dtype ${show(dtype)}`);
  if (!Array.isArray(shape) || !shape.every(isSize)) {
    throw refuse(`shape ${show(shape)} is no list of whole numbers, 0 or more`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize) || offsets[0] > offsets[1]) {
    throw refuse(`data_offsets ${show(offsets)} are no [begin, end]`);
  }
  let bits = bitsOf[dtype];
  for (const size of shape) {
    bits *= size;
    if (!Number.isSafeInteger(bits)) throw refuse(`shape ${show(shape)} has more elements than any file`);
  }
  const byteLength = offsets[1] - offsets[0];
  if (bits !== byteLength * 8) {
    throw refuse(
      `${dtype} ${show(shape)} takes ${bits / 8} bytes, but data_offsets ${show(offsets)} hold ${byteLength}`,
    );
  }
  return { name, dtype, shape: shape.map((size) => size + 0), offset: start + offsets[0], byteLength };
}

/** The tensors must cover the rest of the file exactly: no overlap, no gap, nothing behind the last. */
function checkLayout(entries: readonly TensorEntry[], start: number, size: number, label: string): void {
  let end = start;
  for (const { name, offset, byteLength } of entries) {
    if (offset !== end) {
      const fault = offset < end ? "overlaps the tensor before it" : "leaves a gap before it";
      const problem = `tensor ${show(name)}: begins at byte ${offset - start} and ${fault}, which ends at ${
        end - start
      }`;
      throw new SafetensorsError(label, problem, broken);
    }
    end = offset + byteLength;
    if (end > size) {
      const problem = `tensor ${show(name)}: ends at byte ${end} of the file, which has ${size}`;
      throw new SafetensorsError(label, problem, cut);
    }
  }
  if (end !== size) {
    throw new SafetensorsError(label, `${size - end} bytes lie behind the last tensor, which ends at ${end}`, broken);
  }
}
