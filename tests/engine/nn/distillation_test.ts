import assert from "node:assert/strict";
import { grad } from "../../../engine/grad.ts";
import { inputTensor } from "../../../engine/graph/input.ts";
import { ShapeError } from "../../../engine/graph/node.ts";
import { literal } from "../../../engine/ops.ts";
import { distillation } from "../../../engine/nn/mod.ts";
import { assertClose } from "../../support/assert_close.ts";
import { checkGradients, evaluate } from "../../support/gradients.ts";
import { uniformArray, uniformValues, values } from "../../support/values.ts";

const [rows, classes] = [3, 4];

function softmax(logits: ArrayLike<number>, row: number, temperature: number): number[] {
  const e = Array.from({ length: classes }, (_, c) => Math.exp(logits[row * classes + c]! / temperature));
  const total = e.reduce((a, b) => a + b);
  return e.map((x) => x / total);
}

Deno.test("distillation() is T^2 KL(teacher || student), and its gradient T (q - p), over rows by weight", () => {
  const student = uniformArray(rows * classes, 1, -4, 4), teacher = uniformArray(rows * classes, 2, -4, 4);
  for (const temperature of [1, 2.5]) {
    for (const weights of [undefined, [1, 0, 0.5]]) {
      const each = weights ?? [1, 1, 1];
      const norm = each.reduce((a, b) => a + b);
      let loss = 0;
      const slope = each.flatMap((weight, row) => {
        const p = softmax(teacher, row, temperature), q = softmax(student, row, temperature);
        p.forEach((x, c) => loss += weight / norm * temperature ** 2 * x * Math.log(x / q[c]!));
        return p.map((x, c) => weight / norm * temperature * (q[c]! - x));
      });
      const given = [values([rows, classes], student), values([rows, classes], teacher), values([rows], each)] as const;
      const options = { temperature };
      const actual = evaluate(
        (s, t, w) => distillation(s!, t!, weights ? { ...options, weights: w! } : options),
        ...given,
      );
      assertClose(actual, [loss], { rtol: 1e-12 }, `loss at ${temperature}`);
      const slopes = evaluate(
        (s, t, w) => grad(distillation(s!, t!, weights ? { ...options, weights: w! } : options), s!),
        ...given,
      );
      assertClose(slopes, slope, { rtol: 1e-10 }, `gradient at ${temperature}`);
      assertClose(evaluate((s, t) => grad(distillation(s!, t!, options), t!), ...given), teacher.map(() => 0));
    }
  }
  const fixed = literal(Float32Array.from(teacher), [rows, classes]);
  checkGradients((s) => distillation(s!, fixed, { temperature: 2 }), [uniformValues([rows, classes], 4)]);
});

Deno.test("distillation() leaves out classes that the teacher rules out, and is 0 where both agree", () => {
  const teacher = values([1, 3], [0, 1, -Infinity]);
  const loss = evaluate((s, t) => distillation(s!, t!), values([1, 3], [0, 1, -Infinity]), teacher);
  assertClose(loss, [0]);
  assert.ok(Number.isFinite(evaluate((s, t) => distillation(s!, t!), values([1, 3], [2, 1, 0]), teacher)[0]!));
});

Deno.test("distillation() refuses logits of other shapes, temperatures that are not positive, and short weights", () => {
  const s = inputTensor([2, 3], "f32", 0);
  assert.throws(() => distillation(s, inputTensor([2, 4], "f32", 1)), /distillation: student f32\[2,3\], teacher/);
  assert.throws(() => distillation(s, s, { temperature: 0 }), /temperature is 0; give a positive number/);
  assert.throws(() => distillation(s, s, { weights: inputTensor([3], "f32", 1) }), ShapeError);
});
