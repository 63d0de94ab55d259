/** Our tokenizer of BERT's kind and that of transformers: tokens, their places, truncated and padded pairs. */
import assert from "node:assert/strict";
import { type Folder, memoryFolder } from "../../models/folder.ts";
import { loadTokenizer, type Tokenizer } from "../../models/text/tokenizer.ts";
import { textSplit } from "../../models/text/text_split.ts";
import { longestFirst } from "../../models/text/truncate.ts";
import { testWithData } from "../models/real_data.ts";
import numbers from "./tokenizer.json" with { type: "json" };

const parse = (text: string): number[] => text === "" ? [] : text.split(" ").map(Number);

async function load(folder: Folder, lowercase: boolean): Promise<Tokenizer> {
  const config = JSON.stringify({ do_lower_case: lowercase });
  const vocabulary = await folder.read("bert-base-uncased.vocab.txt");
  return loadTokenizer(memoryFolder({ "vocab.txt": vocabulary, "tokenizer_config.json": config }));
}

testWithData(
  "pieces() gives the tokens and places of BertTokenizerFast, lower-cased or not",
  "tokenizers",
  async (folder) => {
    const tokenizers: Record<string, Tokenizer> = { lower: await load(folder, true), cased: await load(folder, false) };
    assert.equal(numbers.offsets.length, 24);
    for (const { kind, text, ids, starts, ends } of numbers.offsets) {
      const expected = { ids: parse(ids), starts: parse(starts), ends: parse(ends) };
      assert.deepEqual(tokenizers[kind].pieces(text), expected, `${kind} ${JSON.stringify(text)}`);
    }
  },
);

testWithData("textSplit() cuts and pads as BertTokenizerFast does in a list", "tokenizers", async (folder) => {
  const tokenizer = await load(folder, true);
  for (const { text, pair, length, ids, typeIds, mask } of numbers.encodings) {
    const rows = [{ text, pair: pair ?? undefined }];
    const batch = await textSplit({ name: "row", rows, tokenizer, maxLength: length, buckets: [] }).gather([0], 1);
    const found = [batch.ids, batch.typeIds, batch.mask].map(({ data }) => Array.from(data));
    assert.deepEqual(found, [parse(ids), parse(typeIds), parse(mask)], `${text} | ${pair}`);
  }
});

Deno.test("longestFirst() keeps what the strategy longest_first of BertTokenizerFast keeps", () => {
  assert.equal(numbers.longestFirst.length, 100);
  for (const { first, second, kept } of numbers.longestFirst) {
    const expected = parse(kept);
    const found = expected.map((_, i) => longestFirst(first, second, 1 + (i >> 1))[i % 2]);
    assert.deepEqual(found, expected, `${first} and ${second} tokens`);
  }
});
