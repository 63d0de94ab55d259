import assert from "node:assert/strict";
import fc from "fast-check";
import { type HostTensor, hostTensor } from "../../../engine/mod.ts";
import { evaluationBatches, type OrderedBatch, trainingBatches } from "../../../models/data/batches.ts";
import type { Batch, Split } from "../../../models/data/split.ts";

/** Row `i` has label `i`. With lengths, a batch says its longest; with randomness, it draws a number. */
function numbered(count: number, lengths?: readonly number[]): Split {
  return {
    name: "numbered",
    count,
    labels: Array.from({ length: count }, (_, i) => i),
    ...(lengths ? { lengths } : {}),
    gather(rows, size, random) {
      const values = (make: (i: number) => number): HostTensor =>
        hostTensor(Float32Array.from({ length: size }, (_, i) => i < rows.length ? make(i) : 0));
      return {
        labels: values((i) => rows[i]!),
        valid: values(() => 1),
        drawn: hostTensor(new Float32Array([random?.uniform() ?? -1])),
      };
    },
  };
}

async function take(batches: AsyncIterator<Batch>, count: number): Promise<Batch[]> {
  const taken: Batch[] = [];
  while (taken.length < count) taken.push((await batches.next()).value as Batch);
  return taken;
}

async function all(batches: AsyncIterable<OrderedBatch>): Promise<OrderedBatch[]> {
  const taken: OrderedBatch[] = [];
  for await (const batch of batches) taken.push(batch);
  return taken;
}

const counts = fc.integer({ min: 1, max: 40 });
const sizes = fc.integer({ min: 1, max: 50 });
const seeds = fc.nat();

Deno.test("trainingBatches() shows every row once per epoch, always in full batches", async () => {
  await fc.assert(fc.asyncProperty(counts, sizes, seeds, async (count, size, seed) => {
    const batches = await take(trainingBatches(numbered(count), size, seed), Math.ceil(3 * count / size));
    const labels = batches.flatMap((batch) => [...batch.labels!.data]);
    for (let epoch = 0; epoch < 3; epoch++) {
      const seen = labels.slice(epoch * count, (epoch + 1) * count).sort((a, b) => a - b);
      assert.deepEqual(seen, [...Array(count).keys()]);
    }
    for (const batch of batches) assert.deepEqual([...batch.valid!.data], Array(size).fill(1));
  }));
});

Deno.test("trainingBatches() repeats for a seed; started later it continues as if run from the beginning", async () => {
  await fc.assert(fc.asyncProperty(counts, sizes, seeds, fc.nat(8), async (count, size, seed, start) => {
    const split = numbered(count);
    const batches = await take(trainingBatches(split, size, seed), start + 3);
    assert.deepEqual(await take(trainingBatches(split, size, seed, { start }), 3), batches.slice(start));
  }));
});

Deno.test("trainingBatches() shuffles and draws anew: for other seeds, epochs and batches", async () => {
  const split = numbered(100);
  const [first, second] = await take(trainingBatches(split, 100, 1), 2);
  const [other] = await take(trainingBatches(split, 100, 2), 1);
  assert.notDeepEqual(first!.labels!.data, second!.labels!.data);
  assert.notDeepEqual(first!.labels!.data, other!.labels!.data);
  const drawn = [first, second, other].map((batch) => batch!.drawn!.data[0]);
  assert.equal(new Set(drawn).size, 3);
});

Deno.test("trainingBatches() grouped by length: the same rows per epoch, of similar length in a batch, resumable", async () => {
  const lengths = Array.from({ length: 400 }, (_, i) => 1 + i * 7 % 50);
  const split = numbered(400, lengths);
  const batches = await take(trainingBatches(split, 8, 3, { groupByLength: true }), 100);
  const labels = batches.flatMap((batch) => [...batch.labels!.data]);
  for (const epoch of [labels.slice(0, 400), labels.slice(400)]) {
    assert.deepEqual(epoch.sort((a, b) => a - b), [...Array(400).keys()]);
  }
  for (const batch of batches) {
    const own = [...batch.labels!.data].map((row) => lengths[row]!);
    assert.ok(Math.max(...own) - Math.min(...own) <= 2, `${own}`);
  }
  const longest = batches.map((batch) => Math.max(...[...batch.labels!.data].map((row) => lengths[row]!)));
  assert.notDeepEqual(longest.slice(0, 50), longest.slice(0, 50).sort((a, b) => a - b), "in random order");
  const later = await take(trainingBatches(split, 8, 3, { groupByLength: true, start: 57 }), 20);
  assert.deepEqual(later, batches.slice(57, 77));
});

Deno.test("evaluationBatches() has all rows in order, without randomness; the last batch is padded", async () => {
  await fc.assert(fc.asyncProperty(counts, sizes, async (count, size) => {
    const batches = await all(evaluationBatches(numbered(count), size));
    assert.equal(batches.length, Math.ceil(count / size));
    assert.deepEqual(batches.flatMap(({ rows }) => [...rows]), [...Array(count).keys()]);
    const padding = Array(batches.length * size - count).fill(0);
    const values = (name: string) => batches.flatMap(({ batch }) => [...batch[name]!.data]);
    assert.deepEqual(values("labels"), [...Array(count).keys(), ...padding]);
    assert.deepEqual(values("valid"), [...Array(count).fill(1), ...padding]);
    assert.ok(batches.every(({ batch }) => batch.drawn!.data[0] === -1));
  }));
});

Deno.test("evaluationBatches() takes rows of similar length together, each once", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(9), { minLength: 1, maxLength: 40 }), sizes, async (lengths, size) => {
      const batches = await all(evaluationBatches(numbered(lengths.length, lengths), size));
      const rows = batches.flatMap(({ rows }) => [...rows]);
      const sorted = rows.map((row) => lengths[row]!);
      assert.deepEqual(sorted, [...sorted].sort((a, b) => a - b));
      assert.deepEqual([...rows].sort((a, b) => a - b), [...lengths.keys()]);
    }),
  );
});

Deno.test("sizes and starts that cannot be are refused", () => {
  const split = numbered(3);
  for (const size of [0, -1, 1.5, NaN]) {
    assert.throws(() => trainingBatches(split, size, 1), { name: "DataError", message: /^batch size/ });
    assert.throws(() => evaluationBatches(split, size), { name: "DataError", message: /^batch size/ });
  }
  assert.throws(() => trainingBatches(split, 1, 1, { start: -1 }), { name: "DataError", message: /^first batch -1/ });
});
