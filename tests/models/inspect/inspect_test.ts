/** Statistics of tensors, of groups and against masks, from memory and from files. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { byteSource, type HostTensor, openSafetensors, writeSafetensors } from "../../../engine/mod.ts";
import { networkOf } from "../../../models/families.ts";
import { inspectTensors } from "../../../models/inspect/inspect.ts";
import { packTensors } from "../../../models/packed/pack.ts";
import { unpackedFile } from "../../../models/packed/unpack.ts";

const f32 = (shape: readonly number[], values: ArrayLike<number>): HostTensor => ({
  shape,
  dtype: "f32",
  data: Float32Array.from(values),
});
const u32 = (words: readonly number[]): HostTensor => ({
  shape: [words.length],
  dtype: "u32",
  data: Uint32Array.from(words),
});

const matrices = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 11 })).chain(([rows, columns]) =>
  fc.array(fc.constantFrom(0, 0, 0, -0, 1, -2.5, 0.25, NaN, -Infinity), {
    minLength: rows * columns,
    maxLength: rows * columns,
  }).map((values) => f32([rows, columns], values))
);

Deno.test("inspectTensors() counts what a plain count of the matrix gives", async () => {
  await fc.assert(
    fc.asyncProperty(matrices, async (weight) => {
      const { tensors: [found] } = await inspectTensors({ weight }, { patterns: [[2, 4], [1, 3]] });
      const [rows, columns] = weight.shape as [number, number];
      const values = [...weight.data];
      const lines = Array.from({ length: rows }, (_, row) => values.slice(row * columns, (row + 1) * columns));
      const across = Array.from({ length: columns }, (_, column) => lines.map((line) => line[column]!));
      const zero = (line: number[]): boolean => line.every((value) => value === 0);
      const finite = values.filter(Number.isFinite);
      const magnitudes = finite.map(Math.abs);
      const groups = (n: number, m: number) => {
        const all = lines.flatMap((line) =>
          Array.from({ length: Math.ceil(columns / m) }, (_, i) => line.slice(i * m, (i + 1) * m))
        );
        return {
          groups: all.length,
          violations: all.filter((group) => group.filter((value) => value !== 0).length > n).length,
        };
      };
      const zeros = values.filter((value) => value === 0).length;
      assert.deepEqual(found, {
        name: "weight",
        dtype: "f32",
        prunable: false,
        shape: weight.shape,
        elements: values.length,
        zeros,
        density: 1 - zeros / values.length,
        min: finite.length ? Math.min(...finite) + 0 : 0,
        max: finite.length ? Math.max(...finite) + 0 : 0,
        meanMagnitude: finite.length ? magnitudes.reduce((a, b) => a + b, 0) / finite.length : 0,
        leastMagnitude: Math.min(...magnitudes.filter((value) => value > 0), Infinity) % Infinity || 0,
        nonFinite: values.length - finite.length,
        rows: { count: rows, zero: lines.filter(zero).length },
        columns: { count: columns, zero: across.filter(zero).length },
        patterns: { "2:4": groups(2, 4), "1:3": groups(1, 3) },
      });
    }),
    { numRuns: 200 },
  );
});

Deno.test("inspectTensors() compares tensors with their masks", async () => {
  // Weights 0 and 33 are pruned; 33 is not zero, and 1 is zero although it is kept.
  const data = Array.from({ length: 40 }, (_, i) => i + 1);
  data[0] = data[1] = 0;
  const params = { weight: f32([4, 10], data), bias: f32([4], [0, 0, 1, 1]) };
  const masks = { weight: u32([0xfffffffe, 0xfd]) };
  const { tensors } = await inspectTensors(params, { masks });
  assert.deepEqual(tensors[0]!.mask, { pruned: 2, nonZeroPruned: 1, zeroKept: 1 });
  assert.ok(!("mask" in tensors[1]!));
  const file = await openSafetensors(byteSource(writeSafetensors(masks)), "masks.safetensors");
  assert.deepEqual((await inspectTensors(params, { masks: file })).tensors, tensors);

  const refuses = (masks: Record<string, HostTensor>, message: RegExp) =>
    assert.rejects(inspectTensors(params, { masks }), { name: "CheckpointError", message });
  await refuses({ weight: u32([1]) }, /that of weight is u32 \[1\], but \[4,10\] takes u32 \[2\].*masks of this model/);
  await refuses({ weight: f32([2], [1, 1]) }, /that of weight is f32 \[2\]/);
  await refuses({ weight: masks.weight, other: u32([1]) }, /1 of 2 are of no tensor here, such as other/);
});

Deno.test("inspectTensors() sums over layers, prunable tensors, heads and neurons, from memory and from a packed file", async () => {
  const config = {
    model_type: "bert",
    hidden_size: 8,
    num_hidden_layers: 11,
    num_attention_heads: 4,
    intermediate_size: 6,
    vocab_size: 9,
    max_position_embeddings: 5,
  };
  const network = await networkOf({ name: "tiny", config, params: {} }, {
    head: "classification",
    labels: ["no", "yes"],
    seed: 1,
  });
  const params = Object.fromEntries(
    Object.entries(network.params).map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() }]),
  );
  const layer = "bert.encoder.layer.10";
  // Head 2 is rows and columns 4 and 5; neuron 3 lacks its column still, neuron 5 is zero as a whole.
  for (const part of ["query", "key", "value"]) params[`${layer}.attention.self.${part}.weight`]!.data.fill(0, 32, 48);
  const output = params[`${layer}.attention.output.dense.weight`]!;
  for (let row = 0; row < 8; row++) output.data.fill(0, row * 8 + 4, row * 8 + 6);
  const [first, second] = [params[`${layer}.intermediate.dense.weight`]!, params[`${layer}.output.dense.weight`]!];
  first.data.fill(0, 24, 32).fill(0, 40, 48);
  for (let row = 0; row < 8; row++) second.data[row * 6 + 5] = 0;

  const { groups, isPrunable } = network;
  const inspection = await inspectTensors(params, { groups, isPrunable });
  const names = Object.keys(inspection.layers);
  assert.deepEqual(names, Array.from({ length: 11 }, (_, i) => `bert.encoder.layer.${i}`));
  const found = inspection.layers[layer]!;
  assert.deepEqual(found.heads, { count: 4, zero: 1, indices: [2] });
  assert.deepEqual(found.neurons, { count: 6, zero: 1, indices: [5] });
  assert.deepEqual(inspection.layers[names[9]!]!.heads, { count: 4, zero: 0, indices: [] });
  assert.equal(found.prunable.elements, 4 * 64 + 2 * 48);
  assert.equal(found.prunable.zeros, 4 * 16 + 2 * 8 + 8);
  assert.equal(found.elements, 4 * 64 + 2 * 48 + 5 * 8 + 6 + 4 * 8);
  assert.equal(inspection.total.tensors, Object.keys(params).length);
  assert.equal(inspection.prunable.elements, 11 * (4 * 64 + 2 * 48) + 64);
  assert.equal(inspection.prunable.zeros, 88);
  assert.equal(inspection.prunable.density, 1 - 88 / inspection.prunable.elements);
  assert.equal(inspection.prunable.elements + inspection.other.elements, inspection.total.elements);

  const packed = packTensors(params);
  const bytes = writeSafetensors(packed.tensors, packed.metadata);
  const file = unpackedFile(await openSafetensors(byteSource(bytes), "f"), "f");
  const again = await inspectTensors(file, { groups, isPrunable });
  assert.deepEqual(again.layers, inspection.layers);
  const byName = (all: typeof inspection) => new Map(all.tensors.map(({ dtype: _, ...rest }) => [rest.name, rest]));
  assert.deepEqual([...byName(again)].sort(), [...byName(inspection)].sort());

  const { [`${layer}.output.dense.weight`]: _, ...less } = params;
  await assert.rejects(inspectTensors(less, { groups }), {
    name: "CheckpointError",
    message: /no bert\.encoder\.layer\.10\.output\.dense\.weight, a part of the model's groups/,
  });
  const narrow = { ...params, [`${layer}.output.dense.weight`]: f32([8, 5], new Float32Array(40)) };
  await assert.rejects(inspectTensors(narrow, { groups }), {
    name: "CheckpointError",
    message: /is \[8,5\], too small for 6 groups of 1 columns/,
  });
});

Deno.test("inspectTensors() holds one tensor at a time", async () => {
  let open = 0, most = 0;
  const read = async (): Promise<HostTensor> => {
    most = Math.max(most, ++open);
    await new Promise((resolve) => setTimeout(resolve));
    open--;
    return f32([1], [1]);
  };
  const entries = Array.from({ length: 5 }, (_, i) => ({ name: `${i}`, dtype: "F32", shape: [1] }));
  const { total } = await inspectTensors({ entries, read });
  assert.deepEqual([most, total.elements], [1, 5]);
});
