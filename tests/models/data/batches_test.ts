import assert from "node:assert/strict";
import fc from "fast-check";
import { type Batch, evaluationBatches, trainingBatches } from "../../../models/data/batches.ts";
import { type ImageShape, makeSplit, type Split } from "../../../models/data/dataset.ts";

/** Row `i` has label `i` and all bytes `i % 256`, so that a batch shows where its rows come from. */
function numbered(count: number, shape: ImageShape = [1, 2, 2]): Split {
  const pixels = shape[0] * shape[1] * shape[2];
  const images = Uint8Array.from({ length: count * pixels }, (_, i) => Math.floor(i / pixels));
  return makeSplit(images, Uint32Array.from({ length: count }, (_, i) => i), shape, "numbered");
}

function take(batches: Iterator<Batch>, count: number): Batch[] {
  return Array.from({ length: count }, () => batches.next().value as Batch);
}

const counts = fc.integer({ min: 1, max: 40 });
const sizes = fc.integer({ min: 1, max: 50 });
const seeds = fc.nat();

Deno.test("trainingBatches() shows every row once per epoch, always in full batches", () => {
  fc.assert(fc.property(counts, sizes, seeds, (count, size, seed) => {
    const batches = take(trainingBatches(numbered(count), size, seed), Math.ceil(3 * count / size));
    const labels = batches.flatMap((batch) => [...batch.labels.data]);
    for (let epoch = 0; epoch < 3; epoch++) {
      const seen = labels.slice(epoch * count, (epoch + 1) * count).sort((a, b) => a - b);
      assert.deepEqual(seen, [...Array(count).keys()]);
    }
    for (const batch of batches) {
      assert.deepEqual(batch.images.shape, [size, 1, 2, 2]);
      assert.deepEqual([...batch.valid.data], Array(size).fill(1));
    }
  }));
});

Deno.test("trainingBatches() repeats for a seed; started later it continues as if run from the beginning", () => {
  fc.assert(fc.property(counts, sizes, seeds, fc.nat(8), (count, size, seed, start) => {
    const split = numbered(count);
    const all = take(trainingBatches(split, size, seed), start + 3);
    assert.deepEqual(take(trainingBatches(split, size, seed, start), 3), all.slice(start));
  }));
});

Deno.test("trainingBatches() shuffles: other orders for other seeds and epochs", () => {
  const split = numbered(100);
  const [first, second] = take(trainingBatches(split, 100, 1), 2);
  const [other] = take(trainingBatches(split, 100, 2), 1);
  assert.notDeepEqual(first.labels.data, second.labels.data);
  assert.notDeepEqual(first.labels.data, other.labels.data);
});

Deno.test("evaluationBatches() has all rows in order; the last batch is padded and masked", () => {
  fc.assert(fc.property(counts, sizes, (count, size) => {
    const batches = [...evaluationBatches(numbered(count), size)];
    assert.equal(batches.length, Math.ceil(count / size));
    const labels = batches.flatMap(({ labels }) => [...labels.data]);
    const valid = batches.flatMap(({ valid }) => [...valid.data]);
    const images = batches.flatMap(({ images }) => [...images.data]);
    const padding = batches.length * size - count;
    assert.deepEqual(labels, [...Array(count).keys(), ...Array(padding).fill(0)]);
    assert.deepEqual(valid, [...Array(count).fill(1), ...Array(padding).fill(0)]);
    assert.deepEqual(images.slice(4 * count), Array(4 * padding).fill(0));
    for (let i = 0; i < count; i++) assert.equal(images[4 * i], Math.fround(i / 255));
  }));
});

Deno.test("batches normalise each channel by its own table", () => {
  const split = { ...numbered(3, [2, 1, 2]), values: Float32Array.from({ length: 512 }, (_, i) => i) };
  const [batch] = evaluationBatches(split, 3);
  assert.deepEqual([...batch.images.data], [0, 0, 256, 256, 1, 1, 257, 257, 2, 2, 258, 258]);
  assert.deepEqual([batch.images.dtype, batch.labels.dtype, batch.valid.dtype], ["f32", "u32", "f32"]);
});

Deno.test("batches refuse sizes that are not whole numbers, 1 or more", () => {
  for (const size of [0, -1, 1.5, NaN, Infinity]) {
    assert.throws(() => trainingBatches(numbered(3), size, 1), { name: "DataError", message: /^batch size/ });
    assert.throws(() => evaluationBatches(numbered(3), size), { name: "DataError", message: /^batch size/ });
  }
  assert.throws(() => trainingBatches(numbered(3), 1, 1, -1), /first batch -1/);
});
