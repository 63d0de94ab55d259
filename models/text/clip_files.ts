/**
 * CLIP's vocabulary and merges as the content of a `tokenizer.json` (Radford et al., 2021).
 *
 * @module
 */

import { z } from "zod";
import { DataError } from "../data/error.ts";
import { validate } from "../validate.ts";
import type { Component, TokenizerJson } from "./tokenizer_schema.ts";

const start = "<|startoftext|>";
const end = "<|endoftext|>";

/** Tokens of the vocabulary; OpenAI's file has merges for more and says nothing of where to stop. */
const vocabularySize = 49408;

/** What CLIP takes for a word: contractions, letters, single digits, and everything else that is no white space. */
const words = "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";

/** What CLIP does to a text first. */
const normalizer: Component = {
  type: "Sequence",
  normalizers: [
    { type: "NFC" },
    { type: "Replace", pattern: { Regex: "\\s+" }, content: " " },
    { type: "Lowercase" },
  ],
};

/** How CLIP finds words; their bytes become characters. */
const preTokenizer: Component = {
  type: "Sequence",
  pretokenizers: [
    { type: "Split", pattern: { Regex: words }, behavior: "Removed", invert: true },
    { type: "ByteLevel", add_prefix_space: false, trim_offsets: true },
  ],
};

/** Bytes that have a printable character of their own in Latin-1. */
const printable = [[0x21, 0x7e], [0xa1, 0xac], [0xae, 0xff]] as const;

/** The characters that stand for the 256 bytes, printable ones first: the order of CLIP's vocabulary. */
function byteCharacters(): string[] {
  const own = printable.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i));
  const others = Array.from({ length: 256 - own.length }, (_, i) => 0x100 + i);
  return [...own, ...others].map((point) => String.fromCodePoint(point));
}

function clipJson(vocab: Readonly<Record<string, number>>, merges: readonly string[]): TokenizerJson {
  return {
    added_tokens: [
      { id: vocab[start], content: start, special: true, normalized: false },
      { id: vocab[end], content: end, special: true, normalized: false },
    ],
    normalizer,
    pre_tokenizer: preTokenizer,
    post_processor: {
      type: "RobertaProcessing",
      sep: [end, vocab[end]],
      cls: [start, vocab[start]],
      trim_offsets: false,
      add_prefix_space: false,
    },
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true },
    model: {
      type: "BPE",
      unk_token: end,
      continuing_subword_prefix: "",
      end_of_word_suffix: "</w>",
      fuse_unk: false,
      vocab,
      merges,
    },
  };
}

/** What files write in words or leave out: that the byte level splits too, and the special tokens, found before. */
const optional = [',"use_regex":true', "<\\\\|startoftext\\\\|>|<\\\\|endoftext\\\\|>|"] as const;

/**
 * True for a tokenizer that takes a text apart at white space as CLIP's does, so that what stands between white space
 * can be turned into tokens by itself. Others are not harmed by the answer no; they take longer.
 *
 * @param json Content of `tokenizer.json`.
 * @returns Whether it does.
 */
export function readsLikeClip(json: TokenizerJson): boolean {
  let found = JSON.stringify([json.normalizer, json.pre_tokenizer]);
  for (const part of optional) found = found.replace(part, "");
  if (found !== JSON.stringify([normalizer, preTokenizer])) return false;
  return json.added_tokens.every(({ content, lstrip, rstrip }) =>
    !lstrip && !rstrip && !/\p{White_Space}/u.test(content)
  );
}

/** The merges, one a line, without the line of the version and the empty end. */
function readMerges(text: string, name: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines[0]?.includes("#version")) lines.shift();
  while (lines.at(-1) === "") lines.pop();
  lines.forEach((line, i) => {
    if (!/^\S+ \S+$/.test(line)) {
      throw new DataError(
        `${name}: merge ${i + 1} is ${
          JSON.stringify(line.slice(0, 40))
        }; a merge is two tokens, so fetch the file again`,
      );
    }
  });
  return lines;
}

/**
 * Makes CLIP's tokenizer from the two files of Hugging Face.
 *
 * @param vocabulary Content of `vocab.json`.
 * @param merges Content of `merges.txt`.
 * @param name Name of the vocabulary's file, for errors.
 * @returns Content of the `tokenizer.json`.
 * @throws {DataError} when the vocabulary is not CLIP's, or a merge is no merge.
 */
export function clipFromMerges(vocabulary: unknown, merges: string, name: string): TokenizerJson {
  const fail = (faults: string): Error => new DataError(`${name}: ${faults}; it is an object of tokens and numbers`);
  const vocab = validate(z.record(z.string(), z.number()), vocabulary, fail);
  if (!Object.hasOwn(vocab, start) || !Object.hasOwn(vocab, end)) {
    throw new DataError(`${name}: no ${start} or no ${end}: the vocabulary is not CLIP's; use its tokenizer.json`);
  }
  return clipJson(vocab, readMerges(merges, name.replace(/vocab\.json$/, "merges.txt")));
}

/**
 * Makes CLIP's tokenizer from OpenAI's file of merges. The vocabulary follows from it: 256 bytes, the same at the end
 * of a word, one token per merge, and the two special tokens.
 *
 * @param text Content of `bpe_simple_vocab_16e6.txt`.
 * @param name Name of the file, for errors.
 * @returns Content of the `tokenizer.json`.
 * @throws {DataError} when the file has too few merges, or a merge is no merge.
 */
export function clipFromOpenai(text: string, name: string): TokenizerJson {
  const count = vocabularySize - 2 * 256 - 2;
  const merges = readMerges(text, name);
  if (merges.length < count) {
    throw new DataError(`${name}: ${merges.length} merges; CLIP has ${count}, so fetch the file again`);
  }
  merges.length = count;
  const bytes = byteCharacters();
  const joined = merges.map((merge) => merge.replace(" ", ""));
  const tokens = [...bytes, ...bytes.map((byte) => `${byte}</w>`), ...joined, start, end];
  return clipJson(Object.fromEntries(tokens.map((token, id) => [token, id])), merges);
}
