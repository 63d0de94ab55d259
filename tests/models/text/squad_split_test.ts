import assert from "node:assert/strict";
import fc from "fast-check";
import type { Batch } from "../../../models/data/split.ts";
import { squadBatchLength, squadSplit } from "../../../models/text/squad_split.ts";
import { squadWindows } from "../../../models/text/squad_windows.ts";
import { numbered, question, wordId, words } from "./squad_words.ts";

Deno.test("squadSplit() lays out [CLS] question [SEP] context [SEP] and padding", () => {
  const questions = [question("the cat sat", "who sat", ["cat sat"]), question("no", "why", [], "r")];
  const split = squadSplit(squadWindows(questions, words()), "dev");
  assert.deepEqual([split.name, split.count, [...split.labels as number[]]], ["dev", 2, []]);
  assert.deepEqual([...split.lengths as Uint32Array], [8, 5]);
  const batch = split.gather([1, 0], 3) as Batch;
  const shapes = Object.entries(batch).map(([name, { shape, dtype }]) => [name, dtype, ...shape]);
  assert.deepEqual(shapes, [
    ["ids", "u32", 3, 64],
    ["typeIds", "u32", 3, 64],
    ["mask", "u32", 3, 64],
    ["starts", "u32", 3],
    ["ends", "u32", 3],
    ["valid", "f32", 3],
  ]);
  const rows = (name: string): number[][] =>
    [0, 1, 2].map((row) => [...batch[name].data.subarray(64 * row, 64 * row + 9)]);
  const [who, sat, the, cat, no, why] = ["who", "sat", "the", "cat", "no", "why"].map(wordId);
  assert.deepEqual(rows("ids"), [
    [1, why, 2, no, 2, 3, 3, 3, 3],
    [1, who, sat, 2, the, cat, sat, 2, 3],
    [1, ...Array(8).fill(3)],
  ]);
  assert.deepEqual(rows("typeIds"), [[0, 0, 0, 1, 1, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1, 1, 1, 0], Array(9).fill(0)]);
  assert.deepEqual(rows("mask"), [[1, 1, 1, 1, 1, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1, 1, 1, 0], [1, ...Array(8).fill(0)]]);
  assert.deepEqual([...batch.starts.data], [0, 5, 0]);
  assert.deepEqual([...batch.ends.data], [0, 6, 0]);
  assert.deepEqual([...batch.valid.data], [1, 1, 0]);
  assert.deepEqual([batch.typeIds.data.lastIndexOf(1), batch.mask.data.lastIndexOf(1)], [64 + 7, 2 * 64]);
});

Deno.test("squadSplit() gives batches memory of their own", () => {
  const split = squadSplit(squadWindows([question("the cat", "who")], words()), "dev");
  const first = split.gather([0], 1) as Batch;
  first.ids.data.fill(77);
  assert.equal((split.gather([0], 1) as Batch).ids.data[0], 1);
});

Deno.test("squadSplit() refuses to be empty, and rows that it has not", () => {
  const split = squadSplit(squadWindows([question("the cat", "who")], words()), "dev");
  const error = (message: RegExp) => ({ name: "DataError", message });
  assert.throws(() => split.gather([0, 0], 1), error(/^dev: 2 rows for a batch of 1; ask for as many at most/));
  assert.throws(() => split.gather([1], 1), error(/^dev: there is no row 1; rows are 0 to 0/));
  assert.throws(() => squadSplit(squadWindows([], words()), "dev"), {
    name: "DataError",
    message: /^dev: there are no/,
  });
});

Deno.test("squadBatchLength() is the smallest of few lengths, at most the maximum", () => {
  assert.deepEqual([1, 64, 65, 300, 384].map((length) => squadBatchLength(length, 384)), [64, 64, 128, 320, 384]);
  assert.deepEqual([3, 64, 90, 100].map((length) => squadBatchLength(length, 100)), [64, 64, 100, 100]);
  assert.deepEqual([500, 513, 700].map((length) => squadBatchLength(length, 700)), [512, 700, 700]);
  assert.equal(squadBatchLength(20, 40), 40);
});

Deno.test("squadSplit() keeps every window whole, whatever rows share a batch", () => {
  const sizes = fc.array(fc.tuple(fc.integer({ min: 1, max: 150 }), fc.integer({ min: 1, max: 6 })), {
    minLength: 1,
    maxLength: 5,
  });
  fc.assert(
    fc.property(sizes, fc.array(fc.nat(), { minLength: 1, maxLength: 4 }), (sizes, picks) => {
      const questions = sizes.map(([context, query], i) =>
        question(numbered(context), numbered(query, "q"), [], `${i}`)
      );
      const made = squadWindows(questions, words(), { maxLength: 100, stride: 10 });
      const split = squadSplit(made, "dev");
      const rows = picks.map((pick) => pick % split.count);
      const batch = split.gather(rows, 4) as Batch;
      const tokens = batch.ids.shape[1];
      assert.equal(tokens, squadBatchLength(Math.max(...rows.map((row) => split.lengths![row])), 100));
      rows.forEach((row, i) => {
        const { question, first, count } = made.windows[row];
        const [context, query] = sizes[question];
        const ids = (text: string): number[] => text === "" ? [] : text.split(" ").map(wordId);
        const expected = [
          1,
          ...ids(numbered(query, "q")),
          2,
          ...ids(numbered(context)).slice(first, first + count),
          2,
        ];
        assert.deepEqual([...batch.ids.data.subarray(i * tokens, (i + 1) * tokens)], [
          ...expected,
          ...Array(tokens - expected.length).fill(3),
        ]);
        assert.equal(split.lengths![row], expected.length);
      });
    }),
    { numRuns: 50 },
  );
});
