import assert from "node:assert/strict";
import { grad } from "../../../engine/grad.ts";
import { inputTensor } from "../../../engine/graph/input.ts";
import { ShapeError, type Tensor } from "../../../engine/graph/node.ts";
import { literal } from "../../../engine/ops.ts";
import { distillation, distilledLoss, hiddenDistillation } from "../../../engine/nn/mod.ts";
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

const shape = [2, 3, 4];
const states = (seed: number) => uniformArray(24, seed);

/** Mean squared error over the tokens that count, in plain arithmetic. */
function plainHidden(a: ArrayLike<number>, b: ArrayLike<number>, mask: readonly number[]): number {
  let sum = 0, count = 0;
  mask.forEach((counts, token) => {
    if (!counts) return;
    for (let h = 0; h < 4; h++) sum += (a[token * 4 + h]! - b[token * 4 + h]!) ** 2;
    count += 4;
  });
  return sum / count;
}

Deno.test("hiddenDistillation() is the mean squared error over the tokens that count, over layers by weight", () => {
  const [s1, t1, s2, t2] = [1, 2, 3, 4].map(states) as [Float64Array, Float64Array, Float64Array, Float64Array];
  const mask = [1, 1, 0, 1, 0, 0];
  // What does not count may be anything.
  t1.fill(Infinity, 8, 12);
  const given = [s1, t1, s2, t2].map((data) => values(shape, data));
  const loss = (a: Tensor, b: Tensor, c: Tensor, d: Tensor, m?: Tensor) =>
    hiddenDistillation([{ student: a, teacher: b }, { student: c, teacher: d, weight: 3 }], m ? { mask: m } : {});
  const actual = evaluate((a, b, c, d, m) => loss(a!, b!, c!, d!, m!), ...given, values([2, 3], mask));
  assertClose(actual, [plainHidden(s1, t1, mask) / 4 + 0.75 * plainHidden(s2, t2, mask)], { rtol: 1e-12 });
  const all = evaluate((c, d) => hiddenDistillation([{ student: c!, teacher: d! }]), given[2]!, given[3]!);
  assertClose(all, [plainHidden(s2, t2, [1, 1, 1, 1, 1, 1])], { rtol: 1e-12 });
  const none = evaluate(
    (c, d, m) => hiddenDistillation([{ student: c!, teacher: d! }], { mask: m! }),
    given[2]!,
    given[3]!,
    values([2, 3], mask.map(() => 0)),
  );
  assertClose(none, [0]);
  const slope = evaluate((a, b, c, d, m) => grad(loss(a!, b!, c!, d!, m!), c!), ...given, values([2, 3], mask));
  assertClose(slope, s2.map((x, i) => mask[Math.floor(i / 4)] ? 0.75 * 2 * (x - t2[i]!) / 12 : 0), { rtol: 1e-10 });
  assertClose(
    evaluate((c, d) => grad(hiddenDistillation([{ student: c!, teacher: d! }]), d!), given[2]!, given[3]!),
    new Float64Array(24),
  );
  const fixed = literal(Float32Array.from(t2), shape);
  checkGradients((s) => hiddenDistillation([{ student: s!, teacher: fixed }]), [uniformValues(shape, 7)]);
});

Deno.test("distilledLoss() mixes labels, soft targets and hidden states, and leaves out what weighs nothing", () => {
  const student = values([rows, classes], uniformArray(12, 1, -4, 4)),
    teacher = values([rows, classes], uniformArray(12, 2, -4, 4));
  const a = values(shape, states(3)), b = values(shape, states(4)), hard = values([], [0.7]);
  const value = (f: (...x: Tensor[]) => Tensor) =>
    evaluate((...x) => f(...x as Tensor[]), hard, student, teacher, a, b)[0]!;
  const soft = (temperature: number) => value((_, s, t) => distillation(s!, t!, { temperature }));
  const mse = plainHidden(states(3), states(4), [1, 1, 1, 1, 1, 1]);
  const mixed = (options: Parameters<typeof distilledLoss>[1], withHidden = true) =>
    value((h, s, t, a, b) =>
      distilledLoss(
        { hard: h!, student: s!, teacher: t!, hidden: withHidden ? [{ student: a!, teacher: b! }] : [] },
        options,
      )
    );
  assertClose([mixed({})], [0.5 * 0.7 + 0.5 * soft(2) + mse], { rtol: 1e-12 });
  assertClose([mixed({ hardness: 0.2, temperature: 4, hiddenWeight: 10 })], [0.2 * 0.7 + 0.8 * soft(4) + 10 * mse], {
    rtol: 1e-12,
  });
  assertClose([mixed({ hardness: 1, hiddenWeight: 0 })], [0.7], { rtol: 1e-12 });
  assertClose([mixed({ hardness: 0 }, false)], [soft(2)], { rtol: 1e-12 });
  const [x, y] = [inputTensor([2, 3], "f32", 0), inputTensor([], "f32", 1)];
  // Nothing of the teacher is left in the graph.
  assert.equal(distilledLoss({ hard: y, student: x, teacher: x }, { hardness: 1 }).inputs[0] ?? y, y);
  assert.throws(() => distilledLoss({ hard: y, student: x, teacher: x }, { hardness: 2 }), /hardness is 2/);
  assert.throws(() => distilledLoss({ hard: y, student: x, teacher: x }, { hiddenWeight: -1 }), /hiddenWeight is -1/);
  assert.throws(() => hiddenDistillation([]), /weights of layers are \[\]; give one positive/);
  assert.throws(
    () => hiddenDistillation([{ student: x, teacher: y }]),
    /student f32\[2,3\], teacher f32\[\]; give states/,
  );
  assert.throws(() => hiddenDistillation([{ student: x, teacher: x }], { mask: x }), ShapeError);
});
