import assert from "node:assert/strict";
import fc from "fast-check";
import { biasCorrections, type StatisticsOptions, steadiness, updateStatistics } from "../../seven/statistics.ts";
import { constant } from "../../engine/mod.ts";
import { interpretFunction } from "../../engine/reference/interpret.ts";
import { assertClose } from "../support/assert_close.ts";

const vector = (data: readonly number[]) => ({ shape: [data.length], dtype: "f32" as const, data });

/** Runs the streaming averages over a sequence of gradients in the oracle. */
function stream(gradients: readonly (readonly number[])[], options: StatisticsOptions) {
  let m: ArrayLike<number> = gradients[0]!.map(() => 0), v = m;
  let factor: ArrayLike<number> = [];
  gradients.forEach((g, i) => {
    const { correction1, correction2 } = biasCorrections(i + 1, options);
    const next = interpretFunction(
      (g, m, v) => {
        const statistics = updateStatistics(g, { m, v }, options);
        return { ...statistics, factor: steadiness(statistics, constant(correction1), constant(correction2)) };
      },
      vector(g),
      vector(Array.from(m)),
      vector(Array.from(v)),
    );
    ({ m, v, factor } = next as { m: Float64Array; v: Float64Array; factor: Float64Array });
  });
  return { m, v, factor };
}

const sequences = fc.array(fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 3, maxLength: 3 }), {
  minLength: 1,
  maxLength: 12,
});

Deno.test("updateStatistics() equals the weighted sums that define the averages", () => {
  fc.assert(
    fc.property(sequences, fc.constantFrom("absolute" as const, "signed" as const), (gradients, moment) => {
      const options = { alpha1: 0.8, alpha2: 0.9, moment };
      const { m, v } = stream(gradients, options);
      const weigh = (alpha: number, f: (g: number) => number) =>
        [0, 1, 2].map((i) =>
          gradients.reduce((sum, g, t) => sum + (1 - alpha) * alpha ** (gradients.length - 1 - t) * f(g[i]!), 0)
        );
      assertClose(m, weigh(0.8, moment === "absolute" ? Math.abs : (g) => g), { rtol: 1e-12 });
      assertClose(v, weigh(0.9, (g) => g * g), { rtol: 1e-12 });
    }),
    { numRuns: 40 },
  );
});

Deno.test("steadiness() is 1 at the first step and for steady gradients, and small for alternating ones", () => {
  const options = { alpha1: 0.8, alpha2: 0.8, moment: "signed" as const };
  assertClose(stream([[0.3, -2, 5]], options).factor, [1, 1, 1], { rtol: 1e-7 });
  assertClose(stream(Array(30).fill([0.3, -2, 5]), options).factor, [1, 1, 1], { rtol: 1e-7 });
  const { factor } = stream(Array.from({ length: 30 }, (_, t) => [1, t % 2 ? 1 : -1, t === 10 ? 1 : 0]), options);
  assert.ok(factor[1]! < 0.15, `alternating ${factor[1]}`);
  assert.ok(factor[2]! < 0.15, `one spike ${factor[2]}`);
});

Deno.test("steadiness() of magnitudes hardly sees alternating signs: they look steady", () => {
  const options = { alpha1: 0.8, alpha2: 0.8, moment: "absolute" as const };
  const { factor } = stream(Array.from({ length: 30 }, (_, t) => [t % 2 ? 1 : -1]), options);
  assertClose(factor, [1], { rtol: 1e-7 });
});
