import assert from "node:assert/strict";
import fc from "fast-check";
import { evaluationBatches, trainingBatches } from "../../../models/data/batches.ts";
import { textSplit } from "../../../models/text/text_split.ts";
import type { TextRow } from "../../../models/text/text_task.ts";
import { loadTokenizer } from "../../../models/text/tokenizer.ts";
import { longestFirst } from "../../../models/text/truncate.ts";
import { toyBert, toyClip } from "./toy_tokenizers.ts";

const tokenizer = await loadTokenizer(toyBert());
const sentences = fc.array(fc.constantFrom("the", "quick", "unaffable", "CAFE", "?!", "\u20ac"), { maxLength: 12 })
  .map((words) => words.join(" "));
const rowsOf = fc.array(
  fc.record({ text: sentences, pair: fc.option(sentences, { nil: undefined }), label: fc.nat(4) }),
  { minLength: 1, maxLength: 12 },
);

Deno.test("textSplit() gives every row its tokens, padded to the smallest length that holds the longest", async () => {
  const buckets = [8, 16, 24];
  await fc.assert(
    fc.asyncProperty(rowsOf, fc.integer({ min: 4, max: 40 }), fc.nat(3), async (rows, maxLength, spare) => {
      const split = textSplit({ name: "toy", rows, tokenizer, maxLength, buckets });
      assert.deepEqual([split.count, split.lengths!.length], [rows.length, rows.length]);
      const picked = rows.map((_, row) => rows.length - 1 - row);
      const size = rows.length + spare;
      const batch = await split.gather(picked, size);
      const longest = Math.max(...Array.from(split.lengths!));
      const width = [...buckets.filter((length) => length < maxLength), maxLength].find((length) => length >= longest)!;
      for (const name of ["ids", "typeIds", "mask"]) {
        assert.deepEqual([batch[name].shape, batch[name].dtype], [[size, width], "u32"]);
      }
      assert.deepEqual([batch.labels.shape, batch.labels.dtype], [[size], "u32"]);
      assert.deepEqual([batch.valid.shape, batch.valid.dtype], [[size], "f32"]);
      for (let i = 0; i < size; i++) {
        const [ids, typeIds, mask] = [batch.ids, batch.typeIds, batch.mask].map(({ data }) =>
          Array.from(data.subarray(i * width, (i + 1) * width))
        );
        const real = i < rows.length;
        const expected = real ? cut(rows[picked[i]], maxLength) : { ids: [tokenizer.clsId], typeIds: [0] };
        const length = expected.ids.length;
        if (real) assert.equal(split.lengths![picked[i]], length);
        const padding = Array(width - length);
        assert.deepEqual(ids, [...expected.ids, ...padding.fill(tokenizer.padId)]);
        assert.deepEqual(typeIds, [...expected.typeIds, ...padding.fill(0)]);
        assert.deepEqual(mask, [...Array(length).fill(1), ...padding.fill(0)]);
        assert.equal(batch.labels.data[i], real ? rows[picked[i]].label : 0);
        assert.equal(batch.valid.data[i], real ? 1 : 0);
      }
    }),
  );
});

/** The tokens of a row, from the tokenizer's own parts. */
function cut({ text, pair }: TextRow, maxLength: number): { ids: number[]; typeIds: number[] } {
  const first = tokenizer.ids(text);
  if (pair === undefined) return tokenizer.assemble(first.slice(0, maxLength - 2));
  const second = tokenizer.ids(pair);
  const [a, b] = longestFirst(first.length, second.length, maxLength - 3);
  return tokenizer.assemble(first.slice(0, a), second.slice(0, b));
}

Deno.test("textSplit() feeds training and evaluation; short rows come first where padding costs", async () => {
  const rows = ["the quick the quick the quick the", "the", "quick quick", "the the the"].map((text) => ({ text }));
  const split = textSplit({ name: "toy", rows, tokenizer, maxLength: 16, buckets: [4, 8] });
  const seen: number[][] = [];
  for await (const { rows: numbers, batch } of evaluationBatches(split, 2)) seen.push([...numbers, batch.ids.shape[1]]);
  assert.deepEqual(seen, [[1, 2, 4], [3, 0, 16]]);
  const first = (await trainingBatches(split, 4, 1).next()).value;
  assert.deepEqual(first.ids.shape, [4, 16]);
  assert.deepEqual([split.labels.length, [...first.labels.data]], [0, [0, 0, 0, 0]]);
});

Deno.test("textSplit() has lengths of its own, and the longest is the maximum", async () => {
  const rows = Array.from({ length: 130 }, (_, count) => ({ text: "the ".repeat(count) }));
  const split = textSplit({ name: "toy", rows, tokenizer, maxLength: 100 });
  const widthOf = async (row: number) => (await split.gather([row], 1)).ids.shape[1];
  assert.deepEqual(await Promise.all([0, 6, 7, 14, 15, 62, 63, 94, 95, 129].map(widthOf)), [
    8,
    8,
    16,
    16,
    32,
    64,
    96,
    96,
    100,
    100,
  ]);
  assert.equal(await widthOf(0), 8);
  assert.deepEqual((await split.gather([], 3)).ids.shape, [3, 8]);
});

Deno.test("textSplit() keeps numbers for regression, and rows of CLIP's tokenizer", async () => {
  const clip = await loadTokenizer(toyClip());
  const rows = [{ text: "the cat", label: 2.5 }, { text: "cat", label: -1 }];
  const split = textSplit({ name: "toy", rows, tokenizer: clip, maxLength: 77, regression: true });
  const batch = await split.gather([1, 0], 3);
  assert.deepEqual([batch.labels.dtype, [...batch.labels.data]], ["f32", [-1, 2.5, 0]]);
  assert.deepEqual([...split.labels as Float32Array], [2.5, -1]);
  assert.deepEqual([...batch.ids.data.subarray(0, 4)], [...clip.encode("cat").ids, clip.padId]);
});

Deno.test("textSplit() says which row and which value is wrong", () => {
  const make = (options: Partial<Parameters<typeof textSplit>[0]>) =>
    textSplit({ name: "toy", rows: [{ text: "the" }], tokenizer, maxLength: 16, ...options });
  const fails = (options: Partial<Parameters<typeof textSplit>[0]>, message: RegExp) =>
    assert.throws(() => make(options), { name: "DataError", message });
  fails({ rows: [] }, /^toy: there are no rows/);
  fails({ rows: [{ text: "a", label: 1 }, { text: "b" }] }, /^toy: row 2 has no label/);
  for (const label of [-1, 0.5, NaN, 2 ** 32]) fails({ rows: [{ text: "a", label }] }, /^toy: row 1 has the label/);
  fails({ rows: [{ text: "a", label: Infinity }], regression: true }, /^toy: row 1 has the label Infinity/);
  for (const maxLength of [2, 0, -1, 7.5, NaN]) fails({ maxLength }, /^toy: maximum length/);
  fails({ maxLength: 3, rows: [{ text: "a", pair: "b" }] }, /use a whole number, 4 or more/);
  for (const buckets of [[8, 8], [16, 8], [0], [1.5]]) fails({ buckets }, /^toy: lengths of batches/);
  assert.throws(() => make({}).gather([0, 0], 1), { name: "DataError", message: /2 rows for a batch of 1/ });
  for (const row of [-1, 1, 0.5]) assert.throws(() => make({}).gather([row], 1), { message: /there is no row/ });
});
