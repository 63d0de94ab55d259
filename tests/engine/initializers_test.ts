import assert from "node:assert/strict";
import {
  type Initializer,
  kaimingUniform,
  normalInit,
  truncatedNormalInit,
  xavierUniform,
} from "../../engine/initializers.ts";
import { keyFromSeed } from "../../engine/random.ts";
import { evaluate } from "../support/gradients.ts";
import { values } from "../support/values.ts";

const draw = (init: Initializer, shape: readonly number[]) =>
  evaluate((key) => init(key!, shape), values([2], keyFromSeed(3), "u32"));
const std = (data: Float64Array) => Math.sqrt(data.reduce((a, b) => a + b * b, 0) / data.length);
const greatest = (data: Float64Array) => data.reduce((a, b) => Math.max(a, Math.abs(b)), 0);

Deno.test("normalInit() has its standard deviation", () => {
  assert.ok(Math.abs(std(draw(normalInit(0.02), [100, 200])) / 0.02 - 1) < 0.02);
});

Deno.test("truncatedNormalInit() is a normal cut at two standard deviations", () => {
  const data = draw(truncatedNormalInit(0.5), [200, 200]);
  assert.ok(greatest(data) <= 1 + 1e-6 && greatest(data) > 0.99);
  assert.ok(Math.abs(std(data) / 0.5 - 0.87962566) < 0.01);
  // Shares of the cut normal within 1/2 and 1 standard deviation.
  for (const [limit, share] of [[0.25, 0.382925 / 0.954500], [0.5, 0.682689 / 0.954500]] as const) {
    assert.ok(Math.abs(data.filter((x) => Math.abs(x) < limit).length / data.length - share) < 0.01);
  }
});

Deno.test("xavierUniform() and kaimingUniform() fill their bounds", () => {
  const cases: readonly (readonly [Initializer, readonly number[], number])[] = [
    [xavierUniform(), [60, 40], Math.sqrt(6 / 100)],
    [xavierUniform(2), [60, 10, 2, 2], 2 * Math.sqrt(6 / (40 + 240))],
    [kaimingUniform(), [60, 40], Math.sqrt(6 / 40)],
    [kaimingUniform(Math.sqrt(5)), [60, 40], 1 / Math.sqrt(40)],
  ];
  for (const [init, shape, bound] of cases) {
    const data = draw(init, shape);
    assert.ok(greatest(data) <= bound && greatest(data) > 0.99 * bound);
    assert.ok(Math.abs(std(data) / (bound / Math.sqrt(3)) - 1) < 0.03);
  }
  assert.throws(() => draw(xavierUniform(), [5]), /xavierUniform: \[5\] has no fans; give/);
});
