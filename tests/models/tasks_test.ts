import assert from "node:assert/strict";
import { type HostTensor, hostTensor } from "../../engine/mod.ts";
import { evaluationBatches } from "../../models/data/batches.ts";
import { DataError } from "../../models/data/error.ts";
import { parsePreprocessor } from "../../models/data/preprocess.ts";
import type { Split } from "../../models/data/split.ts";
import { subset } from "../../models/data/subset.ts";
import type { Scorer } from "../../models/evaluate.ts";
import { type Folder, memoryFolder } from "../../models/folder.ts";
import { metricNamed } from "../../models/metrics/registry.ts";
import type { Dataset, TaskData } from "../../models/task.ts";
import { customTask, taskNamed, tasks } from "../../models/tasks.ts";
import { loadTokenizer } from "../../models/text/tokenizer.ts";
import { smallViT } from "../../models/vit_small.ts";
import { dataFolder, testWithData } from "./real_data.ts";
import { bert } from "./text/squad_data.ts";
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

/** Outputs that say of every row what its label is. */
function perfect(split: Split, classes: number): Record<string, HostTensor> {
  const logits = new Float32Array(split.count * classes);
  Array.from(split.labels).forEach((label, row) =>
    classes === 1 ? logits[row] = label : logits[row * classes + label] = 30
  );
  return { logits: hostTensor(logits, [split.count, classes]) };
}

function judged(data: Dataset, split: Split, outputs: Record<string, HostTensor>): Readonly<Record<string, number>> {
  const scorer = data.scorer(split);
  scorer.add(Uint32Array.from({ length: split.count }, (_, row) => row), outputs);
  return scorer.values();
}

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

/** Loads a task of GLUE and prepares it for a BERT. */
async function loaded(name: string, folder: Folder): Promise<{ data: TaskData; prepared: Dataset }> {
  const data = await tasks[name]!.load(folder);
  const vocabulary = dataFolder("tokenizers")!;
  const text = await Deno.readTextFile(`${vocabulary}/bert-base-uncased.vocab.txt`);
  const tokenizer = await loadTokenizer(memoryFolder({ "vocab.txt": text }, "tiny"));
  return { data, prepared: data.prepare({ name: "tiny", tokenizer, maxLength: 64 }) };
}

testWithData(
  "SST-2 as a task has GLUE's rows, BERT's tokens, and a perfect model's metrics",
  "glue",
  async (folder) => {
    const { data, prepared } = await loaded("sst2", folder);
    assert.deepEqual(data.labels, ["negative", "positive"]);
    assert.deepEqual(data.summary.train, {
      rows: 67_349,
      unlabelled: 0,
      labels: { negative: 29_780, positive: 37_569 },
    });
    assert.deepEqual(data.summary.validation, { rows: 872, unlabelled: 0, labels: { negative: 428, positive: 444 } });
    assert.deepEqual(data.summary.test, { rows: 1821, unlabelled: 1821, labels: { negative: 0, positive: 0 } });
    assert.deepEqual(Object.keys(prepared.evaluation), ["validation"], "test rows have no labels");
    const { validation } = prepared.evaluation;
    assert.equal(validation, prepared.evaluation.validation, "made once");
    const { ids, mask } = await validation!.gather([0], 1);
    // [CLS] it ' s a charming and often affecting journey . [SEP]
    const first = [101, 2009, 1005, 1055, 1037, 11951, 1998, 2411, 12473, 4990, 1012, 102];
    assert.deepEqual([...ids!.data.subarray(0, 12)], first);
    assert.deepEqual(Array.from(mask!.data).indexOf(0), 12);
    const { accuracy, loss } = judged(prepared, validation!, perfect(validation!, 2));
    assert.equal(accuracy, 1);
    assert.ok(loss! < 1e-9);
    const constant = hostTensor(new Float32Array(872 * 2).map((_, i) => i % 2), [872, 2]);
    assert.equal(judged(prepared, validation!, { logits: constant }).accuracy, 444 / 872);
  },
);

testWithData("STS-B, MNLI, MRPC and CoLA as tasks", "glue", async (folder) => {
  const stsb = await loaded("stsb", folder);
  assert.deepEqual([stsb.data.labels, stsb.data.summary.validation], [[], { rows: 1500, unlabelled: 0 }]);
  const dev = stsb.prepared.evaluation.validation!;
  const scores = judged(stsb.prepared, dev, perfect(dev, 1));
  assert.deepEqual([scores.spearman, scores.mse], [1, 0]);
  assert.ok(Math.abs(scores.pearson! - 1) < 1e-12);
  const { typeIds, labels } = await dev.gather([0], 1);
  assert.deepEqual([labels!.dtype, [...labels!.data], Math.max(...typeIds!.data)], ["f32", [5], 1]);

  const mnli = await loaded("mnli", folder);
  assert.deepEqual(mnli.data.labels, ["entailment", "neutral", "contradiction"]);
  assert.ok(mnli.data.notes.some((note) => note.includes("a sample of the task's rows")), mnli.data.notes.join("\n"));
  const mrpc = await loaded("mrpc", folder);
  assert.deepEqual(Object.keys(mrpc.prepared.evaluation), ["validation"]);
  assert.deepEqual([mrpc.data.summary.test!.rows, mrpc.data.summary.test!.unlabelled], [1725, 0]);
  const cola = await loaded("cola", folder);
  const { validation } = cola.prepared.evaluation;
  const { matthews, accuracy } = judged(cola.prepared, validation!, perfect(validation!, 2));
  assert.deepEqual([validation!.count, accuracy], [1043, 1]);
  assert.ok(Math.abs(matthews! - 1) < 1e-12);
});

testWithData("WNLI as a task makes its training rows when they are asked for", "glue", async (folder) => {
  const { prepared } = await loaded("wnli", folder);
  assert.equal(prepared.train.count, 635);
  assert.equal(prepared.train, prepared.train, "made once");
  assert.ok(Math.max(...Array.from(prepared.train.lengths!)) <= 64);
});

/** Gives a scorer logits that are sure of the labels: one at the first token of the answer, one at the last. */
async function answer(scorer: Scorer, split: Split): Promise<Readonly<Record<string, number>>> {
  for await (const { rows, batch } of evaluationBatches(split, 100)) {
    const [size, width] = batch.ids!.shape as [number, number];
    const oneHot = (positions: ArrayLike<number>): HostTensor => {
      const data = new Float32Array(size * width);
      Array.from(positions).forEach((position, i) => data[i * width + position] = 10);
      return hostTensor(data, [size, width]);
    };
    scorer.add(rows, { start: oneHot(batch.starts!.data), end: oneHot(batch.ends!.data) });
  }
  return scorer.values();
}

testWithData("SQuAD without training file is split by article, and gold spans are right", "squad", async (folder) => {
  const only: Folder = { ...folder, exists: (path) => Promise.resolve(path === "dev-v1.1.reconstructed.json") };
  const data = await tasks.squad!.load(only);
  const { train, validation } = data.summary;
  assert.equal(train!.rows + validation!.rows, 10_570);
  assert.equal(data.notes.length, 1);
  assert.match(data.notes[0]!, /of the articles of the other file 38 are for training and 10 for evaluation$/);
  assert.throws(() => data.prepare({ name: "c" }), /^DataError: c: there is no tokenizer/);

  const prepared = data.prepare({ name: "c", tokenizer: await bert(), maxLength: 384 });
  const split = prepared.evaluation.validation!;
  assert.ok(split.count >= validation!.rows, "every question has a window");
  const { f1, exact } = await answer(prepared.scorer(split), split);
  assert.ok(f1! > 0.99 && exact! > 0.97 && f1! <= 1, `F1 ${f1}, exact ${exact}`);

  const scorer = prepared.scorer(split);
  assert.throws(() => scorer.values(), /^DataError: SQuAD \(validation\): window 0 was not evaluated; evaluate all/);
  assert.throws(() => scorer.add(Uint32Array.of(0), {}), /the model gives no spans; use one for this task$/);
  assert.throws(
    () => prepared.scorer(subset(split, [0, 1], "two windows")),
    new DataError("two windows: answers are found over all windows of a question; evaluate a whole split"),
  );
});

const article = (title: string, context: string, word: string) => ({
  title,
  paragraphs: [{
    context,
    qas: [
      {
        id: `${title}-1`,
        question: "the quick?",
        answers: [{ text: word, answer_start: context.indexOf(word) }],
        is_impossible: false,
      },
      { id: `${title}-2`, question: "the cafe?", answers: [], is_impossible: true },
    ],
  }],
});

Deno.test("SQuAD v2.0 judges what has no answer, in windows that overlap, on training rows too", async () => {
  const long = Array.from({ length: 30 }, () => "the cafe").join(" ") + " istanbul quick";
  const file = (...articles: unknown[]) => JSON.stringify({ version: "v2.0", data: articles });
  const folder = memoryFolder({
    "train-v2.0.json": file(article("a", "the quick cafe", "quick")),
    "dev-v2.0.json": file(article("b", long, "istanbul")),
  }, "squad");
  const data = await tasks["squad-v2"]!.load(folder);
  assert.deepEqual(data.summary.validation, { rows: 2, labels: { answered: 1, unanswerable: 1 } });
  assert.deepEqual(data.notes, []);
  const prepared = data.prepare({ name: "c", tokenizer: await loadTokenizer(toyBert()), maxLength: 24 });
  const split = prepared.evaluation.validation!;
  assert.ok(split.count > 4, "several windows a question");
  assert.deepEqual(await answer(prepared.scorer(split), split), { f1: 1, exact: 1 });
  assert.deepEqual(await answer(prepared.scorer(prepared.train), prepared.train), { f1: 1, exact: 1 });
});
