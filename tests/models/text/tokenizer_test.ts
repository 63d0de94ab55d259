import assert from "node:assert/strict";
import { memoryFolder } from "../../../models/folder.ts";
import { readsLikeClip } from "../../../models/text/clip_files.ts";
import { loadTokenizer } from "../../../models/text/tokenizer.ts";
import { readTokenizerFiles } from "../../../models/text/tokenizer_files.ts";
import { testWithData } from "../real_data.ts";
import { toyBert, toyClip } from "./toy_tokenizers.ts";

interface Vectors {
  readonly cases: readonly {
    readonly name: string;
    readonly text: string;
    readonly text_pair?: string;
    readonly tokens: readonly string[];
    readonly ids: readonly number[];
    readonly decoded: string;
  }[];
}

const real = [
  { model: "bert-base-uncased", file: "bert-base-uncased.vocab.txt", as: "vocab.txt", size: 30522, cases: 30 },
  { model: "clip-vit-base-patch16", file: "bpe_simple_vocab_16e6.txt.gz", size: 49408, cases: 25 },
];

for (const { model, file, as = file, size, cases } of real) {
  testWithData(`loadTokenizer() reads ${model}: every published case`, "tokenizers", async (folder) => {
    const tokenizer = await loadTokenizer(memoryFolder({ [as]: await folder.read(file) }));
    const vectors: Vectors = JSON.parse(new TextDecoder().decode(await folder.read(`${model}.vectors.json`)));
    assert.equal(tokenizer.vocabularySize, size);
    assert.equal(vectors.cases.length, cases);
    for (const { name, text, text_pair: pair, tokens, ids, decoded } of vectors.cases) {
      const pieces = [...tokenizer.tokens(text), ...(pair === undefined ? [] : tokenizer.tokens(pair))];
      assert.deepEqual(pieces, pair === undefined ? tokens : tokens.filter((token) => token !== "[SEP]"), name);
      assert.deepEqual(tokenizer.encode(text, pair).ids, ids, name);
      assert.equal(tokenizer.decode(ids), decoded, name);
    }
  });
}

testWithData(
  "loadTokenizer() reads CLIP's vocab.json with merges.txt as OpenAI's file",
  "tokenizers",
  async (folder) => {
    const packed = { "bpe_simple_vocab_16e6.txt.gz": await folder.read("bpe_simple_vocab_16e6.txt.gz") };
    const { json, maxLength } = await readTokenizerFiles(memoryFolder(packed));
    const merges = json.model.merges as string[];
    assert.deepEqual([merges[0], merges.length, maxLength], ["i n", 48894, 77]);
    const files = {
      "vocab.json": JSON.stringify(json.model.vocab),
      "merges.txt": ["#version: 0.2", ...merges].join("\n"),
    };
    const other = await readTokenizerFiles(memoryFolder(files));
    assert.deepEqual([other.json, other.maxLength], [json, maxLength]);
  },
);

Deno.test("a tokenizer of BERT's kind knows its special tokens and where they go", async () => {
  const tokenizer = await loadTokenizer(toyBert());
  assert.equal(tokenizer.name, "toy/vocab.txt");
  assert.deepEqual([tokenizer.padId, tokenizer.clsId, tokenizer.sepId], [0, 2, 3]);
  assert.deepEqual([tokenizer.specialCount(false), tokenizer.specialCount(true)], [2, 3]);
  assert.equal(tokenizer.maxLength, undefined);
  assert.deepEqual(tokenizer.tokens("The  Unaffable!"), ["the", "un", "##aff", "##able", "!"]);
  const { ids, typeIds } = tokenizer.encode("the", "cafe un");
  const [the, cafe, un] = tokenizer.ids("the cafe un");
  assert.deepEqual(ids, [2, the, 3, cafe, un, 3]);
  assert.deepEqual(typeIds, [0, 0, 0, 1, 1, 1]);
  assert.deepEqual(tokenizer.encode("the", ""), { ids: [2, the, 3, 3], typeIds: [0, 0, 0, 1] });
  assert.deepEqual(tokenizer.encode(""), { ids: [2, 3], typeIds: [0, 0] });
  assert.equal(tokenizer.decode(ids), "[CLS] the [SEP] cafe un [SEP]");
  assert.equal(tokenizer.decode([]), "");
  assert.throws(() => tokenizer.decode([2, 9999]), { name: "DataError", message: /9999 is no token/ });
});

Deno.test("a tokenizer of CLIP's kind marks the ends of words, and fills rows with its end token", async () => {
  const tokenizer = await loadTokenizer(toyClip());
  assert.deepEqual(tokenizer.tokens("The  CAT that 42"), ["the</w>", "cat</w>", "th", "a", "t</w>", "4</w>", "2</w>"]);
  const [start, the, end] = tokenizer.encode("the").ids;
  assert.deepEqual([tokenizer.clsId, tokenizer.sepId, tokenizer.padId], [start, end, end]);
  assert.deepEqual(tokenizer.encode("the"), { ids: [start, the, end], typeIds: [0, 0, 0] });
  assert.deepEqual([tokenizer.maxLength, tokenizer.hasOffsets], [77, false]);
  assert.throws(() => tokenizer.pieces("the"), { name: "DataError", message: /no places of tokens/ });
  assert.throws(() => tokenizer.offsets("the"), { name: "DataError" });
});

Deno.test("tokenizer_config.json sets lower case, accents, Chinese, names of tokens and the length", async () => {
  const load = (config: unknown) => loadTokenizer(toyBert({ "tokenizer_config.json": JSON.stringify(config) }));
  assert.deepEqual((await load({})).tokens("Cafe 中文"), ["cafe", "中", "文"]);
  assert.deepEqual((await load({ do_lower_case: false })).tokens("Cafe cafe"), ["[UNK]", "cafe"]);
  assert.deepEqual((await load({ strip_accents: false })).tokens("caf\u00e9 CAFE"), ["[UNK]", "cafe"]);
  assert.deepEqual((await load({ tokenize_chinese_chars: false })).tokens("中文 中"), ["[UNK]", "中"]);
  assert.equal((await load({ model_max_length: 512 })).maxLength, 512);
  assert.equal((await load({ model_max_length: 1e30 })).maxLength, undefined);
  assert.equal((await load({ pad_token: { content: "[MASK]" } })).padId, 4);
});

Deno.test("tokenizer.json comes before vocab.txt; tokenizer_config.json changes its case", async () => {
  const { json } = await readTokenizerFiles(toyBert());
  const files = { "tokenizer.json": JSON.stringify({ ...json, truncation: { max_length: 64 } }), "vocab.txt": "" };
  const tokenizer = await loadTokenizer(memoryFolder(files, "toy"));
  assert.deepEqual([tokenizer.name, tokenizer.hasOffsets, tokenizer.maxLength], ["toy/tokenizer.json", true, 64]);
  assert.deepEqual(tokenizer.tokens("The quick"), ["the", "quick"]);
  const cased = { ...files, "tokenizer_config.json": '{"do_lower_case":false}' };
  assert.deepEqual((await loadTokenizer(memoryFolder(cased))).tokens("The quick"), ["[UNK]", "quick"]);
});

Deno.test("tokenizer.json with tokens that need the library's own search has no places but the right tokens", async () => {
  const { json } = await readTokenizerFiles(toyBert());
  const added = [...json.added_tokens, { id: 500, content: "<Blank>", normalized: true, special: false }];
  const tokenizer = await loadTokenizer(
    memoryFolder({ "tokenizer.json": JSON.stringify({ ...json, added_tokens: added }) }),
  );
  assert.equal(tokenizer.hasOffsets, false);
  assert.deepEqual(tokenizer.tokens("the <BLANK> un"), ["the", "<Blank>", "un"]);
  assert.equal(tokenizer.vocabularySize, 501);
});

Deno.test("readsLikeClip() knows CLIP's way, also as transformers writes it, and no other", async () => {
  const { json } = await readTokenizerFiles(toyClip());
  assert.equal(readsLikeClip(json), true);
  const saved = JSON.stringify(json)
    .replace('"trim_offsets":true', '"trim_offsets":true,"use_regex":true')
    .replace("'s|'t", "<\\\\|startoftext\\\\|>|<\\\\|endoftext\\\\|>|'s|'t");
  const files = await readTokenizerFiles(memoryFolder({ "tokenizer.json": saved }));
  assert.match(JSON.stringify(files.json.pre_tokenizer), /endoftext.*use_regex/);
  assert.equal(readsLikeClip(files.json), true);
  assert.equal(readsLikeClip((await readTokenizerFiles(toyBert())).json), false);
  assert.equal(readsLikeClip({ ...json, normalizer: null }), false);
  assert.equal(readsLikeClip({ ...json, added_tokens: [{ id: 1, content: "a b" }] }), false);
});

Deno.test("tokenizers in the manner of RoBERTa get both separators between texts", async () => {
  const { json } = await readTokenizerFiles(toyBert());
  const roberta = { type: "RobertaProcessing", cls: ["[CLS]", 2], sep: ["[SEP]", 3], trim_offsets: true };
  const files = { "tokenizer.json": JSON.stringify({ ...json, post_processor: roberta }) };
  const tokenizer = await loadTokenizer(memoryFolder(files));
  const [the, un] = tokenizer.ids("the un");
  assert.deepEqual(tokenizer.encode("the", "un").ids, [2, the, 3, 3, un, 3]);
  assert.equal(tokenizer.specialCount(true), 4);
});

Deno.test("vocab.txt may have a byte order mark, other line ends and blank lines, which count", async () => {
  const { ids } = await loadTokenizer(toyBert());
  const text = await toyBert().read("vocab.txt");
  const lines = new TextDecoder().decode(text).split("\n");
  const other = await loadTokenizer(memoryFolder({ "vocab.txt": "\ufeff" + lines.join("\r\n") + "\r\n\r\n" }));
  assert.deepEqual(other.ids("The café 中 [MASK]"), ids("The café 中 [MASK]"));
  assert.equal(other.padId, 0);
  const blank = await loadTokenizer(memoryFolder({ "vocab.txt": lines.toSpliced(5, 0, "").join("\n") }));
  assert.deepEqual(blank.ids("The café"), ids("The café").map((id) => id + 1));
});

Deno.test("loadTokenizer() lists what it looked for", async () => {
  await assert.rejects(loadTokenizer(memoryFolder({ "vocab.json": "{}" }, "here")), {
    name: "DataError",
    message: /^here: there is no tokenizer\.json, no vocab\.txt, no vocab\.json with merges\.txt, no bpe_simple_vocab/,
  });
});
