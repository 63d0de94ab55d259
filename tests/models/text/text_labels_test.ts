import assert from "node:assert/strict";
import { collectLabels, labelNumbers, type RawRow } from "../../../models/text/text_labels.ts";
import type { TextTask } from "../../../models/text/text_task.ts";

const error = (message: RegExp): object => ({ name: "DataError", message });

const rows = (...labels: readonly (string | undefined)[]): RawRow[] =>
  labels.map((label, i) => ({ text: "t", where: `f row ${i + 1}`, ...(label === undefined ? {} : { label }) }));

const task: TextTask = {
  name: "t",
  description: "",
  source: "",
  kind: "classification",
  labels: [],
  splits: {},
  unlabelled: ["-1"],
  incomplete: "refuse",
  metrics: ["accuracy"],
};

Deno.test("collectLabels() sorts numbers by size and everything else by code units", () => {
  assert.deepEqual(collectLabels(rows("10", "9", "-1", "9", "1e1", undefined, ""), "t"), ["-1", "9", "10", "1e1"]);
  assert.deepEqual(collectLabels(rows("b", "10", "B", "9"), "t"), ["10", "9", "B", "b"]);
});

Deno.test("collectLabels() refuses what cannot be classes", () => {
  assert.throws(
    () => collectLabels(rows("a", "a", undefined), "t"),
    error(/^t: the training rows have 1 label, which/),
  );
  const distinct = rows(...Array.from({ length: 1001 }, (_, i) => `${i / 7}`));
  assert.throws(
    () => collectLabels(distinct, "t"),
    error(/^t: 1001 different labels in 1001 rows, such as "0", are no/),
  );
  assert.equal(collectLabels([...distinct, ...distinct, ...distinct], "t").length, 1001, "each occurs often enough");
});

Deno.test("labelNumbers() takes names, and numbers where no name is a number", () => {
  const numbers = (labels: readonly string[], ...given: readonly string[]) =>
    labelNumbers(task, labels, "train", rows(...given));
  assert.deepEqual(numbers(["no", "yes"], "yes", "0", "1", "no"), [1, 0, 1, 0]);
  assert.deepEqual(numbers(["1", "0"], "1", "0"), [0, 1]);
  for (const wrong of ["2", "-1", "01", "1.0", " yes", "Yes", ""]) {
    assert.throws(
      () => numbers(["no", "yes"], "yes", wrong),
      error(/^f row 2: has (no label|the label ".*", which is none)/),
    );
  }
});

Deno.test("labelNumbers() lets labels be absent in test splits only", () => {
  const given = rows("yes", undefined, "", "-1");
  for (const split of ["test", "test_mismatched"]) {
    assert.deepEqual(labelNumbers(task, ["no", "yes"], split, given), [1, undefined, undefined, undefined]);
  }
  for (const split of ["train", "validation", "testing"]) {
    assert.throws(
      () => labelNumbers(task, ["no", "yes"], split, given),
      error(/^f row 2: has no label \(so do 3 rows in all\); correct the file or the labels of task t$/),
    );
  }
  assert.throws(() => labelNumbers(task, ["no", "yes"], "test", rows("maybe")), error(/"maybe"/));
  assert.deepEqual(
    labelNumbers(task, ["-1", "1"], "test", rows("-1", "1")),
    [0, 1],
    "-1 is a class where it is listed",
  );
  const scores: TextTask = { ...task, kind: "regression", unlabelled: [] };
  assert.deepEqual(labelNumbers(scores, [], "test", rows("-1", " 2.50", "1e-3", "")), [-1, 2.5, 0.001, undefined]);
});
