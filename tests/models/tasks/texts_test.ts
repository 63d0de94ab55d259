/** GLUE's tasks on GLUE's rows. */
import assert from "node:assert/strict";
import { hostTensor } from "../../../engine/mod.ts";
import type { Folder } from "../../../models/folder.ts";
import type { Dataset, TaskData } from "../../../models/task.ts";
import { tasks } from "../../../models/tasks.ts";
import { testWithData } from "../real_data.ts";
import { bert } from "../text/squad_data.ts";
import { judged, perfect } from "./support.ts";

/** Loads a task of GLUE and prepares it for a BERT. */
async function loaded(name: string, folder: Folder): Promise<{ data: TaskData; prepared: Dataset }> {
  const data = await tasks[name]!.load(folder);
  return { data, prepared: data.prepare({ name: "tiny", tokenizer: await bert(), maxLength: 64 }) };
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
