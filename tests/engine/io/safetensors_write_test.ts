import assert from "node:assert/strict";
import fc from "fast-check";
import type { HostTensor } from "../../../engine/host.ts";
import { byteSource } from "../../../engine/io/byte_source.ts";
import { openSafetensors, parseSafetensors } from "../../../engine/io/safetensors.ts";
import { safetensorsChunks, writeSafetensors } from "../../../engine/io/safetensors_write.ts";

const shapes = fc.array(fc.nat(4), { maxLength: 4 });
const tensors: fc.Arbitrary<HostTensor> = fc.tuple(
  shapes,
  fc.constantFrom("f32", "i32", "u32"),
  fc.infiniteStream(fc.nat()),
)
  .map(([shape, dtype, words]) => {
    const bits = Uint32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => words.next().value! * 2 + 1);
    const data = dtype === "f32" ? new Float32Array(bits.buffer) : dtype === "i32" ? new Int32Array(bits.buffer) : bits;
    return { shape, dtype, data };
  });
const names = fc.string({ unit: "binary", maxLength: 8 }).filter((name) =>
  name !== "__metadata__" && name.isWellFormed()
);
const files = fc.dictionary(names, tensors, { maxKeys: 6, noNullPrototype: true });
const notes = fc.dictionary(names, names, { maxKeys: 4, noNullPrototype: true });

/** Compared as bits: NaN payloads and signs of zero count. */
const bits = (tensor: HostTensor): unknown => ({
  ...tensor,
  data: [...new Uint32Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.length)],
});

Deno.test("writeSafetensors() then parseSafetensors() gives back every bit", () => {
  fc.assert(fc.property(files, notes, (given, metadata) => {
    const parsed = parseSafetensors(writeSafetensors(given, metadata), "f");
    assert.deepEqual(Object.keys(parsed.tensors).sort(), Object.keys(given).sort());
    for (const [name, tensor] of Object.entries(given)) {
      assert.deepEqual(bits(parsed.tensors[name]), bits(tensor), name);
    }
    assert.deepEqual(Object.entries(parsed.metadata).sort(), Object.entries(metadata).sort());
  }));
});

Deno.test("openSafetensors() reads what writeSafetensors() wrote, tensor by tensor", async () => {
  await fc.assert(fc.asyncProperty(files, async (given) => {
    const file = await openSafetensors(byteSource(writeSafetensors(given)), "f");
    for (const [name, tensor] of Object.entries(given)) assert.deepEqual(bits(await file.read(name)), bits(tensor));
  }));
});

Deno.test("writeSafetensors() writes the same bytes in whatever order the tensors come, aligned to 8", () => {
  fc.assert(fc.property(files, notes, (given, metadata) => {
    const bytes = writeSafetensors(given, metadata);
    const reverse = <T>(record: Record<string, T>): Record<string, T> =>
      Object.fromEntries(Object.entries(record).reverse());
    assert.deepEqual(writeSafetensors(reverse(given), reverse(metadata)), bytes);
    assert.equal(new DataView(bytes.buffer).getBigUint64(0, true) % 8n, 0n);
  }));
});

Deno.test("writeSafetensors() writes exactly the bytes that the format asks for", () => {
  const data = Float32Array.of(1);
  const bytes = writeSafetensors({ "2": { shape: [], dtype: "f32", data }, "10": { shape: [1], dtype: "f32", data } }, {
    format: "pt",
  });
  const header = `{"__metadata__":{"format":"pt"},"10":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},` +
    `"2":{"dtype":"F32","shape":[],"data_offsets":[4,8]}}`;
  assert.equal(new TextDecoder().decode(bytes.subarray(8, -8)), header.padEnd(Math.ceil(header.length / 8) * 8));
  assert.deepEqual([...bytes.subarray(-8)], [0, 0, 128, 63, 0, 0, 128, 63]);
});

Deno.test("safetensorsChunks() concatenated is what writeSafetensors() returns, and copies no element", () => {
  const buffer = Float32Array.of(0, 1, 2, 3);
  const given: Record<string, HostTensor> = { a: { shape: [2], dtype: "f32", data: buffer.subarray(1, 3) } };
  const chunks = safetensorsChunks(given);
  assert.equal(chunks[1].buffer, buffer.buffer);
  assert.deepEqual(new Uint8Array(chunks.flatMap((chunk) => [...chunk])), writeSafetensors(given));
});

Deno.test("writeSafetensors() refuses what a file cannot hold", () => {
  const data = Float32Array.of(1);
  const good: HostTensor = { shape: [1], dtype: "f32", data };
  const write = (name: string, tensor: HostTensor, metadata = {}): Uint8Array =>
    writeSafetensors({ [name]: tensor }, metadata, "out");
  const error = (message: RegExp): object => ({ name: "SafetensorsError", message });
  assert.throws(() => write("__metadata__", good), error(/out: tensor "__metadata__": the name is reserved/));
  assert.throws(() => write("a", { ...good, dtype: "f16" }), error(/tensor "a": dtype f16 cannot be written; .*f32/));
  assert.throws(() => write("a", { ...good, shape: [2] }), error(/tensor "a": shape \[2\] for 1 elements/));
  assert.throws(() => write("a", { ...good, shape: [-1, -1] }), error(/shape \[-1,-1\] for 1 elements/));
  assert.throws(() => write("\ud800", good), error(/half a surrogate pair/));
  assert.throws(() => write("a", good, { step: 1 }), error(/metadata "step" is 1; metadata values are strings/));
});

Deno.test("writeSafetensors() writes 16 bits as they are, behind wider elements, and they are read as f32", () => {
  const file = writeSafetensors({
    a: { shape: [3], dtype: "F16", data: Uint16Array.of(0x3c00, 0x8000, 0x0001) },
    b: { shape: [1, 1], dtype: "BF16", data: Uint16Array.of(0xc020) },
    c: { shape: [1], dtype: "f32", data: Float32Array.of(1.5) },
  });
  const { tensors } = parseSafetensors(file, "f");
  assert.deepEqual(Object.keys(tensors), ["c", "a", "b"]);
  assert.deepEqual([...tensors.a!.data], [1, -0, 2 ** -24]);
  assert.deepEqual(tensors.b, { shape: [1, 1], dtype: "f32", data: Float32Array.of(-2.5) });
  assert.deepEqual([...tensors.c!.data], [1.5]);
});
