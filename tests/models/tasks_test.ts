import assert from "node:assert/strict";
import { hostTensor } from "../../engine/mod.ts";
import { DataError } from "../../models/data/error.ts";
import { parsePreprocessor } from "../../models/data/preprocess.ts";
import { subset } from "../../models/data/subset.ts";
import { memoryFolder } from "../../models/folder.ts";
import { metricNamed } from "../../models/metrics/registry.ts";
import { customTask, taskNamed, tasks } from "../../models/tasks.ts";
import { loadTokenizer } from "../../models/text/tokenizer.ts";
import { smallViT } from "../../models/vit/small.ts";
import { judged, perfect } from "./tasks/support.ts";
import { toyBert } from "./text/toy_tokenizers.ts";

const glue = ["cola", "sst2", "mrpc", "qqp", "stsb", "mnli", "qnli", "rte", "wnli"];
const all = ["digits", "mnist", ...glue, "squad", "squad-v2"];

Deno.test("tasks have their own names, metrics that there are, and a description", () => {
  for (const name of all) assert.ok(Object.hasOwn(tasks, name), name);
  for (const [name, task] of Object.entries(tasks)) {
    assert.equal(task.name, name);
    assert.ok(task.description.length > 10 && task.metrics.length > 0, name);
    if (task.head !== "span") task.metrics.forEach(metricNamed);
    assert.equal(
      task.head === "span" || task.head === "regression",
      ["squad", "squad-v2", "stsb"].includes(name),
      name,
    );
  }
  assert.deepEqual(tasks.stsb!.metrics, ["pearson", "spearman", "mse"]);
  assert.deepEqual(tasks.sst2!.metrics, ["accuracy", "loss"]);
});

Deno.test("taskNamed() lists the tasks when there is no such", () => {
  assert.equal(taskNamed("mnist"), tasks.mnist);
  for (const name of ["sst-3", "constructor"]) {
    const known = Object.keys(tasks).join(", ");
    assert.throws(() => taskNamed(name), new DataError(`task "${name}" is not known; there are ${known}`));
  }
});

Deno.test("tasks say when a folder is missing, surplus, or without their files", async () => {
  for (const task of Object.values(tasks)) {
    if (!task.needsFolder) {
      await assert.rejects(task.load(memoryFolder({}, "data")), /^DataError: data: .* give no folder$/);
      continue;
    }
    const missing = new DataError(`task ${task.name} needs data; give the folder that holds them`);
    await assert.rejects(task.load(), missing);
  }
  await assert.rejects(tasks.mnist!.load(memoryFolder({}, "data")), /^DataError: data: there is no train-images/);
  await assert.rejects(tasks.squad!.load(memoryFolder({}, "data")), /^DataError: data: there is no dev-v1.1.json, no /);
  const none = await tasks.sst2!.load(memoryFolder({}, "data"));
  const prepared = none.prepare({ name: "c", tokenizer: await loadTokenizer(toyBert()) });
  assert.throws(() => prepared.evaluation, new DataError("data: there is no file of rows to evaluate on"));
  assert.throws(() => prepared.train, new DataError("data: there is no file of the train rows of task sst2"));
});

Deno.test("digits become splits for a model's preprocessor", async () => {
  const data = await tasks.digits!.load();
  assert.deepEqual([data.summary.train!.rows, data.summary.test!.rows, data.labels.length], [6000, 2000, 10]);
  assert.equal(Object.values(data.summary.test!.labels!).reduce((a, b) => a + b), 2000);
  assert.deepEqual(data.images, [1, 16, 16]);
  assert.throws(() => data.prepare({ name: "c" }), /^DataError: c: there is no preprocessor_config.json/);
  const preprocessor = parsePreprocessor(smallViT([1, 16, 16], 10).preprocessor, "small");
  const prepared = data.prepare({ name: "c", preprocessor });
  const { test } = prepared.evaluation;
  assert.deepEqual([prepared.train.count, test!.count], [6000, 2000]);
  const batch = await test!.gather([0, 1], 3);
  assert.deepEqual([batch.images!.shape, [...batch.valid!.data]], [[3, 1, 16, 16], [1, 1, 0]]);
  const metrics = judged(prepared, test!, perfect(test!, 10));
  assert.equal(metrics.accuracy, 1);
  assert.ok(metrics.loss! < 1e-6);
});

Deno.test("digits with captions are held out without their captions, the others with them", async () => {
  const data = await tasks["digit-captions"]!.load();
  const preprocessor = parsePreprocessor(smallViT([1, 16, 16], 10).preprocessor, "small");
  const { holdOut, scorer } = data.prepare({ name: "c", preprocessor });
  const { train, heldOut } = holdOut!(500, 3);
  assert.deepEqual([train.count, heldOut.count], [5500, 500]);
  const { texts, labels } = await train.gather([0, 1], 2);
  assert.deepEqual([texts!.shape, labels], [[2, 8], undefined]);
  const batch = await heldOut.gather([0, 1], 2);
  assert.deepEqual([batch.texts, [...batch.labels!.data]], [undefined, Array.from(heldOut.labels).slice(0, 2)]);
  const metrics = judged({ train, evaluation: {}, scorer }, heldOut, perfect(heldOut, 10));
  assert.equal(metrics.accuracy, 1);
});

const lines = (...rows: string[]): string => rows.join("\n") + "\n";

Deno.test("customTask() is a task whose files, classes and metrics are the user's", async () => {
  const task = customTask({
    name: "reviews",
    kind: "classification",
    files: { train: "train.csv", validation: "dev.csv" },
    text: "review",
    label: "stars",
    labels: ["bad", "good"],
    metrics: ["f1"],
  }, "reviews.json");
  assert.deepEqual([task.name, task.head, task.modality, task.metrics], [
    "reviews",
    "classification",
    "text",
    ["f1", "loss"],
  ]);
  const folder = memoryFolder({
    "train.csv": lines("review,stars", "the quick,good", "unaffable,bad"),
    "dev.csv": lines("review,stars", "cafe,good", "unaffable,bad", "the unaffable quick cafe,good"),
  }, "mine");
  const data = await task.load(folder);
  assert.deepEqual(data.summary, {
    train: { rows: 2, unlabelled: 0, labels: { bad: 1, good: 1 } },
    validation: { rows: 3, unlabelled: 0, labels: { bad: 1, good: 2 } },
  });
  assert.throws(() => data.prepare({ name: "c" }), /^DataError: c: there is no tokenizer; copy the files/);
  const prepared = data.prepare({ name: "c", tokenizer: await loadTokenizer(toyBert()), maxLength: 5 });
  const { validation } = prepared.evaluation;
  assert.deepEqual(Array.from(validation!.lengths!), [3, 5, 5], "cut to 5 tokens");
  const logits = hostTensor(Float32Array.of(0, 1, 0, 1, 0, 1), [3, 2]);
  assert.deepEqual(judged(prepared, validation!, { logits }).f1, 0.8, "precision 2/3, recall 1");
  const part = subset(validation!, [1], "part");
  assert.deepEqual(judged(prepared, part, { logits: hostTensor(Float32Array.of(1, 0), [1, 2]) }).f1, 0);
});
