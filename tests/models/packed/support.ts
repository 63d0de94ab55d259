/** Tensors for tests of packing, and comparison as bits. */
import fc from "fast-check";
import type { HostTensor } from "../../../engine/host.ts";

/** Any bits, those that packing must not confuse with 0 or lose often among them: -0, subnormals, NaN with payloads. */
const wild = fc.oneof(
  fc.constantFrom(0x80000000, 1, 0x80000001, 0x7fc00001, 0x7f800001, 0xffffffff, 0x7f800000, 0x3f800000, 0x33800000),
  fc.nat(0xffffffff),
);
/** Bits of floats that 16 bits hold: upper halves, and every f16 widened by arithmetic alone. */
const bfloat = fc.nat(0xffff).map((half) => (half << 16) >>> 0);
const float16 = fc.tuple(fc.nat(0x7ff), fc.integer({ min: -24, max: 5 }), fc.boolean()).map((
  [mantissa, exponent, minus],
) => new Uint32Array(Float32Array.of(mantissa * 2 ** exponent * (minus ? -1 : 1)).buffer)[0]!);

/** Tensors of all three dtypes, more or less sparse, of up to a few hundred elements. */
export const tensors: fc.Arbitrary<HostTensor> = fc.tuple(
  fc.array(fc.nat(12), { maxLength: 3 }),
  fc.constantFrom("f32" as const, "f32" as const, "i32" as const, "u32" as const),
  fc.constantFrom(wild, bfloat, float16),
  fc.constantFrom(0, 1, 2, 8, 40),
).chain(([shape, dtype, words, zeros]) => {
  const length = shape.reduce((a, b) => a * b, 1);
  const word = fc.oneof({ weight: zeros, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: words });
  return fc.array(word, { minLength: length, maxLength: length, size: "max" }).map((elements): HostTensor => {
    const bits = Uint32Array.from(elements);
    const data = dtype === "f32" ? new Float32Array(bits.buffer) : dtype === "i32" ? new Int32Array(bits.buffer) : bits;
    return { shape, dtype, data };
  });
});

/**
 * Tensors by name; some names are those of parts of others. None has a quote or a backslash: V8 15.0 reads one for the
 * other in keys of JSON, when it has just read a similar object.
 */
export const records: fc.Arbitrary<Record<string, HostTensor>> = fc.dictionary(
  fc.oneof(fc.constantFrom("a", "a.mask", "a.values", "a.mask.mask", "b", "é", "1"), fc.string({ maxLength: 6 })),
  tensors,
  { maxKeys: 6, noNullPrototype: true },
).map((record) =>
  Object.fromEntries(Object.entries(record).filter(([name]) => name !== "__metadata__" && !/["\\]/.test(name)))
);

/** Compared as bits: NaN payloads and signs of zero count. */
export function bits(record: Readonly<Record<string, HostTensor>>): unknown {
  return Object.fromEntries(
    Object.entries(record).sort(([a], [b]) => a < b ? -1 : 1).map(([name, { shape, dtype, data }]) => [name, {
      shape,
      dtype,
      bits: [...new Uint32Array(data.buffer, data.byteOffset, data.length)],
    }]),
  );
}

/** An f32 tensor. */
export function f32(shape: readonly number[], values: ArrayLike<number>): HostTensor {
  return { shape, dtype: "f32", data: Float32Array.from(values) };
}
