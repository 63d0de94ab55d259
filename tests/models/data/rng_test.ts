import assert from "node:assert/strict";
import fc from "fast-check";
import { permutation, type Rng, rng } from "../../../models/data/rng.ts";

const seeds = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const take = (random: Rng, count: number): number[] => Array.from({ length: count }, () => random.bits());

Deno.test("rng() repeats itself for a seed and stream, and differs for any other", () => {
  fc.assert(fc.property(seeds, fc.array(seeds, { maxLength: 3 }), seeds, (seed, stream, other) => {
    const numbers = take(rng(seed, ...stream), 8);
    assert.deepEqual(take(rng(seed, ...stream), 8), numbers);
    assert.notDeepEqual(take(rng(seed, ...stream, other), 8), numbers);
    if (other !== seed) assert.notDeepEqual(take(rng(other, ...stream), 8), numbers);
  }));
});

Deno.test("rng() refuses seeds that are not whole numbers, 0 or more", () => {
  for (const seed of [-1, 0.5, NaN, 2 ** 60]) assert.throws(() => rng(1, seed), /is no seed/);
});

Deno.test("uniform(), between() and bell() have the moments that they claim", () => {
  const random = rng(7);
  const moments = (draw: () => number): [number, number] => {
    const values = Array.from({ length: 40_000 }, draw);
    const mean = values.reduce((a, b) => a + b) / values.length;
    return [mean, values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length];
  };
  const close = (actual: [number, number], mean: number, variance: number): void => {
    assert.ok(Math.abs(actual[0] - mean) < 0.03 && Math.abs(actual[1] - variance) < 0.03, `${actual}`);
  };
  close(moments(random.uniform), 1 / 2, 1 / 12);
  close(moments(() => random.between(-2, 1)), -0.5, 9 / 12);
  close(moments(random.bell), 0, 1);
});

Deno.test("below() takes every value, equally often", () => {
  const random = rng(3);
  const counts = new Uint32Array(7);
  for (let i = 0; i < 70_000; i++) counts[random.below(7)]++;
  for (const count of counts) assert.ok(Math.abs(count - 10_000) < 400, `${counts}`);
  assert.equal(random.below(1), 0);
  for (const count of [0, -1, 1.5, 2 ** 33]) assert.throws(() => random.below(count), RangeError);
});

Deno.test("permutation() has every number once, and repeats for a seed", () => {
  fc.assert(fc.property(fc.nat(300), seeds, (count, seed) => {
    const order = permutation(count, rng(seed));
    assert.deepEqual([...order].sort((a, b) => a - b), [...Array(count).keys()]);
    assert.deepEqual(permutation(count, rng(seed)), order);
  }));
});

Deno.test("permutation() takes all orders of four, equally often", () => {
  const counts = new Map<string, number>();
  for (let seed = 0; seed < 24_000; seed++) {
    const order = permutation(4, rng(seed)).join();
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assert.equal(counts.size, 24);
  for (const count of counts.values()) assert.ok(Math.abs(count - 1000) < 150, `${count}`);
});
