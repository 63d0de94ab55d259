import assert from "node:assert/strict";
import { grad, type HostTensor, literal, ShapeError, type Tensor } from "../../engine/mod.ts";
import { headLoss } from "../../models/heads.ts";
import { onDevices } from "../engine/suite/support.ts";
import { assertClose } from "../support/assert_close.ts";
import { uniformArray } from "../support/values.ts";

const rows = 5;
/** Rows 1 and 4 fill up the batch. */
const valid = [1, 0, 1, 1, 0];
const real = [0, 2, 3];
const close = { rtol: 1e-5, atol: 1e-6 };

const floats = (data: ArrayLike<number>, ...shape: number[]): Tensor => literal(Float32Array.from(data), shape);
const whole = (...data: number[]): Tensor => literal(Uint32Array.from(data));
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const data = (value: unknown): ArrayLike<number> => typeof value === "number" ? [value] : (value as HostTensor).data;

/** Negative logarithm of a softmax at `label`, in f64. */
function entropy(logits: readonly number[], label: number, temperature = 1): number {
  const scaled = logits.map((x) => x / temperature);
  const most = Math.max(...scaled);
  return most + Math.log(scaled.reduce((sum, x) => sum + Math.exp(x - most), 0)) - scaled[label]!;
}

/** Rows of f32 numbers. */
function matrix(width: number, seed: number): number[][] {
  const values = Float32Array.from(uniformArray(rows * width, seed, -6, 6));
  return Array.from({ length: rows }, (_, row) => Array.from(values.subarray(row * width, (row + 1) * width)));
}

const logits = matrix(4, 1), starts = matrix(7, 2), ends = matrix(7, 3);
const labels = [3, 0, 0, 2, 0], from = [1, 0, 6, 0, 0], to = [4, 0, 6, 2, 0];
const numbers = matrix(1, 4).flat(), targets = [1.5, 0, -2.25, 0.5, 0];

onDevices("headLoss() is the mean over the rows that count, at any temperature", async (device) => {
  // What padding holds must not matter: neither the output nor the label.
  for (const padded of [false, true]) {
    const soiled = (values: readonly (readonly number[])[]): number[] =>
      values.flatMap((row, i) => valid[i] || !padded ? row : row.map((_, j) => j % 2 ? NaN : Infinity));
    const other = (values: readonly number[], label: number): number[] =>
      values.map((value, i) => valid[i] || !padded ? value : label);
    for (const temperature of [1, 200, 0.5]) {
      const found = await device.read(() => {
        const flags = { valid: floats(valid, rows) };
        const text = { logits: floats(soiled(logits), rows, 4) };
        const span = { start: floats(soiled(starts), rows, 7), end: floats(soiled(ends), rows, 7) };
        return [
          headLoss("classification", text, { ...flags, labels: whole(...other(labels, 77)) }, temperature),
          headLoss(
            "span",
            span,
            { ...flags, starts: whole(...other(from, 7)), ends: whole(...other(to, 99)) },
            temperature,
          ),
        ];
      });
      const spans = real.map((row) =>
        (entropy(starts[row]!, from[row]!, temperature) + entropy(ends[row]!, to[row]!, temperature)) / 2
      );
      const expected = [mean(real.map((row) => entropy(logits[row]!, labels[row]!, temperature))), mean(spans)];
      assertClose(found.flatMap((one) => Array.from(data(one))), expected, close, `temperature ${temperature}`);
    }
    const squared = await device.read(() =>
      headLoss("regression", { logits: floats(soiled(numbers.map((x) => [x])), rows, 1) }, {
        valid: floats(valid, rows),
        labels: floats(other(targets, NaN), rows),
      })
    );
    assertClose(data(squared), [mean(real.map((row) => (numbers[row]! - targets[row]!) ** 2))], close, "regression");
  }
});

onDevices("headLoss() of pairs lets each find the other among the pairs that count", async (device) => {
  const pairs = matrix(rows, 7);
  for (const padded of [0, Infinity]) {
    const soiled = pairs.map((row, i) => row.map((x, j) => valid[i] && valid[j] ? x : padded)).flat();
    for (const temperature of [1, 4]) {
      const found = await device.read(() =>
        headLoss("contrastive", { pairs: floats(soiled, rows, rows) }, { valid: floats(valid, rows) }, temperature)
      );
      const seen = real.map((i) => real.map((j) => pairs[i]![j]!));
      const expected = mean(
        seen.map((row, i) =>
          (entropy(row, i, temperature) + entropy(seen.map((other) => other[i]!), i, temperature)) / 2
        ),
      );
      assertClose(data(found), [expected], close, `temperature ${temperature}`);
    }
  }
});

onDevices("headLoss() gives padding no gradient, and every other row its share", async (device) => {
  const [classes, values] = await device.read(() => {
    const x = floats(logits.flat(), rows, 4), y = floats(numbers, rows, 1);
    const flags = { valid: floats(valid, rows) };
    return [
      grad(headLoss("classification", { logits: x }, { ...flags, labels: whole(...labels) }), { x }).x,
      grad(headLoss("regression", { logits: y }, { ...flags, labels: floats(targets, rows) }), { y }).y,
    ];
  });
  const slopes = logits.flatMap((row, i) =>
    row.map((_, j) => valid[i] ? (Math.exp(-entropy(row, j)) - (j === labels[i] ? 1 : 0)) / real.length : 0)
  );
  assertClose(data(classes), slopes, close, "classification");
  const pulls = numbers.map((x, i) => valid[i] ? 2 * (x - targets[i]!) / real.length : 0);
  assertClose(data(values), pulls, close, "regression");
});

onDevices("headLoss() of padding alone is 0", async (device) => {
  const none = await device.read(() =>
    headLoss("classification", { logits: floats(logits.flat(), rows, 4) }, {
      valid: floats([0, 0, 0, 0, 0], rows),
      labels: whole(...labels),
    })
  );
  assertClose(data(none), [0]);
});

Deno.test("headLoss() names what is missing", () => {
  const some = { logits: floats([1, 2], 1, 2) };
  const batch = { valid: floats([1], 1), labels: whole(1) };
  assert.throws(
    () => headLoss("span", some, batch),
    new ShapeError('headLoss: a span head needs "start"; there is logits'),
  );
  assert.throws(
    () => headLoss("classification", some, { labels: batch.labels }),
    new ShapeError('headLoss: a classification head needs "valid"; there is labels'),
  );
  assert.throws(
    () => headLoss("regression", some, { valid: batch.valid }),
    /a regression head needs "labels"; there is valid/,
  );
  assert.throws(() => headLoss("regression", some, batch), ShapeError);
});
