/**
 * The two 16-bit float formats of checkpoints, widened to f32. Every value of both is exact in f32.
 *
 * Written on the bits, since `Float16Array` is younger than some runtimes in use (Node 22 has none).
 *
 * @module
 */

/** The bits of the f32 of the same value as these IEEE binary16 bits (1 sign, 5 exponent, 10 mantissa). */
function widenHalf(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >>> 10) & 0x1f;
  const mantissa = half & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (mantissa << 13); // infinity, NaN with its payload
  if (exponent !== 0) return sign | ((exponent + 112) << 23) | (mantissa << 13); // bias 15 becomes 127
  if (mantissa === 0) return sign;
  // A subnormal, mantissa * 2^-24, is a normal f32: shift its leading one into the hidden bit.
  const shift = Math.clz32(mantissa) - 21;
  return sign | ((113 - shift) << 23) | (((mantissa << shift) & 0x3ff) << 13);
}

/**
 * Widens IEEE half precision (F16).
 *
 * @param bits One value per element.
 * @returns The same values in f32; NaN stays NaN with its sign and payload.
 */
export function halfToFloat(bits: Uint16Array): Float32Array {
  const out = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) out[i] = widenHalf(bits[i]);
  return new Float32Array(out.buffer);
}

/**
 * Widens bfloat16 (BF16), the upper half of an f32.
 *
 * @param bits One value per element.
 * @returns The same values in f32.
 */
export function bfloatToFloat(bits: Uint16Array): Float32Array {
  const out = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) out[i] = bits[i] << 16;
  return new Float32Array(out.buffer);
}
