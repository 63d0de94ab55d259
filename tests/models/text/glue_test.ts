import assert from "node:assert/strict";
import type { Folder } from "../../../models/folder.ts";
import { memoryFolder } from "../../../models/folder.ts";
import { metricNamed } from "../../../models/metrics/registry.ts";
import { describeRows } from "../../../models/text/describe_rows.ts";
import { glueTasks } from "../../../models/text/glue.ts";
import { loadTextTask } from "../../../models/text/load_text.ts";
import type { LoadedText } from "../../../models/text/text_task.ts";
import stored from "../../parity/parquet.json" with { type: "json" };
import { testWithData } from "../real_data.ts";

const error = (message: RegExp): object => ({ name: "DataError", message });

/** Rows of each class by split, and rows without a label. */
function counts(name: string, loaded: LoadedText): Record<string, readonly number[]> {
  const { splits } = describeRows(glueTasks[name]!, loaded);
  return Object.fromEntries(
    splits.map(({ split, labels, unlabelled }) => [split, [...labels.map(({ rows }) => rows), unlabelled]]),
  );
}

/** Loads what is there of a task. */
const load = (name: string, folder: Folder, require: readonly string[] = []): Promise<LoadedText> =>
  loadTextTask(glueTasks[name]!, folder, { require });

testWithData("GLUE's files give the published numbers of rows and labels", "glue", async (folder) => {
  const required = ["train", "validation", "test"];
  assert.deepEqual(counts("sst2", await load("sst2", folder, required)), {
    train: [29780, 37569, 0],
    validation: [428, 444, 0],
    test: [0, 0, 1821],
  });
  assert.deepEqual(counts("cola", await load("cola", folder, required)), {
    train: [2528, 6023, 0],
    validation: [322, 721, 0],
    test: [0, 0, 1063],
  });
  assert.deepEqual(counts("mrpc", await load("mrpc", folder, required)), {
    train: [1194, 2474, 0],
    validation: [129, 279, 0],
    test: [578, 1147, 0],
  });
  assert.deepEqual(counts("wnli", await load("wnli", folder, required)), {
    train: [323, 312, 0],
    validation: [40, 31, 0],
    test: [0, 0, 146],
  });
  const qnli = await load("qnli", folder, required);
  assert.deepEqual(counts("qnli", qnli), { train: [4523, 4476, 0], validation: [2702, 2761, 0], test: [0, 0, 5463] });
  assert.deepEqual(qnli.files.train, ["QNLI/train_subset.json"]);
  assert.deepEqual(qnli.notes, ["train: a sample of the task's rows, not all of them"]);
  assert.deepEqual(counts("mnli", await load("mnli", folder)), {
    train: [3061, 2980, 2958, 0],
    validation: [347, 333, 320, 0],
  });
  assert.deepEqual(counts("qqp", await load("qqp", folder)), { train: [5747, 3252, 0], validation: [623, 377, 0] });
});

testWithData("STS-B is a regression with the published rows and range", "glue", async (folder) => {
  const { splits, notes } = describeRows(glueTasks.stsb!, await load("stsb", folder, ["train", "validation", "test"]));
  assert.deepEqual(splits.map(({ split, rows, unlabelled }) => [split, rows, unlabelled]), [
    ["train", 5749, 0],
    ["validation", 1500, 0],
    ["test", 1379, 0],
  ]);
  for (const { range, labels } of splits) {
    assert.deepEqual([range!.min, range!.max, labels], [0, 5, []]);
    assert.ok(range!.mean > 2.3 && range!.mean < 2.8);
  }
  assert.deepEqual(notes, ["test: scores of the original benchmark"]);
});

testWithData(
  "rows are texts as they stand in the files, from the task's own folder too",
  "glue/CoLA",
  async (folder) => {
    const { splits, files } = await load("cola", folder);
    assert.deepEqual(files.train, ["train.tsv"]);
    const text = "Our friends won't buy this analysis, let alone the next one we propose.";
    assert.deepEqual(splits.train![0], { text, label: 1 });
    assert.deepEqual(splits.test![0], { text: "Bill whistled past the house." });
  },
);

testWithData("a byte order mark and quotes that are not closed do no harm", "glue/MRPC", async (folder) => {
  const { splits, notes } = await load("mrpc", folder);
  assert.deepEqual(splits.validation![0], {
    text: "He said the foodservice pie business doesn 't fit the company 's long-term growth strategy .",
    pair: '" The foodservice pie business does not fit our long-term growth strategy .',
    label: 1,
  });
  assert.equal(notes.length, 1);
});

testWithData("the labelled tests of MRPC and STS-B are the rows of GLUE's unlabelled ones", "glue", async (folder) => {
  for (const [name, file] of [["mrpc", "MRPC/test.tsv"], ["stsb", "STS-B/test.tsv"]] as const) {
    const labelled = (await load(name, folder)).splits.test!;
    const bytes = await folder.read(file);
    const { splits } = await load(name, memoryFolder({ "test.tsv": bytes }));
    assert.ok(splits.test!.every(({ label }) => label === undefined));
    const texts = (rows: typeof labelled): string[] => rows.map(({ text, pair }) => `${text.trim()}\t${pair!.trim()}`);
    assert.deepEqual(texts(labelled), texts(splits.test!));
  }
});

Deno.test("glueTasks has nine tasks whose metrics suit them", () => {
  const primary = Object.fromEntries(Object.values(glueTasks).map(({ name, metrics }) => [name, metrics[0]]));
  assert.deepEqual(primary, {
    cola: "matthews",
    sst2: "accuracy",
    mrpc: "f1",
    qqp: "f1",
    stsb: "pearson",
    mnli: "accuracy",
    qnli: "accuracy",
    rte: "accuracy",
    wnli: "accuracy",
  });
  for (const { kind, labels, metrics, source, splits } of Object.values(glueTasks)) {
    for (const metric of metrics.map(metricNamed)) {
      assert.equal(metric.needs === "numbers", kind === "regression");
      assert.ok(metric.classes === undefined || metric.classes === labels.length);
    }
    assert.equal(labels.length > 0, kind === "classification");
    assert.ok(source.length > 0 && "train" in splits && "validation" in splits && "test" in splits);
  }
});

Deno.test("MNLI has two validation splits, and QQP leaves out rows that are cut short, as GLUE's readers do", async () => {
  const head = "index\tsentence1\tsentence2\tlabel1\tgold_label\n";
  const mnli = await load(
    "mnli",
    memoryFolder({
      "MNLI/train.tsv": `${head}0\ta\tb\tneutral\tcontradiction\n`,
      "MNLI/dev_matched.tsv": `${head}0\tc\td\tneutral\tneutral\n`,
      "MNLI/dev_mismatched.tsv": `${head}0\te\tf\tneutral\tentailment`,
    }),
  );
  assert.deepEqual(mnli.splits, {
    train: [{ text: "a", pair: "b", label: 2 }],
    validation: [{ text: "c", pair: "d", label: 1 }],
    validation_mismatched: [{ text: "e", pair: "f", label: 0 }],
  });
  const qqp = await load(
    "qqp",
    memoryFolder({
      "train.tsv": "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\r\n" +
        "1\t2\t3\twhy?\thow?\t1\r\n\r\n4\t5\t6\tcut\r\n7\t8\t9\twho?\twhat?\t0\r\n",
    }, "glue"),
  );
  assert.deepEqual(qqp.splits.train, [{ text: "why?", pair: "how?", label: 1 }, {
    text: "who?",
    pair: "what?",
    label: 0,
  }]);
  assert.equal(qqp.notes[0], "glue: no file of the validation rows");
  assert.equal(qqp.notes[2], "glue/train.tsv: 1 of 3 rows left out, the first at line 4: they lack a column");
});

Deno.test("the hub's parquet files are read too: numbers of classes, and -1 in tests", async () => {
  const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  const { splits, files } = await load(
    "mnli",
    memoryFolder({
      "mnli/train-00000-of-00001.parquet": bytesOf(stored.mnli.train),
      "data/validation_mismatched-00000-of-00001.parquet": bytesOf(stored.mnli.train),
      "test_matched-00000-of-00001.parquet": bytesOf(stored.mnli.test),
    }),
  );
  const rows = [0, 2, 1].map((label, i) => ({ text: `premise ${i}`, pair: "b", label }));
  const unlabelled = rows.slice(0, 2).map(({ text, pair }) => ({ text, pair }));
  assert.deepEqual(splits, { train: rows, validation_mismatched: rows, test: unlabelled });
  assert.deepEqual(files.test, ["test_matched-00000-of-00001.parquet"]);
  await assert.rejects(
    load("rte", memoryFolder({ "data/train-00000-of-00001.parquet": bytesOf(stored.mnli.train) }, "g")),
    error(/^g\/data\/train-.*parquet: there is no column "sentence1"; its columns are premise, hypothesis, label, idx/),
  );
});

Deno.test("a missing split, a wrong file and a wrong label are named", async () => {
  await assert.rejects(
    loadTextTask(glueTasks.rte!, memoryFolder({}, "glue")),
    error(
      /^glue: there is no file of the train rows of task rte; looked for train.tsv, RTE\/train.tsv, rte\/train-00000-of-/,
    ),
  );
  await assert.rejects(
    load("rte", memoryFolder({ "train.tsv": "sentence\tlabel\na\t1\n" }, "glue")),
    error(/^glue\/train.tsv: there is no column "sentence1"; its columns are sentence, label; correct/),
  );
  await assert.rejects(
    load(
      "rte",
      memoryFolder({ "train.tsv": "index\tsentence1\tsentence2\tlabel\n0\ta\tb\tmaybe\n1\ta\tb\tso\n" }, "g"),
    ),
    error(/^g\/train.tsv line 2: has the label "maybe", which is none of entailment, not_entailment \(so do 2 rows/),
  );
  await assert.rejects(
    load("cola", memoryFolder({ "train.tsv": "sentence\tlabel\nfine\t1\n" }, "g")),
    error(/^g\/train.tsv: has no row with all the columns, of 2; is it the file of task cola\?$/),
  );
  await assert.rejects(
    load("sst2", memoryFolder({ "train.tsv": "sentence\tlabel\n" }, "g")),
    error(/^g\/train.tsv: has no rows/),
  );
  await assert.rejects(load("sst2", memoryFolder({}), ["dev"]), error(/has no split "dev"; it has train, validation/));
});
