/** Packing: every bit comes back, no file gets larger, 16 bits only where they are exact. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { byteSource, openSafetensors, parseSafetensors, writeSafetensors } from "../../../engine/mod.ts";
import { halfToFloat } from "../../../engine/io/half.ts";
import { loadCheckpoint } from "../../../models/checkpoint.ts";
import { memoryFolder } from "../../../models/folder.ts";
import { exactHalves } from "../../../models/packed/halves.ts";
import { packTensors } from "../../../models/packed/pack.ts";
import { unpackedFile, unpackTensors } from "../../../models/packed/unpack.ts";
import { bits, f32, records, tensors } from "./support.ts";

const options = fc.record({ halves: fc.boolean() }, { requiredKeys: [] });

Deno.test("packTensors() then unpackTensors() gives back every bit, directly and through a file", () => {
  let packings = 0;
  fc.assert(
    fc.property(records, options, (params, options) => {
      const packed = packTensors(params, options);
      packings += Object.keys(packed.metadata).length;
      assert.deepEqual(bits(unpackTensors(packed.tensors, packed.metadata, "f").tensors), bits(params));
      const file = parseSafetensors(writeSafetensors(packed.tensors, { ...packed.metadata, format: "pt" }), "f");
      const back = unpackTensors(file.tensors, file.metadata, "f");
      assert.deepEqual(bits(back.tensors), bits(params));
      assert.deepEqual(back.metadata, { format: "pt" });
    }),
    { numRuns: 300 },
  );
  assert.ok(packings > 30, `only ${packings} of 300 records had something to pack`);
});

Deno.test("loadCheckpoint() and unpackedFile() read packed files as if they were dense", async () => {
  const large = f32([40, 50], Array.from({ length: 2000 }, (_, i) => i % 7 ? 0 : i === 7 ? -0 : Math.sin(i)));
  await fc.assert(
    fc.asyncProperty(records, async (record) => {
      const params = { ...record, large };
      const packed = packTensors(params);
      const bytes = writeSafetensors(packed.tensors, { format: "pt", ...packed.metadata });
      const files = { "config.json": "{}", "model.safetensors": bytes };
      const checkpoint = await loadCheckpoint(memoryFolder(files, "dir"));
      assert.deepEqual(bits(checkpoint.params), bits(params));
      assert.deepEqual(checkpoint.metadata, { format: "pt" });

      const open = unpackedFile(await openSafetensors(byteSource(bytes), "f"), "f");
      assert.deepEqual(open.entries.map(({ name }) => name).sort(), Object.keys(params).sort());
      assert.equal(
        open.entries.reduce((sum, { byteLength }) => sum + byteLength, 0),
        Object.values(packed.tensors).reduce((sum, { data }) => sum + data.byteLength, 0),
      );
      for (const { name, shape } of open.entries) assert.deepEqual(shape, params[name as "large"].shape);
    }),
    { numRuns: 60 },
  );
});

Deno.test("packTensors() never makes a file larger", () => {
  fc.assert(
    fc.property(records, options, (params, options) => {
      const packed = packTensors(params, options);
      const size = writeSafetensors(packed.tensors, packed.metadata).length;
      assert.ok(size <= writeSafetensors(params).length, `${size} > ${writeSafetensors(params).length}`);
    }),
    { numRuns: 300 },
  );
});

Deno.test("packTensors() stores a bit for each weight and the values, and leaves alone what it may not touch", () => {
  const sparse = f32([64, 64], Array.from({ length: 4096 }, (_, i) => i % 10 ? 0 : i / 3));
  const dense = f32([64, 64], Array.from({ length: 4096 }, (_, i) => i + 0.1));
  const params = { sparse, dense, other: sparse, small: f32([4], [0, 0, 0, 1]) };
  const packed = packTensors(params, { names: ["sparse", "dense", "small"] });
  assert.deepEqual(Object.keys(packed.tensors), ["sparse.mask", "sparse.values", "dense", "other", "small"]);
  assert.equal(packed.tensors.dense, dense);
  assert.deepEqual(packed.metadata, {
    "seven.packed": `{"version":1,"tensors":[{"name":"sparse","dtype":"F32","shape":[64,64]}]}`,
  });
  const mask = packed.tensors["sparse.mask"]!;
  assert.deepEqual(mask.shape, [128]);
  sparse.data.forEach((value, i) => assert.equal((mask.data[i >> 5]! >>> (i & 31)) & 1, value === 0 ? 0 : 1));
  assert.deepEqual([...packed.tensors["sparse.values"]!.data], [...sparse.data].filter((value) => value !== 0));
  // Names that are taken by others are not used.
  const clash = packTensors({ x: sparse, "x.mask": sparse });
  assert.deepEqual(Object.keys(clash.tensors), ["x", "x.mask.mask", "x.mask.values"]);
});

Deno.test("packTensors() keeps -0, which is no zero of its, and makes it the only value", () => {
  const data = new Float32Array(4096);
  data[77] = -0;
  const packed = packTensors({ x: { shape: [4096], dtype: "f32", data } });
  assert.deepEqual(packed.tensors["x.values"], { shape: [1], dtype: "BF16", data: Uint16Array.of(0x8000) });
  assert.ok(Object.is(unpackTensors(packed.tensors, packed.metadata, "f").tensors.x!.data[77], -0));
});

Deno.test("packTensors() uses 16 bits for values that they hold and only when it may", () => {
  const of = (value: (i: number) => number): Record<string, ReturnType<typeof f32>> => ({
    x: f32([4096], Array.from({ length: 4096 }, (_, i) => i % 4 ? 0 : value(i))),
  });
  const dtype = (value: (i: number) => number, halves?: boolean): string =>
    packTensors(of(value), halves === undefined ? {} : { halves }).tensors["x.values"]!.dtype;
  assert.equal(dtype(() => 1.5), "BF16");
  assert.equal(dtype(() => 1 + 1 / 1024), "F16");
  assert.equal(dtype((i) => i === 4 ? 1e-30 : 1 + 1 / 1024), "f32");
  assert.equal(dtype(() => 0.1), "f32");
  assert.equal(dtype(() => 1.5, false), "f32");
});

Deno.test("exactHalves() finds every value of F16 and BF16, and nothing else", () => {
  const halves = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const wide = new Uint32Array(halfToFloat(halves).buffer);
  assert.deepEqual(exactHalves(wide), { shape: [65536], dtype: "F16", data: halves });
  const upper = Uint32Array.from(halves, (half) => half << 16);
  assert.deepEqual(exactHalves(upper), { shape: [65536], dtype: "BF16", data: halves });
  const known = new Set(wide);
  fc.assert(
    fc.property(fc.oneof(fc.nat(0xffffffff), fc.constantFrom(...wide).map((bits) => (bits ^ 0x1000) >>> 0)), (word) => {
      // 0x3f801fff is in neither, so BF16 is not an answer for the other.
      const alone = exactHalves(Uint32Array.of(word));
      assert.equal(alone !== undefined, known.has(word) || (word & 0xffff) === 0, word.toString(16));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("unpackedFile() leaves a file without packed tensors alone", async () => {
  await fc.assert(
    fc.asyncProperty(tensors, async (tensor) => {
      const file = await openSafetensors(byteSource(writeSafetensors({ tensor })), "f");
      assert.equal(unpackedFile(file, "f"), file);
    }),
    { numRuns: 10 },
  );
});
