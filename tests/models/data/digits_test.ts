import assert from "node:assert/strict";
import { digits } from "../../../models/data/digits.ts";

/** FNV-1a, to pin the bytes. */
function hash(bytes: Uint8Array): string {
  let state = 0x811c9dc5;
  for (const byte of bytes) state = Math.imul(state ^ byte, 0x01000193);
  return (state >>> 0).toString(16);
}

const small = { train: 200, test: 100 };

Deno.test("digits() is the same bytes for a seed, and others for another", () => {
  const first = digits({ ...small, seed: 5 });
  assert.deepEqual(digits({ ...small, seed: 5 }), first);
  assert.notDeepEqual(digits({ ...small, seed: 6 }).train.images, first.train.images);
  assert.notDeepEqual(first.train.images.subarray(0, first.test.images.length), first.test.images);
});

Deno.test("digits() has not changed: results that were published with it still hold", () => {
  assert.equal(hash(digits(small).train.images), "e44c0b31");
});

Deno.test("digits() of a larger set begins with the smaller one", () => {
  const { train } = digits(small);
  const more = digits({ ...small, train: 300 }).train;
  assert.deepEqual(more.images.subarray(0, train.images.length), train.images);
});

Deno.test("digits() has balanced classes, the asked counts and shape", () => {
  const { name, classes, train, test } = digits({ ...small, size: 20 });
  assert.deepEqual([name, classes, train.count, test.count], ["digits", 10, 200, 100]);
  assert.deepEqual(train.shape, [1, 20, 20]);
  assert.equal(train.images.length, 200 * 400);
  const counts = new Uint32Array(10);
  for (const label of train.labels) counts[label]++;
  assert.deepEqual([...counts], Array(10).fill(20));
});

/** Accuracy of the class with the nearest mean image, by squared distance. */
function nearestMean(noise: number): number {
  const { train, test } = digits({ train: 2000, test: 500, noise });
  const area = train.images.length / train.count;
  const means = Array.from({ length: 10 }, () => new Float64Array(area));
  for (let i = 0; i < train.count; i++) {
    for (let p = 0; p < area; p++) means[train.labels[i]][p] += train.images[i * area + p] / (train.count / 10);
  }
  let right = 0;
  for (let i = 0; i < test.count; i++) {
    const image = test.images.subarray(i * area, (i + 1) * area);
    const distances = means.map((mean) => mean.reduce((sum, value, p) => sum + (value - image[p]) ** 2, 0));
    if (distances.indexOf(Math.min(...distances)) === test.labels[i]) right++;
  }
  return right / test.count;
}

Deno.test("digits() can be learnt, but not by comparing with the mean images, and noise makes it harder", () => {
  const accuracy = nearestMean(0.1);
  assert.ok(accuracy > 0.4 && accuracy < 0.85, `${accuracy}`);
  assert.ok(nearestMean(1) < accuracy);
});

Deno.test("digits() refuses options that are out of range", () => {
  for (const options of [{ train: 0 }, { test: 1.5 }, { size: 8 }, { seed: -1 }, { noise: 2 }, { noise: NaN }]) {
    assert.throws(() => digits(options), { name: "DataError", message: /^digits: (train|test|size|seed|noise) is / });
  }
});
