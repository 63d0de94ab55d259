import assert from "node:assert/strict";
import fc from "fast-check";
import { inputTensor } from "../../engine/graph/input.ts";
import { apply, ShapeError, type Tensor, withTable } from "../../engine/graph/node.ts";
import { scalarOps } from "../../engine/graph/scalar_ops.ts";
import * as o from "../../engine/ops.ts";
import {
  bernoulli,
  foldIn,
  foldKey,
  keyFromSeed,
  normal,
  randomBits,
  threefry2x32,
  uniform,
} from "../../engine/random.ts";
import { evaluate } from "../support/gradients.ts";
import { values } from "../support/values.ts";

const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const key = (seed: number) => values([2], keyFromSeed(seed), "u32");
const draw = (fn: (key: Tensor) => Tensor, seed = 1) => evaluate((k) => fn(k!), key(seed));

const moments = (data: Float64Array) => {
  const mean = data.reduce((a, b) => a + b, 0) / data.length;
  return { mean, variance: data.reduce((a, b) => a + (b - mean) ** 2, 0) / data.length };
};

Deno.test("threefry2x32() gives the known answers of Random123", () => {
  const all = 0xffffffff;
  const hex = (words: readonly number[]) => words.map((w) => w.toString(16).padStart(8, "0")).join(" ");
  assert.equal(hex(threefry2x32(0, 0, 0, 0)), "6b200159 99ba4efe");
  assert.equal(hex(threefry2x32(all, all, all, all)), "1cb996fc bb002be7");
  assert.equal(hex(threefry2x32(0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3)), "c4923a9c 483df7a0");
});

Deno.test("the threefry operation is the first word of threefry2x32()", () => {
  fc.assert(fc.property(fc.array(fc.tuple(word, word, word, word), { minLength: 1, maxLength: 5 }), (rows) => {
    const operands = [0, 1, 2, 3].map((i) => values([rows.length], rows.map((row) => row[i]!), "u32"));
    const got = evaluate((...xs) => apply(scalarOps.threefry!, xs), ...operands);
    assert.deepEqual([...got], rows.map((row) => threefry2x32(...row)[0]));
  }));
});

Deno.test("randomBits() counts positions and streams", () => {
  const [k0, k1] = keyFromSeed(2 ** 40 + 5) as unknown as [number, number];
  assert.deepEqual([k0, k1], [5, 256]);
  const bits = draw((k) => randomBits(k, [2, 3], 7), 2 ** 40 + 5);
  assert.deepEqual([...bits], [0, 1, 2, 3, 4, 5].map((i) => threefry2x32(k0, k1, i, 7)[0]));
});

Deno.test("foldIn() in the graph is foldKey() on the host", () => {
  fc.assert(fc.property(word.filter((n) => n < 2 ** 32 - 2), word, word, (n, k0, k1) => {
    const graph = evaluate((k) => foldIn(k!, n), values([2], [k0, k1], "u32"));
    assert.deepEqual([...graph], [...foldKey([k0, k1], n)]);
  }));
  assert.notDeepEqual(foldKey(keyFromSeed(1), 0), foldKey(keyFromSeed(1), 1));
});

Deno.test("keyFromSeed() takes safe integers only", () => {
  assert.notDeepEqual(keyFromSeed(1), keyFromSeed(1 + 2 ** 32));
  for (const seed of [-1, 0.5, NaN, 2 ** 53]) assert.throws(() => keyFromSeed(seed), /give an integer from 0 to/);
});

Deno.test("uniform() lies in its range, in steps of 2^-24, with the right moments", () => {
  const unit = draw((k) => uniform(k, [50_000]));
  assert.ok(unit.every((x) => x >= 0 && x < 1 && Number.isInteger(x * 2 ** 24)));
  const { mean, variance } = moments(unit);
  assert.ok(Math.abs(mean - 0.5) < 0.006 && Math.abs(variance - 1 / 12) < 0.003, `${mean} ${variance}`);
  const ranged = draw((k) => uniform(k, [1000], { low: -3, high: 5, stream: 2 }));
  assert.ok(ranged.every((x) => x >= -3 && x < 5) && Math.min(...ranged) < -2.9 && Math.max(...ranged) > 4.9);
});

Deno.test("normal() has the moments and tails of a normal, and finite values", () => {
  const z = draw((k) => normal(k, [200, 250]));
  assert.ok(z.every((x) => Math.abs(x) <= Math.sqrt(48 * Math.LN2)));
  const { mean, variance } = moments(z);
  assert.ok(Math.abs(mean) < 0.02 && Math.abs(variance - 1) < 0.03, `${mean} ${variance}`);
  const share = (limit: number) => z.filter((x) => Math.abs(x) < limit).length / z.length;
  assert.ok(Math.abs(share(1) - 0.6827) < 0.008 && Math.abs(share(2) - 0.9545) < 0.004);
});

Deno.test("streams and keys are uncorrelated", () => {
  const a = draw((k) => normal(k, [20_000], 0));
  for (const b of [draw((k) => normal(k, [20_000], 1)), draw((k) => normal(k, [20_000]), 2)]) {
    const correlation = a.reduce((total, x, i) => total + x * b[i]!, 0) / a.length;
    assert.ok(Math.abs(correlation) < 0.03, String(correlation));
  }
});

Deno.test("bernoulli() has its probability, 0 and 1 included", () => {
  for (const p of [0, 0.1, 0.5, 0.9, 1]) {
    const share = moments(draw((k) => o.cast(bernoulli(k, p, [40_000]), "f32"))).mean;
    assert.ok(p === 0 || p === 1 ? share === p : Math.abs(share - p) < 0.011, `${p}: ${share}`);
  }
});

Deno.test("draws name what they cannot take", () => {
  withTable(() => {
    const good = inputTensor([2], "u32", 0);
    const refuses = (call: () => unknown, message: RegExp) =>
      assert.throws(call, (error) => error instanceof ShapeError && message.test(error.message));
    refuses(() => randomBits(inputTensor([2], "f32", 0), [3]), /randomBits: the key is f32\[2\]; give a u32\[2\]/);
    refuses(() => foldIn(good, -1), /foldIn: -1 is no stream or site/);
    refuses(() => randomBits(good, [3], 0.5), /randomBits: 0.5 is no stream/);
    refuses(() => randomBits(good, [2 ** 16, 2 ** 16]), /draw it in parts/);
    refuses(() => bernoulli(good, 1.5, [3]), /bernoulli: the probability is 1.5/);
  });
});
