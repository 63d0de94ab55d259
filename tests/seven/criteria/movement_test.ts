import assert from "node:assert/strict";
import { constant, literal } from "../../../engine/mod.ts";
import { interpret } from "../../../engine/reference/interpret.ts";
import { movement, softMovement } from "../../../seven/mod.ts";
import { assertClose } from "../../support/assert_close.ts";
import { judge, type Numbers, plainGradients, situation } from "../support/oracle.ts";

/** Adam on one number: the score after gradients, from 0. */
function adamScore(gradients: readonly number[], learningRate = 1e-2): number {
  let m = 0, v = 0, score = 0;
  gradients.forEach((g, i) => {
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    score -= learningRate * (m / (1 - 0.9 ** (i + 1))) / (Math.sqrt(v / (1 - 0.999 ** (i + 1))) + 1e-8);
  });
  return score;
}

const sparse = (given: ReturnType<typeof situation>) => ({
  ...given.params,
  w1: given.params.w1!.map((x, i) => x * given.masks.w1![i]!),
  w2: given.params.w2!.map((x, i) => x * given.masks.w2![i]!),
});

Deno.test("movement() learns scores from theta g, with the gradient at the sparse network", () => {
  const given = situation();
  const g = plainGradients(sparse(given), given.batch);
  let state: Record<string, Numbers> | undefined;
  for (let update = 1; update <= 3; update++) {
    const progress = { update, sparsity: 0.5, target: 0.5 };
    const result = judge(movement(), { ...given, progress, ...(state ? { state } : {}) });
    state = result.state;
    for (const name of ["w1", "w2"]) {
      g[name]!.forEach((x, i) => {
        const gradient = x * given.params[name]![i]!;
        // Adam divides by |gradient|: where that is next to nothing the finite difference decides the sign.
        if (Math.abs(gradient) < 1e-5) return;
        assertClose(
          [result.score[name]![i]!],
          [adamScore(Array(update).fill(gradient))],
          { rtol: 1e-3 },
          `${name}[${i}]`,
        );
      });
    }
  }
});

Deno.test("softMovement() adds the penalty's gradient to that of the scores", () => {
  const given = situation();
  const g = plainGradients(sparse(given), given.batch);
  const progress = { update: 1, sparsity: 0.25, target: 0.5 };
  const { state } = judge(softMovement({ penalty: 400 }), { ...given, progress });
  for (const name of ["w1", "w2"]) {
    // sigmoid(0) (1 - sigmoid(0)) = 1/4, over two matrices; half of the final penalty.
    const expected = g[name]!.map((x, i) => 0.1 * (x * given.params[name]![i]! + 200 * 0.25 / (g[name]!.length * 2)));
    assertClose(state.m![name]!, expected, { rtol: 1e-4, atol: 1e-8 }, name);
  }
});

Deno.test("softMovement() keeps what exceeds the threshold, and the least share of every matrix", () => {
  const criterion = softMovement({ leastDensity: 0.05 });
  const score = literal(Float32Array.from({ length: 40 }, (_, i) => i / 10 - 4));
  const masksAt = (threshold: number) => {
    const scalars = { threshold: constant(threshold) };
    const context = {
      weights: {},
      grads: {},
      masks: {},
      key: constant(0),
      scalars,
      loss: () => score,
      inputOf: () => score,
    };
    return [...interpret(criterion.masks!(context, { score: { w: score } }), new Map()).w!];
  };
  assert.deepEqual(masksAt(0.1), Array.from({ length: 40 }, (_, i) => Number(1 / (1 + Math.exp(-(i / 10 - 4))) > 0.1)));
  assert.equal(masksAt(0.999).filter(Boolean).length, 2);
});
