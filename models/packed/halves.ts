/**
 * Floats that lose nothing in 16 bits. Checkpoints are often trained in half precision, and their values then take half
 * the room.
 *
 * @module
 */
import type { HalfTensor } from "../../engine/io/safetensors_write.ts";

/**
 * Narrows floats to 16 bits if every one comes back bit for bit, NaN and the sign of zero included.
 *
 * @param bits The bits of f32 values.
 * @returns The values in BF16 or, where that does not hold them, F16; nothing where neither does.
 */
export function exactHalves(bits: Uint32Array): HalfTensor | undefined {
  if (bits.every((word) => (word & 0xffff) === 0)) {
    return { shape: [bits.length], dtype: "BF16", data: Uint16Array.from(bits, (word) => word >>> 16) };
  }
  const data = new Uint16Array(bits.length);
  for (let i = 0; i < bits.length; i++) {
    const half = exactHalf(bits[i]!);
    if (half < 0) return undefined;
    data[i] = half;
  }
  return { shape: [bits.length], dtype: "F16", data };
}

/** The IEEE binary16 (1 sign, 5 exponent, 10 mantissa) of exactly this f32, or -1 where there is none. */
function exactHalf(word: number): number {
  const sign = (word >>> 16) & 0x8000;
  const exponent = (word >>> 23) & 0xff;
  const mantissa = word & 0x7fffff;
  if (exponent === 0) return mantissa === 0 ? sign : -1; // f32's subnormals are far below f16's
  if (exponent < 113) {
    // Subnormal in f16: a multiple of 2^-24, which is the hidden bit shifted down.
    const full = mantissa | 0x800000;
    const shift = 126 - exponent;
    return shift > 23 || (full & ((1 << shift) - 1)) !== 0 ? -1 : sign | (full >>> shift);
  }
  if ((mantissa & 0x1fff) !== 0 || (exponent > 142 && exponent < 255)) return -1;
  const narrow = exponent === 255 ? 31 : exponent - 112; // bias 127 becomes 15
  return sign | (narrow << 10) | (mantissa >>> 13);
}
