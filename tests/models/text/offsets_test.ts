import assert from "node:assert/strict";
import { Tokenizer } from "@huggingface/tokenizers";
import fc from "fast-check";
import { loadTokenizer } from "../../../models/text/tokenizer.ts";
import { readTokenizerFiles } from "../../../models/text/tokenizer_files.ts";
import { cachedWords } from "../../../models/text/cached_words.ts";
import { texts, toyBert, toyClip } from "./toy_tokenizers.ts";

const tokenizer = await loadTokenizer(toyBert());
const unknown = "[UNK]";

/** What is left of a text in BERT's normal form, all words joined. */
function normal(text: string): string {
  const kept = Array.from(text, (char) => /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\ufffd]/u.test(char) ? "" : char).join("");
  const small = Array.from(
    kept.normalize("NFD").replace(/[\p{Mn}\p{White_Space}]/gu, ""),
    (char) => char.toLowerCase(),
  );
  return small.join("").normalize("NFD");
}

Deno.test("pieces() gives places that ascend and lie in the text, and offsets() the same", () => {
  fc.assert(
    fc.property(texts, (text) => {
      const { ids, starts, ends } = tokenizer.pieces(text);
      assert.deepEqual([starts.length, ends.length], [ids.length, ids.length]);
      ids.forEach((_, i) => {
        assert.ok(starts[i] >= 0 && starts[i] < ends[i] && ends[i] <= text.length);
        assert.ok(i === 0 || (starts[i - 1] <= starts[i] && ends[i - 1] <= ends[i]));
      });
      assert.deepEqual(tokenizer.offsets(text), starts.map((start, i) => [start, ends[i]]));
      assert.deepEqual(tokenizer.ids(text), ids);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("the text of a piece, normalised, is the piece; what no piece has, is nothing", () => {
  const literals = new Set(["[CLS]", "[SEP]", "[PAD]", "[MASK]", unknown]);
  let checked = 0;
  fc.assert(
    fc.property(texts, (text) => {
      const { ids, starts, ends } = tokenizer.pieces(text);
      let covered = 0;
      for (let i = 0, next = 0; i < ids.length; i = next) {
        // Pieces of one character, such as the letters of a Hangul syllable, share its place: they are taken together.
        let end = ends[i];
        for (next = i + 1; next < ids.length && starts[next] < end; next++) end = Math.max(end, ends[next]);
        assert.equal(normal(text.slice(covered, starts[i])), "", JSON.stringify(text));
        covered = end;
        const tokens = ids.slice(i, next).map((id) => tokenizer.decode([id]).replace(/^##(?=.)/, ""));
        if (tokens.includes(unknown)) continue;
        const slice = text.slice(starts[i], end);
        const whole = literals.has(tokens[0]) && slice === tokens[0];
        if (!whole) assert.equal(normal(slice), tokens.join("").normalize("NFD"), JSON.stringify(text));
        checked++;
      }
      assert.equal(normal(text.slice(covered)), "", JSON.stringify(text));
    }),
    { numRuns: 1000 },
  );
  assert.ok(checked > 2000, `${checked} pieces`);
});

Deno.test("[UNK] covers its whole word, without accents that come after it as characters", () => {
  const { ids, starts, ends } = tokenizer.pieces("a \u20acuro\u0301, b");
  assert.deepEqual(ids.map((id) => tokenizer.decode([id])), ["a", unknown, ",", "b"]);
  assert.deepEqual([starts[1], ends[1]], [2, 6]);
});

Deno.test("pieces() splits as the library does, also the second time, when words are remembered", async () => {
  const { json, config } = await readTokenizerFiles(toyBert());
  const library = new Tokenizer(json, config);
  fc.assert(
    fc.property(texts, (text) => {
      // The library overlooks Chinese characters of two units and lower-cases the last sigma of a word to another one.
      const plain = text.replace(/[\u{20000}-\u{2ffff}Σ]/gu, "");
      const expected = library.encode(plain, { add_special_tokens: false }).ids;
      for (let time = 0; time < 2; time++) assert.deepEqual(tokenizer.ids(plain), expected, JSON.stringify(plain));
    }),
    { numRuns: 1000 },
  );
});

Deno.test("ids() of CLIP's kind, which remembers what stands between white space, are the library's", async () => {
  const clip = await loadTokenizer(toyClip());
  const { json, config } = await readTokenizerFiles(toyClip());
  const library = new Tokenizer(json, config);
  const withLiterals = fc.array(
    fc.oneof(texts, fc.constantFrom("the cat", " <|endoftext|>", "<|StartOfText|>the", "cAt")),
  )
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(withLiterals, (text) => {
      const expected = library.encode(text, { add_special_tokens: false }).ids;
      for (let time = 0; time < 2; time++) assert.deepEqual(clip.ids(text), expected, JSON.stringify(text));
    }),
    { numRuns: 1000 },
  );
});

Deno.test("cachedWords() asks once per word, remembers as many as it may, and answers the same", () => {
  const asked: string[] = [];
  const split = (word: string) => (asked.push(word), { ids: [word.length], lengths: [word.length] });
  const cached = cachedWords(split, 2);
  const words = ["a", "bb", "a", "ccc", "ccc", "bb", "a"];
  assert.deepEqual(words.map((word) => cached(word).ids[0]), [1, 2, 1, 3, 3, 2, 1]);
  assert.deepEqual(asked, ["a", "bb", "ccc", "ccc"]);
  const long = "z".repeat(1000);
  const other = cachedWords(split);
  assert.deepEqual([other(long).ids, other(long).ids], [[1000], [1000]]);
  assert.equal(asked.filter((word) => word === long).length, 2);
});
