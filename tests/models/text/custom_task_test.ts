import assert from "node:assert/strict";
import fc from "fast-check";
import { memoryFolder } from "../../../models/folder.ts";
import { type CustomTask, customTask } from "../../../models/text/custom_task.ts";
import { describeRows } from "../../../models/text/describe_rows.ts";
import { loadTextTask } from "../../../models/text/load_text.ts";
import stored from "../../parity/parquet.json" with { type: "json" };

const error = (message: RegExp): object => ({ name: "DataError", message });
const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));

const reviews: CustomTask = {
  name: "reviews",
  kind: "classification",
  files: { train: "train.csv", validation: "dev.csv" },
  text: "review",
  pair: null,
  label: "stars",
  labels: ["bad", "good"],
  metrics: ["accuracy"],
};

const load = (json: unknown, files: Record<string, string | Uint8Array>) =>
  loadTextTask(customTask(json, "task.json"), memoryFolder(files, "data"));

Deno.test("customTask() reads CSV with quotes, commas and line ends in fields", async () => {
  const { splits, labels, notes } = await load(reviews, {
    "train.csv": '\ufeffid,review,stars\r\n1,"good, ""really""\nyes",good\r\n2,plain,bad\r\n',
    "dev.csv": "stars,review\ngood,short",
  });
  assert.deepEqual(labels, ["bad", "good"]);
  assert.deepEqual(splits, {
    train: [{ text: 'good, "really"\nyes', label: 1 }, { text: "plain", label: 0 }],
    validation: [{ text: "short", label: 1 }],
  });
  assert.deepEqual(notes, []);
});

Deno.test("customTask() collects the classes of the training file: numbers by size, names by letter", async () => {
  const { labels: _, ...json } = reviews;
  const numbers = await load(json, {
    "train.csv": "review,stars\na,10\nb,9\nc,9\n",
    "dev.csv": "review,stars\nd,10\n",
  });
  assert.deepEqual(numbers.labels, ["9", "10"]);
  assert.deepEqual(numbers.splits.train!.map(({ label }) => label), [1, 0, 0]);
  const names = await load(json, { "train.csv": "review,stars\na,yes\nb,no\n", "dev.csv": "review,stars\nd,yes\n" });
  assert.deepEqual(names.labels, ["no", "yes"]);
  await assert.rejects(
    load(json, { "train.csv": "review,stars\na,9\nb,9\n", "dev.csv": "review,stars\nd,9\n" }),
    error(/^reviews: the training rows have 1 label/),
  );
  await assert.rejects(
    load(json, { "train.csv": "review,stars\na,9\nb,8\n", "dev.csv": "review,stars\nd,7\n" }),
    error(/^data\/dev.csv row 1: has the label "7", which is none of 8, 9; correct/),
  );
});

Deno.test("customTask() takes numbers of classes where names are no numbers, in every format", async () => {
  const json = { ...reviews, files: { train: "train.jsonl", validation: "dev.json", test: "test.tsv" } };
  const { splits } = await load(json, {
    "train.jsonl": '{"review": "a", "stars": 1}\n\n{"stars": "bad", "review": "b", "more": [1]}\n',
    "dev.json": '[{"review": "c", "stars": 0}]',
    "test.tsv": "review\tmore\nd\t1\n",
  });
  assert.deepEqual(splits, {
    train: [{ text: "a", label: 1 }, { text: "b", label: 0 }],
    validation: [{ text: "c", label: 0 }],
    test: [{ text: "d" }],
  });
  const swapped = await load({ ...json, labels: [1, 0] }, {
    "train.jsonl": '{"review": "a", "stars": 1}',
    "dev.json": '{"review": "a", "stars": 1}',
    "test.tsv": "review\tstars\nd\t0\ne\t-1\nf\t\n",
  });
  assert.deepEqual(swapped.splits.train, [{ text: "a", label: 0 }], "names that are numbers are names");
  assert.deepEqual(swapped.splits.test, [{ text: "d", label: 1 }, { text: "e" }, { text: "f" }]);
});

Deno.test("customTask() reads parquet: classes by the names that the file has, several files one after another", async () => {
  const json = {
    name: "hub",
    kind: "classification",
    files: { train: ["a.parquet", "b.parquet"], validation: "b.parquet", test: "a.parquet" },
    text: "text",
    label: "label",
    labels: ["yes", "perhaps", "no"],
  };
  const file = bytesOf(stored.files.snappy);
  const rows = stored.rows.text.map((text, i) => ({ text, label: 2 - stored.rows.label[i]! }));
  const unlabelled = stored.rows.label.findIndex((label) => label === -1);
  assert.equal(unlabelled, 5, "one row has no label, as in test files of the hub");
  await assert.rejects(
    load(json, { "a.parquet": file, "b.parquet": file }),
    error(/^data\/a.parquet row 6: has the label "-1", which is none of yes, perhaps, no \(so do 2 rows in all\)/),
  );
  const task = customTask({ ...json, files: { ...json.files, train: "b.parquet" } }, "task.json");
  const { splits } = await loadTextTask(task, memoryFolder({ "a.parquet": file }), { require: ["test"] });
  const expected = rows.map((row, i) => i === unlabelled ? { text: row.text } : row);
  assert.deepEqual(splits, { test: expected });
});

Deno.test("customTask() of a regression takes numbers, and nothing else", async () => {
  const json = {
    name: "scores",
    kind: "regression",
    files: { train: "train.tsv", validation: "dev.tsv" },
    header: false,
    text: 1,
    pair: 2,
    label: 0,
  };
  const task = customTask(json, "task.json");
  assert.deepEqual(task.metrics, ["pearson", "spearman"]);
  const loaded = await load(json, { "train.tsv": "-1\ta\tb\n2.5\tc\td\n", "dev.tsv": '1e-1\t"\t"\n' });
  assert.deepEqual(loaded.splits.train!.map(({ label }) => label), [-1, 2.5]);
  assert.deepEqual(loaded.splits.validation, [{ text: '"', pair: '"', label: 0.1 }]);
  const { splits: [train], pairs } = describeRows(task, loaded);
  assert.deepEqual([train!.range, train!.characters, pairs], [
    { min: -1, max: 2.5, mean: 0.75 },
    { mean: 2, max: 2 },
    true,
  ]);
  for (const wrong of ["", "x", "0x10", "NaN", "1e999", "Infinity", "1,5"]) {
    await assert.rejects(
      load(json, { "train.tsv": `1\ta\tb\n${wrong}\tc\td\n`, "dev.tsv": "1\ta\tb" }),
      error(/^data\/train.tsv line 2: has (no label|the label ".*", which is no number); correct/),
    );
  }
});

Deno.test("files of one's own are read strictly: file, row, value and remedy are named", async () => {
  const dev = { "dev.csv": "review,stars\nd,good\n" };
  const csv = (text: string): Promise<unknown> => load(reviews, { "train.csv": text, ...dev });
  await assert.rejects(
    csv("review,rating\na,good\n"),
    error(/no column "stars"; its columns are review, rating; correct/),
  );
  await assert.rejects(
    csv("review,stars\na,good\nb\n"),
    error(/^data\/train.csv: is no CSV file \(Invalid Record Length/),
  );
  await assert.rejects(csv('review,stars\n"a,good\n'), error(/^data\/train.csv: is no CSV file \(Quote Not Closed/));
  await assert.rejects(
    csv("review,stars\na,fine\n"),
    error(/train.csv row 1: has the label "fine", which is none of bad, good;/),
  );
  await assert.rejects(csv("review,stars\na,\n"), error(/train.csv row 1: has no label; correct/));
  await assert.rejects(csv("review,stars\na,2\n"), error(/has the label "2"/));
  await assert.rejects(csv(""), error(/^data\/train.csv: is empty/));
  await assert.rejects(
    load(reviews, dev),
    error(/^data: there is no file of the train rows of task reviews; looked for/),
  );
  await assert.rejects(
    load({ ...reviews, format: "tsv" }, { "train.csv": "review\tstars\na\tb\tgood\n", "dev.csv": "review\tstars\n" }),
    error(/^data\/train.csv line 2: has 3 columns where the header has 2; correct the row$/),
  );
  const lines = (text: string): Promise<unknown> => load({ ...reviews, format: "jsonl" }, { "train.csv": text });
  const all = { ...reviews, files: { train: "t.jsonl", validation: "t.jsonl" } };
  const jsonl = (text: string): Promise<unknown> => load(all, { "t.jsonl": text });
  await assert.rejects(lines("{}"), error(/no file of the validation rows/));
  await assert.rejects(jsonl('{"review": "a", "stars": 1}\n[1]\n'), error(/^data\/t.jsonl line 2: \[1\] is no object/));
  await assert.rejects(
    jsonl('{"review": "a", "stars": 1}\n{"rev\n'),
    error(/^data\/t.jsonl line 2: is no JSON \(.*\); correct it$/),
  );
  await assert.rejects(
    jsonl('{"review": "a", "stars": 1}\n{"review": "b"}\n'),
    error(/line 2: has nothing in column "stars"/),
  );
  await assert.rejects(jsonl('{"review": 5, "stars": 1}'), error(/line 1: 5 is no text; choose a column of texts/));
  await assert.rejects(jsonl('{"review": "a", "stars": [1]}'), error(/line 1: the label is no text and no number/));
  const latin = Uint8Array.from([...new TextEncoder().encode("review,stars\n"), 0xe9, 0x2c, 0x31]);
  await assert.rejects(load(reviews, { "train.csv": latin, ...dev }), error(/^data\/train.csv: is not UTF-8 text/));
});

Deno.test("customTask() lists every fault of a description at once", () => {
  const faults = (json: unknown): string => {
    try {
      customTask(json, "task.json");
    } catch (fault) {
      assert.equal((fault as Error).name, "DataError");
      assert.ok(!/\n/.test((fault as Error).message));
      return (fault as Error).message;
    }
    throw new assert.AssertionError({ message: "it was accepted" });
  };
  const message = faults({
    name: "my task",
    kind: "regression",
    files: { train: "../secret.csv", validation: "dev" },
    text: -1,
    label: "score",
    labels: ["a", "a"],
    metrics: ["accuracy", "f2"],
    colour: "red",
  });
  for (
    const fault of [
      /^task.json: /,
      /expected letters, digits, \., _ and - → at name/,
      /path below the folder of the data → at files.train/,
      /expected number to be >=0 → at text/,
      /a regression has no classes → at labels/,
      /a class is listed twice → at labels/,
      /metric "f2" is not known; there are accuracy, /,
      /are for classes; use pearson, spearman or mse → at metrics/,
      /none of the endings/,
      /"colour"/,
    ]
  ) assert.match(message, fault);
  assert.match(faults([]), /expected object/);
  assert.match(faults({ ...reviews, files: { train: "a.csv" } }), /files.validation/);
  assert.match(faults({ ...reviews, files: { train: [], validation: "a.csv" } }), /files.train/);
  assert.match(faults({ ...reviews, labels: ["a", "b", "c"], metrics: ["f1"] }), /f1 is for two classes; use f1-macro/);
  assert.match(faults({ ...reviews, metrics: ["pearson"] }), /are for numbers; use accuracy/);
  assert.match(faults({ ...reviews, pair: "review" }), /three columns/);
  assert.match(faults({ ...reviews, header: false }), /have no names of columns; give their numbers/);
  assert.match(faults({ ...reviews, labels: ["a"] }), /at labels/);
  assert.match(faults({ ...reviews, files: { train: "/etc/passwd.csv", validation: "a.csv" } }), /below the folder/);
});

Deno.test("customTask() refuses any other JSON with a DataError of one line", () => {
  const keys = fc.constantFrom(...Object.keys(reviews), "format", "header", "__proto__", "x");
  const change = fc.tuple(keys, fc.oneof(fc.jsonValue(), fc.constantFrom("regression", "f1", "a.csv", null)));
  fc.assert(fc.property(fc.oneof(fc.jsonValue(), fc.array(change, { maxLength: 4 })), (value) => {
    const json = Array.isArray(value) && value.every((item) => Array.isArray(item) && typeof item[0] === "string")
      ? { ...reviews, ...Object.fromEntries(value as [string, unknown][]) }
      : value;
    try {
      const task = customTask(json, "task.json");
      assert.ok(task.metrics.length > 0 && task.splits.train !== undefined);
    } catch (fault) {
      assert.ok(fault instanceof Error && fault.name === "DataError", `${fault}`);
      assert.match(fault.message, /^task.json: [^\n]+$/);
    }
  }));
});
