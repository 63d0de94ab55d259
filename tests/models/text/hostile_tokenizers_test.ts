import assert from "node:assert/strict";
import fc from "fast-check";
import { DataError } from "../../../models/data/error.ts";
import { type Folder, memoryFolder } from "../../../models/folder.ts";
import { loadTokenizer } from "../../../models/text/tokenizer.ts";
import { readTokenizerFiles } from "../../../models/text/tokenizer_files.ts";
import { toyBert, toyClip, toyVocabulary } from "./toy_tokenizers.ts";

const sample = "The [MASK] caf\u00e9's <|endoftext|> 中文 \ud83d\ude00 \ud800!";

/** Loads and uses a tokenizer: it works, or it says why not in one line. */
async function tryOut(folder: Folder): Promise<"works" | "refused"> {
  try {
    const tokenizer = await loadTokenizer(folder);
    const { ids, typeIds } = tokenizer.encode(sample, "cat");
    assert.equal(typeIds.length, ids.length);
    for (const id of [...ids, tokenizer.padId]) {
      assert.ok(Number.isSafeInteger(id) && id >= 0 && id < tokenizer.vocabularySize, `token ${id}`);
    }
    assert.equal(typeof tokenizer.decode(ids), "string");
    for (const token of tokenizer.tokens(sample)) assert.equal(typeof token, "string");
    if (tokenizer.hasOffsets) {
      for (const place of tokenizer.offsets(sample).flat()) assert.ok(place >= 0 && place <= sample.length);
    }
    return "works";
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    assert.ok(error.message.length > 10 && !error.message.includes("\n"), error.message);
    return "refused";
  }
}

/** All paths to a value's parts, the shallow ones first; of long lists and vocabularies only some. */
function pathsOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).slice(0, 12).flatMap(([key, part]) => pathsOf(part, [...path, key]))];
}

/** A copy with the part at a path replaced, or left out where the replacement is undefined. */
function replaced(value: unknown, path: readonly string[], replacement: unknown): unknown {
  if (path.length === 0) return replacement;
  const [key, ...rest] = path;
  const copy = (Array.isArray(value) ? [...value] : { ...value as object }) as Record<string, unknown>;
  if (rest.length === 0 && replacement === undefined) delete copy[key];
  else copy[key] = replaced(copy[key], rest, replacement);
  return copy;
}

/** What may stand where something else should. */
const odd = fc.oneof(
  fc.constantFrom<unknown[]>(undefined, null, "", "[UNK]", "[", "##", -1, 0.5, 1e9, 2 ** 40, true, [], {}, [[]]),
  fc.constantFrom({ type: "Sequence" }, { type: "Replace", content: "x" }, { type: "Nonsense" }, { Regex: "(" }),
  fc.constantFrom({ type: "BertNormalizer", lowercase: "yes" }, { type: "TemplateProcessing", single: [], pair: [] }),
  fc.constantFrom({ type: "Replace", pattern: { Regex: "(" }, content: "" }, { Regex: "" }, { String: "" }),
  fc.jsonValue(),
);

for (const [kind, folder] of [["BERT", toyBert()], ["CLIP", toyClip()]] as const) {
  const { json } = await readTokenizerFiles(folder);
  const text = JSON.stringify(json);
  const paths = pathsOf(json).slice(1);
  assert.equal(await tryOut(memoryFolder({ "tokenizer.json": text })), "works");

  Deno.test(`tokenizer.json of ${kind}'s kind with odd parts works or is refused in one line`, async () => {
    const seen = { works: 0, refused: 0 };
    const change = fc.tuple(fc.constantFrom(...paths), odd);
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 2 }), async (changes) => {
        let value: unknown = json;
        for (const [path, replacement] of changes) value = replaced(value, path, replacement);
        seen[await tryOut(memoryFolder({ "tokenizer.json": JSON.stringify(value) }))]++;
      }),
      { numRuns: 1500 },
    );
    assert.ok(seen.works > 20 && seen.refused > 200, JSON.stringify(seen));
  });

  Deno.test(`tokenizer.json of ${kind}'s kind, cut off or with other bytes, is refused or works`, async () => {
    const bytes = new TextEncoder().encode(text);
    await fc.assert(fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(255), async (at, byte) => {
      assert.equal(await tryOut(memoryFolder({ "tokenizer.json": bytes.slice(0, at) })), "refused");
      await tryOut(memoryFolder({ "tokenizer.json": bytes.with(at, byte) }));
    }));
  });
}

Deno.test("tokenizer_config.json of any content is used or refused in one line", async () => {
  const keys = [
    "do_lower_case",
    "pad_token",
    "unk_token",
    "model_max_length",
    "additional_special_tokens",
    "remove_space",
  ];
  const settings = fc.dictionary(fc.oneof(fc.constantFrom(...keys), fc.string()), odd);
  await fc.assert(fc.asyncProperty(fc.oneof(settings, odd), async (config) => {
    const files = { "tokenizer_config.json": JSON.stringify(config) ?? "" };
    await tryOut(toyBert(files));
    await tryOut(toyClip(files));
  }));
});

Deno.test("tokenizer.json that is nested without end is refused", async () => {
  const { json } = await readTokenizerFiles(toyBert());
  const depth = 20_000;
  const nested = '{"type":"Sequence","normalizers":['.repeat(depth) + "]}".repeat(depth);
  const text = JSON.stringify({ ...json, normalizer: null }).replace('"normalizer":null', `"normalizer":${nested}`);
  assert.equal(await tryOut(memoryFolder({ "tokenizer.json": text })), "refused");
});

Deno.test("numbers of tokens that would fill the memory, or that two tokens share, are refused", async () => {
  const { json } = await readTokenizerFiles(toyBert());
  for (const id of [2 ** 31, 2 ** 22 + 1]) {
    const vocab = { ...json.model.vocab, huge: id };
    const files = { "tokenizer.json": JSON.stringify({ ...json, model: { ...json.model, vocab } }) };
    await assert.rejects(loadTokenizer(memoryFolder(files, "odd")), { name: "DataError", message: /^odd\/tokenizer/ });
  }
  const vocab = { ...json.model.vocab, same: 7 };
  const files = { "tokenizer.json": JSON.stringify({ ...json, model: { ...json.model, vocab } }) };
  await assert.rejects(loadTokenizer(memoryFolder(files)), {
    name: "DataError",
    message: /"same" both have the number 7/,
  });
});

Deno.test("vocab.txt without special tokens, or with a token twice, is refused by name", async () => {
  const load = (lines: readonly string[]) => loadTokenizer(memoryFolder({ "vocab.txt": lines.join("\n") }, "odd"));
  for (const token of ["[UNK]", "[CLS]", "[SEP]", "[PAD]"]) {
    await assert.rejects(load(toyVocabulary.filter((other) => other !== token)), {
      name: "DataError",
      message: new RegExp(`^odd/vocab\\.txt: there is no "\\${token}"`),
    });
  }
  await assert.rejects(load([]), { message: /there is no "\[PAD\]", no "\[UNK\]", no "\[CLS\]", no "\[SEP\]"/ });
  await assert.rejects(load([...toyVocabulary, "the"]), {
    name: "DataError",
    message: /lines \d+ and \d+ are both "the"/,
  });
  assert.equal((await load(toyVocabulary.filter((token) => token !== "[MASK]"))).tokens("a [MASK]").at(-1), "]");
  await assert.rejects(loadTokenizer(memoryFolder({ "vocab.txt": new Uint8Array([0xff, 0x0a]) }, "odd")), {
    name: "DataError",
    message: /^odd\/vocab\.txt: not UTF-8/,
  });
});

Deno.test("vocab.txt of any lines is used or refused in one line", async () => {
  const line = fc.oneof(fc.constantFrom(...toyVocabulary, "", "##", " ", "__proto__"), fc.string({ unit: "binary" }));
  await fc.assert(fc.asyncProperty(fc.array(line), fc.boolean(), async (lines, complete) => {
    const all = complete ? [...toyVocabulary.slice(0, 5), ...lines] : lines;
    await tryOut(memoryFolder({ "vocab.txt": all.join("\n") }));
  }));
});

Deno.test("CLIP's files that are cut off, or are another model's, are refused by name", async () => {
  const refused = (folder: Folder, message: RegExp) =>
    assert.rejects(loadTokenizer(folder), { name: "DataError", message });
  await refused(toyClip({ "vocab.json": '{"a":0}' }), /^toy\/vocab\.json: .*not CLIP's/);
  await refused(toyClip({ "vocab.json": "[" }), /^toy\/vocab\.json: no valid JSON/);
  await refused(toyClip({ "vocab.json": '["a"]' }), /^toy\/vocab\.json: /);
  await refused(toyClip({ "merges.txt": "#version\na b\nabc\n" }), /^toy\/merges\.txt: merge 2 is "abc"/);
  const openai = "bpe_simple_vocab_16e6.txt";
  await refused(memoryFolder({ [openai]: "#version\na b\n" }, "odd"), /^odd\/bpe_simple.*: 1 merges; CLIP has 48894/);
  await refused(memoryFolder({ [`${openai}.gz`]: new Uint8Array([0x1f, 0x8b, 8, 0]) }, "odd"), /cut off or corrupt/);
});
