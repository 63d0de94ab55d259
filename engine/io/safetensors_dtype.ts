/**
 * Element types of safetensors files, and how each becomes a tensor of the engine.
 *
 * @module
 */

import type { Dtype } from "../graph/node.ts";
import type { HostData } from "../host.ts";
import { bfloatToFloat, halfToFloat } from "./half.ts";

/**
 * Bits per element of every dtype of the format (`tensor.rs` of huggingface/safetensors). The layout of a file is
 * checked for all of them, so that a file with an exotic tensor still serves the others.
 */
export const bitsOf: Readonly<Record<string, number>> = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
};

/** How elements are decoded: the engine's dtype, and the conversion from an aligned buffer of their own. */
export interface Decoder {
  /** Element type of the result. */
  readonly dtype: Dtype;
  /**
   * Decodes the elements, as a view where the types agree.
   *
   * @param buffer The tensor's bytes, little-endian as the format and every JavaScript platform has them.
   * @param start Offset of the first byte, aligned to the element.
   * @param count Number of elements.
   * @throws {RangeError} naming the first element that the result cannot hold.
   */
  decode(buffer: ArrayBufferLike, start: number, count: number): HostData;
}

function narrow<T extends Int32Array | Uint32Array>(wide: BigInt64Array | BigUint64Array, out: T, type: string): T {
  for (let i = 0; i < wide.length; i++) {
    out[i] = Number(wide[i]);
    if (BigInt(out[i]) !== wide[i]) throw new RangeError(`element ${i} is ${wide[i]}, which ${type} cannot hold`);
  }
  return out;
}

function flags(bytes: Uint8Array): Uint32Array {
  const bad = bytes.findIndex((byte) => byte > 1);
  if (bad >= 0) throw new RangeError(`element ${bad} is ${bytes[bad]}, which is neither 0 nor 1`);
  return Uint32Array.from(bytes);
}

/**
 * The dtypes that can be loaded. 64-bit integers are narrowed where every value fits, F64 is rounded to nearest, BOOL
 * becomes u32 with 0 and 1 (a bool cannot be stored on a device).
 */
export const decoders: Readonly<Record<string, Decoder>> = {
  F32: { dtype: "f32", decode: (buffer, start, count) => new Float32Array(buffer, start, count) },
  F16: { dtype: "f32", decode: (buffer, start, count) => halfToFloat(new Uint16Array(buffer, start, count)) },
  BF16: { dtype: "f32", decode: (buffer, start, count) => bfloatToFloat(new Uint16Array(buffer, start, count)) },
  F64: { dtype: "f32", decode: (buffer, start, count) => Float32Array.from(new Float64Array(buffer, start, count)) },
  I8: { dtype: "i32", decode: (buffer, start, count) => Int32Array.from(new Int8Array(buffer, start, count)) },
  I16: { dtype: "i32", decode: (buffer, start, count) => Int32Array.from(new Int16Array(buffer, start, count)) },
  I32: { dtype: "i32", decode: (buffer, start, count) => new Int32Array(buffer, start, count) },
  I64: {
    dtype: "i32",
    decode: (buffer, start, count) => narrow(new BigInt64Array(buffer, start, count), new Int32Array(count), "i32"),
  },
  U8: { dtype: "u32", decode: (buffer, start, count) => Uint32Array.from(new Uint8Array(buffer, start, count)) },
  U16: { dtype: "u32", decode: (buffer, start, count) => Uint32Array.from(new Uint16Array(buffer, start, count)) },
  U32: { dtype: "u32", decode: (buffer, start, count) => new Uint32Array(buffer, start, count) },
  U64: {
    dtype: "u32",
    decode: (buffer, start, count) => narrow(new BigUint64Array(buffer, start, count), new Uint32Array(count), "u32"),
  },
  BOOL: { dtype: "u32", decode: (buffer, start, count) => flags(new Uint8Array(buffer, start, count)) },
};
