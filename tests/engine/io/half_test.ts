import assert from "node:assert/strict";
import { bfloatToFloat, halfToFloat } from "../../../engine/io/half.ts";

const all = Uint16Array.from({ length: 65536 }, (_, i) => i);

/** The value of a small float format by its definition, in f64; NaN for all its NaN. */
function valueOf(bits: number, exponentBits: number, mantissaBits: number): number {
  const sign = bits >>> (exponentBits + mantissaBits) ? -1 : 1;
  const top = 2 ** exponentBits - 1;
  const exponent = (bits >>> mantissaBits) & top;
  const fraction = (bits & (2 ** mantissaBits - 1)) / 2 ** mantissaBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === top) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}

function assertAll(actual: Float32Array, expected: (bits: number) => number): void {
  for (let bits = 0; bits < 65536; bits++) {
    if (!Object.is(actual[bits], expected(bits))) assert.fail(`0x${bits.toString(16)}: ${actual[bits]}`);
  }
}

Deno.test("halfToFloat() widens all 65536 patterns as IEEE binary16 defines them", () => {
  assertAll(halfToFloat(all), (bits) => valueOf(bits, 5, 10));
});

Deno.test("halfToFloat() agrees with the platform's own Float16Array", () => {
  const platform = new Float16Array(all.buffer);
  assertAll(halfToFloat(all), (bits) => platform[bits]);
});

Deno.test("bfloatToFloat() widens all 65536 patterns as bfloat16 defines them", () => {
  assertAll(bfloatToFloat(all), (bits) => valueOf(bits, 8, 7));
});

Deno.test("halfToFloat() keeps sign and payload of NaN", () => {
  const bits = new Uint32Array(halfToFloat(Uint16Array.of(0x7e01, 0xfd00)).buffer);
  assert.deepEqual([...bits], [0x7fc02000, 0xffa00000]);
});
