import assert from "node:assert/strict";
import fc from "fast-check";
import { grad } from "../../../engine/grad.ts";
import { inputTensor } from "../../../engine/graph/input.ts";
import { type Dtype, ShapeError, type Tensor, withTable } from "../../../engine/graph/node.ts";
import { correctCount, crossEntropy, type CrossEntropyOptions, mse } from "../../../engine/nn/mod.ts";
import { interpret } from "../../../engine/reference/interpret.ts";
import { assertClose } from "../../support/assert_close.ts";
import { checkGradients, evaluate } from "../../support/gradients.ts";
import { uniformArray, uniformValues, values } from "../../support/values.ts";

const t = (dtype: Dtype, ...shape: number[]): Tensor => inputTensor(shape, dtype, 0);

/** The definition, row by row. */
function expected(
  logits: ArrayLike<number>,
  labels: readonly number[],
  weights: readonly number[],
  smoothing: number,
  ignore: number | undefined,
): number {
  const classes = logits.length / labels.length;
  let total = 0;
  let norm = 0;
  labels.forEach((label, row) => {
    if (label < 0 || label >= classes || label === ignore) return;
    const z = Array.from({ length: classes }, (_, c) => logits[row * classes + c]!);
    const top = Math.max(...z);
    const logsum = top + Math.log(z.reduce((sum, v) => sum + Math.exp(v - top), 0));
    const loss = z.reduce(
      (sum, v, c) => sum + ((c === label ? 1 - smoothing : 0) + smoothing / classes) * (logsum - v),
      0,
    );
    total += weights[row]! * loss;
    norm += weights[row]!;
  });
  return norm === 0 ? 0 : total / norm;
}

Deno.test("crossEntropy() is its definition for any labels, weights, smoothing and ignored class", () => {
  const row = fc.tuple(fc.integer({ min: -2, max: 5 }), fc.constantFrom(0, 1, 0.5, 2));
  fc.assert(fc.property(
    fc.array(row, { minLength: 1, maxLength: 6 }),
    fc.constantFrom(0, 0.1, 1),
    fc.constantFrom(undefined, 2, -100),
    fc.boolean(),
    fc.nat(1000),
    (rows, labelSmoothing, ignoreIndex, weighted, seed) => {
      const logits = uniformArray(rows.length * 4, seed, -5, 5);
      const labels = rows.map(([label]) => label);
      const weights = rows.map(([, weight]) => weighted ? weight : 1);
      const options = { labelSmoothing, ...(ignoreIndex === undefined ? {} : { ignoreIndex }) };
      const loss = evaluate(
        (z, y, w) => crossEntropy(z!, y!, weighted ? { ...options, weights: w! } : options),
        values([rows.length, 4], logits),
        values([rows.length], labels, "i32"),
        values([rows.length], weights),
      );
      assertClose(loss, [expected(logits, labels, weights, labelSmoothing, ignoreIndex)], { rtol: 1e-12 });
    },
  ));
});

Deno.test("crossEntropy() takes u32 labels, and one beyond the classes does not count", () => {
  const logits = uniformArray(12, 3);
  const run = (labels: number[]) =>
    evaluate((z, y) => crossEntropy(z!, y!), values([3, 4], logits), values([3], labels, "u32"))[0]!;
  assertClose([run([1, 4, 2 ** 32 - 1])], [expected(logits, [1, -1, -1], [1, 1, 1], 0, undefined)]);
});

Deno.test("losses agree with finite differences to second order", () => {
  const options: CrossEntropyOptions = { labelSmoothing: 0.2, ignoreIndex: 1 };
  checkGradients(
    (z, y, w) => crossEntropy(z!, y!, { ...options, weights: w! }),
    [uniformValues([4, 3], 1), values([4], [0, 2, 1, 2], "i32"), uniformValues([4], 2, 0.5, 1)],
  );
  checkGradients((p, q) => mse(p!, q!), [uniformValues([4, 3], 1), uniformValues([4, 3], 2)]);
  checkGradients(
    (p, q, w) => mse(p!, q!, { weights: w! }),
    [uniformValues([4, 3], 1), uniformValues([4, 3], 2), uniformValues([4], 3, 0.5, 1)],
  );
});

Deno.test("rows that do not count have no gradient, even where their logits are infinite", () => {
  withTable(() => {
    const [z, y, w] = [t("f32", 3, 2), inputTensor([3], "i32", 1), inputTensor([3], "f32", 2)];
    const loss = crossEntropy(z, y, { weights: w });
    const all = (labels: number[], weights: number[]) =>
      interpret([loss, grad(loss, z)], new Map([[z, [1, 2, 3, 4, 1e300, -1e300]], [y, labels], [w, weights]]));
    const [value, g] = all([0, -100, 1], [1, 1, 0]);
    const p = 1 / (1 + Math.E);
    assertClose(value!, [Math.log1p(Math.E)]);
    assertClose(g!, [p - 1, 1 - p, 0, 0, 0, 0]);
    const [nothing, none] = all([-1, 7, 0], [1, 1, 0]);
    assertClose(nothing!, [0]);
    assertClose(none!, [0, 0, 0, 0, 0, 0]);
  });
});

Deno.test("mse() averages elements, or rows by weight", () => {
  const [p, q] = [values([2, 2], [1, 2, 3, 4]), values([2, 2], [0, 0, 0, 0])];
  assertClose(evaluate((a, b) => mse(a!, b!), p, q), [7.5]);
  assertClose(evaluate((a, b, w) => mse(a!, b!, { weights: w! }), p, q, values([2], [1, 0])), [2.5]);
  assertClose(evaluate((a, b, w) => mse(a!, b!, { weights: w! }), p, q, values([2], [0, 0])), [0]);
  assertClose(
    evaluate((a, b, w) => mse(a!, b!, { weights: w! }), values([2], [1, 3]), values([2], [0, 0]), values([2], [1, 3])),
    [7],
  );
});

Deno.test("correctCount() counts first greatest logits, by weight", () => {
  const logits = values([4, 3], [0, 2, 1, 5, 5, 0, 1, 2, 3, 0, 0, 1]);
  for (const dtype of ["u32", "i32"] as const) {
    const labels = values([4], [1, 0, 0, 2], dtype);
    assertClose(evaluate((z, y) => correctCount(z!, y!), logits, labels), [3]);
    assertClose(
      evaluate((z, y, w) => correctCount(z!, y!, { weights: w! }), logits, labels, values([4], [1, 1, 1, 0])),
      [2],
    );
  }
  assertClose(evaluate((z, y) => correctCount(z!, y!), logits, values([4], [-1, -100, 3, 2], "i32")), [1]);
});

Deno.test("losses name what they cannot take", () => {
  const refuses = (call: () => unknown, message: RegExp) =>
    assert.throws(call, (error) => error instanceof ShapeError && message.test(error.message));
  const [z, y] = [t("f32", 4, 3), t("u32", 4)];
  refuses(() => crossEntropy(t("f32", 2, 4, 3), y), /crossEntropy: logits f32\[2,4,3\], labels u32\[4\]; .*reshape/);
  refuses(() => crossEntropy(z, t("f32", 4)), /labels f32\[4\]/);
  refuses(() => crossEntropy(z, y, { labelSmoothing: 2 }), /labelSmoothing is 2; give a share/);
  refuses(() => crossEntropy(z, y, { weights: t("f32", 3) }), /weights f32\[3\] for rows of f32\[4,3\]/);
  refuses(() => mse(z, t("f32", 3, 4)), /mse: prediction f32\[4,3\], target f32\[3,4\]; .*reshape/);
  refuses(() => mse(z, z, { weights: y }), /mse: weights u32\[4\]/);
  refuses(() => correctCount(z, t("u32", 3)), /correctCount: .*u32\[3\]/);
});
