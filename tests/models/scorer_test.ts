import assert from "node:assert/strict";
import { hostTensor } from "../../engine/mod.ts";
import { DataError } from "../../models/data/error.ts";
import type { Split } from "../../models/data/split.ts";
import { labelScorer } from "../../models/scorer.ts";

const splitOf = (labels: readonly number[], count = labels.length): Split => ({
  name: "some rows",
  count,
  labels,
  gather: () => ({}),
});
const logits = (width: number, ...values: number[]) => ({
  logits: hostTensor(Float32Array.from(values), [values.length / width, width]),
});

Deno.test("labelScorer() takes rows in any order and batches of any size, padding left out", () => {
  const scorer = labelScorer(splitOf([0, 1, 2, 1]), ["accuracy", "loss"]);
  scorer.add(Uint32Array.of(3, 0), logits(3, 0, 9, 0, 0, 0, 9)); // right, wrong
  scorer.add(Uint32Array.of(2), logits(3, 0, 0, 9, NaN, NaN, NaN)); // right, padding
  scorer.add(Uint32Array.of(1), logits(3, 9, 0, 0)); // wrong
  const { accuracy, loss } = scorer.values();
  const right = Math.log(1 + 2 * Math.exp(-9)), wrong = Math.log(Math.exp(9) + 2);
  assert.equal(accuracy, 0.5);
  assert.ok(Math.abs(loss! - (right + wrong) / 2) < 1e-9);
});

Deno.test("labelScorer() of numbers takes one output a row", () => {
  const scorer = labelScorer(splitOf([0.5, -1, 2]), ["mse", "pearson"]);
  scorer.add(Uint32Array.of(0, 1, 2), logits(1, 1, -0.5, 2.5));
  const { mse, pearson } = scorer.values();
  assert.equal(mse, 0.25);
  assert.ok(Math.abs(pearson! - 1) < 1e-12);
});

Deno.test("labelScorer() judges each evaluation by itself", () => {
  const split = splitOf([1, 0]);
  const [first, second] = [labelScorer(split, ["accuracy"]), labelScorer(split, ["accuracy"])];
  first.add(Uint32Array.of(0, 1), logits(2, 1, 0, 0, 1));
  second.add(Uint32Array.of(0, 1), logits(2, 0, 1, 1, 0));
  assert.deepEqual([first.values(), second.values()], [{ accuracy: 0 }, { accuracy: 1 }]);
});

Deno.test("labelScorer() names what is missing", () => {
  assert.throws(
    () => labelScorer(splitOf([], 3), ["accuracy"]),
    new DataError("some rows: the rows have no labels to judge by; use a split that has them"),
  );
  assert.throws(() => labelScorer(splitOf([1]), ["accurracy"]), DataError);
  const scorer = labelScorer(splitOf([1]), ["accuracy"]);
  assert.throws(
    () => scorer.add(Uint32Array.of(0), { start: logits(2, 0, 1).logits }),
    new DataError("some rows: the model gives no logits; use one for this task"),
  );
  assert.throws(() => scorer.values(), DataError, "no row was seen");
  assert.throws(() => scorer.add(Uint32Array.of(0), logits(1, 5)), DataError, "class 1 of one");
});
