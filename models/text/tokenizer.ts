/**
 * Text to numbers of tokens, from the files that come with a checkpoint.
 *
 * @module
 */

import { DataError } from "../data/error.ts";
import type { Folder } from "../folder.ts";
import { cachedWords } from "./cached_words.ts";
import { readsLikeClip } from "./clip_files.ts";
import { type Library, openLibrary } from "./library.ts";
import { assembleTokens, type Encoded, readTemplate, type Template } from "./template.ts";
import { readTokenizerFiles } from "./tokenizer_files.ts";
import type { Pieces } from "./pieces.ts";
import { settingOf, type TokenizerFiles, type TokenizerJson } from "./tokenizer_schema.ts";
import { type WordPieces, wordPieces } from "./wordpiece.ts";

/** Turns text into numbers of tokens and back. */
export interface Tokenizer {
  /** The file that it comes from, for errors. */
  readonly name: string;
  /** One more than the largest number of a token: the rows that a table of embeddings needs. */
  readonly vocabularySize: number;
  /** Number of the token that fills up rows. */
  readonly padId: number;
  /** Number of the token before a text: `[CLS]`, or CLIP's `<|startoftext|>`. */
  readonly clsId: number;
  /** Number of the token after a text: `[SEP]`, or CLIP's `<|endoftext|>`. */
  readonly sepId: number;
  /** Most tokens that the model takes, special ones included, where the files say so. */
  readonly maxLength: number | undefined;
  /** True where {@linkcode Tokenizer.pieces} works: WordPiece with BERT's normalisation. */
  readonly hasOffsets: boolean;
  /**
   * Tokens of a text with their places in it. Starts and ends ascend. A character whose normal form is several tokens,
   * such as a Hangul syllable, gives each of them its place; `[UNK]` covers its whole word; an accent that is a
   * character of its own, and a control character, belong to no token.
   *
   * @param text The text.
   * @throws {DataError} where {@linkcode Tokenizer.hasOffsets} is false.
   */
  pieces(text: string): Pieces;
  /**
   * Place of each token in the text: `[start, end)` in UTF-16 units, as {@linkcode Tokenizer.pieces} has them.
   *
   * @param text The text.
   * @throws {DataError} where {@linkcode Tokenizer.hasOffsets} is false.
   */
  offsets(text: string): [start: number, end: number][];
  /**
   * Numbers of the tokens of a text, without special tokens.
   *
   * @param text The text.
   */
  ids(text: string): number[];
  /**
   * The tokens of a text, without special tokens.
   *
   * @param text The text.
   */
  tokens(text: string): string[];
  /**
   * Puts the special tokens around one text or two.
   *
   * @param ids The text's tokens.
   * @param pairIds The second text's tokens; none where there is one text.
   */
  assemble(ids: ArrayLike<number>, pairIds?: ArrayLike<number>): Encoded;
  /**
   * How many special tokens {@linkcode Tokenizer.assemble} adds.
   *
   * @param pair Whether there are two texts.
   */
  specialCount(pair: boolean): number;
  /**
   * Tokens of a text, or of two, with the special tokens. Nothing is cut off; `longestFirst` says
   * how much of each to keep.
   *
   * @param text The text.
   * @param pair The second text.
   */
  encode(text: string, pair?: string): Encoded;
  /**
   * Text of tokens, special ones included.
   *
   * @param ids Numbers of tokens.
   * @throws {DataError} when a number is not in the vocabulary.
   */
  decode(ids: ArrayLike<number>): string;
}

/**
 * Loads the tokenizer of a checkpoint: `tokenizer.json`, BERT's `vocab.txt`, CLIP's `vocab.json` with `merges.txt`, or
 * OpenAI's `bpe_simple_vocab_16e6.txt`, in this order, with the settings of `tokenizer_config.json` where there is one.
 *
 * @param folder The folder of the checkpoint.
 * @returns The tokenizer.
 * @throws {DataError} when no such file is there (all that was looked for is listed) or a file is not valid.
 *
 * @example
 * ```ts
 * import { loadTokenizer, memoryFolder } from "@sentinel/seven/models";
 * import assert from "node:assert/strict";
 *
 * const vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "un", "##able", "!"].join("\n");
 * const tokenizer = await loadTokenizer(memoryFolder({ "vocab.txt": vocabulary }));
 * assert.deepEqual(tokenizer.encode("Unable!").ids, [2, 4, 5, 6, 3]);
 * assert.deepEqual(tokenizer.offsets("Unable!"), [[0, 2], [2, 6], [6, 7]]);
 * ```
 */
export async function loadTokenizer(folder: Folder): Promise<Tokenizer> {
  return makeTokenizer(await readTokenizerFiles(folder));
}

/**
 * Makes a tokenizer from checked files.
 *
 * @param files Content of `tokenizer.json`, read or made, and the settings.
 * @returns The tokenizer.
 * @throws {DataError} when the content cannot be used.
 */
function makeTokenizer(files: TokenizerFiles): Tokenizer {
  const { name, json } = files;
  const library = openLibrary(files);
  const single = readTemplate(library, false);
  const double = readTemplate(library, true);
  const [clsId, sepId] = outerTokens(single, name);
  const padId = padToken(files, library, clsId, sepId);
  const pieces = bertPieces(json, library);
  const libraryIds = readsLikeClip(json) ? idsOfChunks(library) : library.ids;
  const ids = (text: string): number[] => pieces === undefined ? libraryIds(text) : pieces(text).ids;
  const piecesOf = (text: string): Pieces => {
    if (pieces !== undefined) return pieces(text);
    throw new DataError(`${name}: no places of tokens in the text; use a tokenizer of BERT's kind for that`);
  };
  const assemble = (first: ArrayLike<number>, second?: ArrayLike<number>): Encoded =>
    assembleTokens(second === undefined ? single : double, first, second ?? []);
  return {
    name,
    vocabularySize: library.size,
    padId,
    clsId,
    sepId,
    maxLength: files.maxLength,
    hasOffsets: pieces !== undefined,
    pieces: piecesOf,
    offsets: (text) => {
      const { starts, ends } = piecesOf(text);
      return starts.map((start, i) => [start, ends[i]]);
    },
    ids,
    tokens: (text) => ids(text).map((id) => library.token(id)!),
    assemble,
    specialCount: (pair) => (pair ? double : single).filter(({ id }) => id !== undefined).length,
    encode: (text, pair) => assemble(ids(text), pair === undefined ? undefined : ids(pair)),
    decode: (tokens) => library.decode(Array.from(tokens)),
  };
}

/** The function from text to tokens that remembers what stands between white space. */
function idsOfChunks(library: Library): (text: string) => number[] {
  const idsOf = cachedWords(library.ids);
  return (text) => (text.match(/\P{White_Space}+/gu) ?? []).flatMap(idsOf);
}

/** The special tokens right before and after a text. */
function outerTokens(template: Template, name: string): [before: number, after: number] {
  const place = template.findIndex(({ id }) => id === undefined);
  const before = template[place - 1]?.id;
  const after = template[place + 1]?.id;
  if (before !== undefined && after !== undefined) return [before, after];
  throw new DataError(
    `${name}: no special token before and after a text; use a tokenizer of BERT's or CLIP's kind (check post_processor)`,
  );
}

/** The token that fills up rows: as the settings say, else as such files call it; CLIP fills with its end token. */
function padToken({ name, json, config }: TokenizerFiles, library: Library, clsId: number, sepId: number): number {
  const said = settingOf(config, "pad_token") ?? json.padding?.pad_token;
  for (const token of said === undefined ? ["[PAD]", "<pad>"] : [said]) {
    const id = library.id(token);
    if (id !== undefined) return id;
  }
  if (said === undefined && library.token(clsId) === "<|startoftext|>") return sepId;
  const token = JSON.stringify(said ?? "[PAD]");
  throw new DataError(`${name}: the vocabulary has no ${token}; name its padding token as pad_token`);
}

/** The function from text to pieces, where the file asks for what BERT does. */
function bertPieces(json: TokenizerJson, library: Library): ((text: string) => Pieces) | undefined {
  const { model, normalizer, pre_tokenizer, added_tokens } = json;
  if (model.type !== "WordPiece" || normalizer?.type !== "BertNormalizer") return undefined;
  if (pre_tokenizer?.type !== "BertPreTokenizer") return undefined;
  const simple = added_tokens.every((token) =>
    !(token.normalized ?? !token.special) && !token.lstrip && !token.rstrip && !token.single_word
  );
  if (!simple) return undefined;
  const lowercase = normalizer.lowercase === true;
  const reading = {
    cleanText: normalizer.clean_text === true,
    chineseChars: normalizer.handle_chinese_chars === true,
    stripAccents: typeof normalizer.strip_accents === "boolean" ? normalizer.strip_accents : lowercase,
    lowercase,
  };
  const prefix = codePoints(model.continuing_subword_prefix);
  const split = (word: string): WordPieces => {
    const tokens = library.splitWord(word);
    const ids = tokens.map((token) => library.id(token)!);
    const unknown = tokens.length === 1 && tokens[0] !== word;
    if (unknown) return { ids, lengths: [codePoints(word)] };
    return { ids, lengths: tokens.map((token, i) => codePoints(token) - (i === 0 ? 0 : prefix)) };
  };
  return wordPieces(reading, added_tokens, cachedWords(split));
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
