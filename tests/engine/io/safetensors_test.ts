import assert from "node:assert/strict";
import fc from "fast-check";
import type { HostTensor } from "../../../engine/host.ts";
import { type ByteSource, byteSource } from "../../../engine/io/byte_source.ts";
import { openSafetensors, parseSafetensors } from "../../../engine/io/safetensors.ts";
import { SafetensorsError } from "../../../engine/io/safetensors_error.ts";
import { writeSafetensors } from "../../../engine/io/safetensors_write.ts";
import { fileOf, fileWith } from "./safetensors_files.ts";

const F32 = (begin: number, end: number, shape: unknown = [(end - begin) / 4]): unknown => ({
  dtype: "F32",
  shape,
  data_offsets: [begin, end],
});

function decode(dtype: string, bytes: ArrayLike<number>, shape: number[]): HostTensor {
  const header = { x: { dtype, shape, data_offsets: [0, bytes.length] } };
  return parseSafetensors(fileWith(header, Uint8Array.from(bytes)), "f").tensors.x;
}

const bytesOf = (array: ArrayBufferView): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

Deno.test("parseSafetensors() reads each dtype as the type that the engine computes with", () => {
  const cases: [string, Uint8Array, string, number[]][] = [
    ["F32", bytesOf(Float32Array.of(1.5, -0, NaN)), "f32", [1.5, -0, NaN]],
    ["F16", bytesOf(Uint16Array.of(0x3c00, 0xc000, 0x0001)), "f32", [1, -2, 2 ** -24]],
    ["BF16", bytesOf(Uint16Array.of(0x3f80, 0xc000, 0x7f80)), "f32", [1, -2, Infinity]],
    ["F64", bytesOf(Float64Array.of(0.1, 1e300, -1)), "f32", [Math.fround(0.1), Infinity, -1]],
    ["I8", bytesOf(Int8Array.of(-128, 0, 127)), "i32", [-128, 0, 127]],
    ["I16", bytesOf(Int16Array.of(-32768, 0, 7)), "i32", [-32768, 0, 7]],
    ["I32", bytesOf(Int32Array.of(-(2 ** 31), 0, 7)), "i32", [-(2 ** 31), 0, 7]],
    ["I64", bytesOf(BigInt64Array.of(-(2n ** 31n), 0n, 511n)), "i32", [-(2 ** 31), 0, 511]],
    ["U8", Uint8Array.of(0, 7, 255), "u32", [0, 7, 255]],
    ["U16", bytesOf(Uint16Array.of(0, 7, 65535)), "u32", [0, 7, 65535]],
    ["U32", bytesOf(Uint32Array.of(0, 7, 2 ** 32 - 1)), "u32", [0, 7, 2 ** 32 - 1]],
    ["U64", bytesOf(BigUint64Array.of(0n, 7n, 2n ** 32n - 1n)), "u32", [0, 7, 2 ** 32 - 1]],
    ["BOOL", Uint8Array.of(0, 1, 1), "u32", [0, 1, 1]],
  ];
  for (const [dtype, bytes, expected, values] of cases) {
    const tensor = decode(dtype, bytes, [3]);
    assert.equal(tensor.dtype, expected, dtype);
    assert.deepEqual([...tensor.data], values, dtype);
  }
});

Deno.test("parseSafetensors() refuses values that the engine's type cannot hold, naming the element", () => {
  for (
    const [dtype, bytes] of [
      ["I64", bytesOf(BigInt64Array.of(0n, 2n ** 31n))],
      ["U64", bytesOf(BigUint64Array.of(0n, 2n ** 32n))],
      ["BOOL", Uint8Array.of(1, 2)],
    ] as const
  ) assert.throws(() => decode(dtype, bytes, [2]), { name: "SafetensorsError", message: /tensor "x".*element 1 is/ });
});

Deno.test("parseSafetensors() refuses a dtype that it cannot load; openSafetensors() reads the others", async () => {
  const header = {
    fp8: { dtype: "F8_E4M3", shape: [4], data_offsets: [0, 4] },
    fp4: { dtype: "F4", shape: [2, 4], data_offsets: [4, 8] },
    ok: F32(8, 12),
  };
  const bytes = fileWith(header, bytesOf(Float32Array.of(0, 0, 3)));
  assert.throws(
    () => parseSafetensors(bytes, "f"),
    /f: tensor "fp8": dtype F8_E4M3 cannot be loaded; convert it to F32/,
  );
  const file = await openSafetensors(byteSource(bytes), "f");
  assert.deepEqual([...(await file.read("ok")).data], [3]);
  await assert.rejects(file.read("fp4"), SafetensorsError);
  await assert.rejects(file.read("toString"), /there is no tensor "toString"; ask for one of \["fp8","fp4","ok"\]/);
});

Deno.test("parseSafetensors() reads tensors at any alignment, and lets the file's bytes go", () => {
  const bytes = fileWith({ a: { dtype: "U8", shape: [1], data_offsets: [0, 1] }, b: F32(1, 5) }, [9, 0, 0, 128, 63]);
  const shifted = new Uint8Array(bytes.length + 3).subarray(3);
  shifted.set(bytes);
  const { tensors } = parseSafetensors(shifted, "f");
  shifted.fill(255);
  assert.deepEqual([...tensors.a.data], [9]);
  assert.deepEqual([...tensors.b.data], [1]);
});

Deno.test("openSafetensors() decodes views at odd offsets of a larger buffer", async () => {
  const bytes = fileWith({ x: F32(0, 8) }, bytesOf(Float32Array.of(1, 2)));
  const source: ByteSource = {
    size: bytes.length,
    read: (offset, length) => {
      const buffer = new Uint8Array(length + 1);
      buffer.set(bytes.subarray(offset, offset + length), 1);
      return Promise.resolve(buffer.subarray(1));
    },
  };
  assert.deepEqual([...(await (await openSafetensors(source, "f")).read("x")).data], [1, 2]);
});

Deno.test("openSafetensors() reports a source that delivers less than it promised", async () => {
  const bytes = fileWith({ x: F32(0, 8) }, new Uint8Array(8));
  let reads = 0;
  const source: ByteSource = {
    size: bytes.length,
    read: (offset, length) => Promise.resolve(bytes.slice(offset, offset + length - (reads++ < 2 ? 0 : 1))),
  };
  const file = await openSafetensors(source, "f");
  await assert.rejects(file.read("x"), { name: "SafetensorsError", message: /asked for 8 bytes at .*, got 7/ });
});

Deno.test("parseSafetensors() keeps names that objects treat specially", () => {
  const names = ["__proto__", "constructor", "toString", "0", "", 'ä\u0000"\\'];
  const json = names.map((name, i) => `${JSON.stringify(name)}:${JSON.stringify(F32(4 * i, 4 * i + 4))}`).join();
  const { tensors } = parseSafetensors(fileOf(`{${json}}`, bytesOf(Float32Array.from(names, (_, i) => i))), "f");
  assert.equal(Object.getPrototypeOf(tensors), Object.prototype);
  for (const [i, name] of names.entries()) {
    assert.deepEqual([...Object.getOwnPropertyDescriptor(tensors, name)!.value.data], [i], name);
  }
});

Deno.test("parseSafetensors() accepts empty files, empty tensors, rank 0 and blanks behind the header", () => {
  assert.deepEqual(parseSafetensors(fileOf("{}"), "f"), { tensors: {}, metadata: {} });
  const header = { a: F32(0, 0, [0, 5]), b: F32(0, 4, []), c: F32(4, 4, [3, 0]) };
  const { tensors } = parseSafetensors(fileOf(JSON.stringify(header) + "  \n\t", new Uint8Array(4)), "f");
  assert.deepEqual(tensors.a.shape, [0, 5]);
  assert.deepEqual([...tensors.b.data], [0]);
  assert.equal(tensors.c.data.length, 0);
});

const four = new Uint8Array(4);
const hostile: [what: string, file: Uint8Array, message: RegExp][] = [
  ["an empty file", new Uint8Array(0), /f: 0 bytes are too few for a safetensors header; the file was cut off/],
  ["seven bytes", new Uint8Array(7), /7 bytes are too few/],
  ["a header beyond the file", fileOf("{}", [], 1000), /header of 1000 bytes, but the file has 10/],
  ["a header beyond the limit", fileOf("{}", [], 100_000_001), /100000001 bytes, above the limit of 100000000/],
  ["the largest header", Uint8Array.from({ length: 16 }, () => 255), /header of 18446744073709552000 bytes/],
  ["an empty header", fileOf(""), /the header is no JSON/],
  ["cut JSON", fileOf(`{"a":`), /the header is no JSON/],
  ["bytes that are no UTF-8", fileOf(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d)), /the header is no JSON/],
  ["a byte order mark", fileOf("\ufeff{}"), /the header is no JSON/],
  ["deep nesting", fileOf("[".repeat(2_000_000)), /the header is no JSON/],
  ["a list", fileOf("[1]"), /the header is \[1\], not an object/],
  ["null", fileOf("null"), /the header is null, not an object/],
  [
    "a name twice",
    fileOf(`{"a":${JSON.stringify(F32(0, 4))},"\\u0061":${JSON.stringify(F32(0, 4))}}`, four),
    /"a" twice/,
  ],
  ["metadata that is a list", fileWith({ __metadata__: ["a"] }), /__metadata__ is \["a"\], not an object/],
  ["metadata that is a number", fileWith({ __metadata__: { step: 3 } }), /__metadata__ "step" is 3, not a string/],
  ["a tensor that is a number", fileWith({ a: 3 }), /tensor "a": 3 is no \{dtype, shape, data_offsets\}/],
  ["no dtype", fileWith({ a: { shape: [1], data_offsets: [0, 4] } }, four), /unknown dtype undefined/],
  ["an unknown dtype", fileWith({ a: { dtype: "toString", shape: [1], data_offsets: [0, 4] } }, four), /"toString"/],
  ["no shape", fileWith({ a: { dtype: "F32", data_offsets: [0, 4] } }, four), /shape undefined is no list/],
  ["a negative size", fileWith({ a: F32(0, 4, [-1]) }, four), /shape \[-1\] is no list of whole numbers/],
  ["two negative sizes", fileWith({ a: F32(0, 4, [-1, -1]) }, four), /shape \[-1,-1\] is no list/],
  ["a fraction", fileWith({ a: F32(0, 4, [0.5, 2]) }, four), /shape \[0\.5,2\] is no list/],
  ["text as size", fileWith({ a: F32(0, 4, ["1"]) }, four), /shape \["1"\] is no list/],
  ["a huge size", fileWith({ a: F32(0, 4, [1e300]) }, four), /shape \[1e\+300\] is no list/],
  ["sizes that overflow", fileWith({ a: F32(0, 4, [2 ** 52, 2 ** 52, 0]) }, four), /more elements than any file/],
  ["sizes that wrap at 2^64", fileWith({ a: F32(0, 4, [2 ** 32, 2 ** 32]) }, four), /more elements than any file/],
  ["a shape that disagrees", fileWith({ a: F32(0, 4, [2]) }, four), /F32 \[2\] takes 8 bytes, but .*\[0,4\] hold 4/],
  ["half a byte", fileWith({ a: { dtype: "F4", shape: [1], data_offsets: [0, 1] } }, [0]), /F4 \[1\] takes 0.5 bytes/],
  ["offsets backwards", fileWith({ a: F32(4, 0, [0]) }, four), /data_offsets \[4,0\] are no \[begin, end\]/],
  ["three offsets", fileWith({ a: { dtype: "F32", shape: [1], data_offsets: [0, 4, 4] } }, four), /\[0,4,4\] are no/],
  ["negative offsets", fileWith({ a: F32(-4, 0, [1]) }, four), /\[-4,0\] are no/],
  ["an end beyond the file", fileWith({ a: F32(0, 8) }, four), /tensor "a": ends at byte .*; the file was cut off/],
  ["a huge end", fileWith({ a: F32(0, 2 ** 40) }, four), /tensor "a": ends at byte/],
  ["an overlap", fileWith({ a: F32(0, 8), b: F32(4, 12) }, new Uint8Array(12)), /"b": begins at byte 4 and overlaps/],
  ["one range twice", fileWith({ a: F32(0, 4), b: F32(0, 4) }, four), /"b": begins at byte 0 and overlaps/],
  ["a gap", fileWith({ a: F32(0, 4), b: F32(8, 12) }, new Uint8Array(12)), /"b": begins at byte 8 and leaves a gap/],
  ["a gap at the start", fileWith({ a: F32(4, 8) }, new Uint8Array(8)), /"a": begins at byte 4 and leaves a gap/],
  ["bytes behind the last", fileWith({ a: F32(0, 4) }, new Uint8Array(6)), /2 bytes lie behind the last tensor/],
];

Deno.test("parseSafetensors() and openSafetensors() name what is wrong with a hostile file", async (t) => {
  for (const [what, file, message] of hostile) {
    await t.step(what, async () => {
      assert.throws(() => parseSafetensors(file, "f"), { name: "SafetensorsError", message });
      await assert.rejects(openSafetensors(byteSource(file), "f"), { name: "SafetensorsError", message });
    });
  }
});

Deno.test("errors stay one readable line, however long the hostile value is", () => {
  const file = fileWith({ ["n".repeat(1e6)]: F32(0, 4, Array(1e6).fill(-1)) }, four);
  assert.throws(() => parseSafetensors(file, "f"), (error: Error) => error.message.length < 400);
});

const sample = writeSafetensors({
  weight: { shape: [3, 2], dtype: "f32", data: Float32Array.of(1, 2, 3, 4, 5, 6) },
  ids: { shape: [3], dtype: "i32", data: Int32Array.of(1, 2, 3) },
}, { format: "pt" });

/** Parses, and fails for anything but success or a SafetensorsError; no tensor may be larger than its file. */
function tryParse(bytes: Uint8Array): boolean {
  try {
    const { tensors } = parseSafetensors(bytes, "f");
    for (const { data } of Object.values(tensors)) assert.ok(data.length <= 2 * bytes.length);
    return true;
  } catch (error) {
    assert.ok(error instanceof SafetensorsError, String(error));
    return false;
  }
}

Deno.test("parseSafetensors() of every truncation of a file is a SafetensorsError", () => {
  for (let length = 0; length < sample.length; length++) {
    assert.equal(tryParse(sample.slice(0, length)), false, `${length}`);
  }
  assert.ok(tryParse(sample));
});

Deno.test("parseSafetensors() of a file with changed bytes succeeds or is a SafetensorsError", () => {
  const change = fc.tuple(fc.nat(sample.length - 1), fc.nat(255));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
      const bytes = sample.slice();
      for (const [at, value] of changes) bytes[at] = value;
      tryParse(bytes);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("parseSafetensors() of a hostile entry succeeds or is a SafetensorsError", () => {
  const number = fc.oneof(fc.nat(16), fc.constantFrom(-1, -0, 0.5, 2 ** 31, 2 ** 32, 2 ** 53, 1e300), fc.jsonValue());
  const entry = fc.record({
    dtype: fc.constantFrom("F32", "F16", "BOOL", "I64", "F4", "U8", "X"),
    shape: fc.oneof(fc.array(number, { maxLength: 4 }), fc.jsonValue()),
    data_offsets: fc.oneof(fc.array(number, { maxLength: 3 }), fc.jsonValue()),
  }, { requiredKeys: [] });
  const header = fc.dictionary(fc.constantFrom("a", "b", "__metadata__"), entry);
  fc.assert(
    fc.property(header, fc.uint8Array({ maxLength: 32 }), (value, data) => {
      tryParse(fileWith(value, data));
    }),
    { numRuns: 1000 },
  );
});
