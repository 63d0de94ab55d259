/**
 * The tokenizers of Hugging Face's JavaScript library, with errors of one kind.
 *
 * @module
 */

import { Tokenizer } from "@huggingface/tokenizers";
import { DataError } from "../data/error.ts";
import type { TokenizerFiles } from "./tokenizer_schema.ts";

/** As much of the library as is used here. */
export interface Library {
  /** The file that the tokenizer comes from, for errors. */
  readonly name: string;
  /** One more than the largest number of a token. */
  readonly size: number;
  /** Number of a token, or nothing where the vocabulary lacks it. */
  id(token: string): number | undefined;
  /** The token of a number, or nothing where there is none. */
  token(id: number): string | undefined;
  /** Tokens of a text, without special tokens. */
  ids(text: string): number[];
  /** Tokens of one normalised word. */
  splitWord(word: string): string[];
  /** Puts special tokens around the tokens of one text or two. */
  arrange(first: string[], second?: string[]): { tokens: string[]; typeIds: readonly number[] };
  /** Text of tokens. */
  decode(ids: readonly number[]): string;
}

/** A sentence that passes through every part of a tokenizer. */
const sample = "Don't panic: caf\u00e9 \u4e2d\u6587, 3.14 \ud83d\ude00!\n";

/**
 * Opens the library's tokenizer and tries it on a sentence.
 *
 * @param files Checked content of `tokenizer.json`, and the settings.
 * @returns The tokenizer.
 * @throws {DataError} when the library cannot use the content; so do all functions of the result.
 */
export function openLibrary({ name, json, config }: TokenizerFiles): Library {
  const guarded = <T>(run: () => T): T => {
    try {
      return run();
    } catch (error) {
      if (error instanceof DataError) throw error;
      const reason = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, " ").slice(0, 200);
      throw new DataError(`${name}: the tokenizer cannot be used (${reason}); use the checkpoint's own file`, {
        cause: error,
      });
    }
  };
  const tokenizer = guarded(() => new Tokenizer(json, config));
  const model = tokenizer.model!;
  const known = (ids: readonly (number | undefined)[], text: string): number[] => {
    if (ids.includes(undefined)) {
      throw new DataError(
        `${name}: a token of ${
          JSON.stringify(text.slice(0, 40))
        } is not in the vocabulary, and no unknown token stands in; ` +
          "set unk_token",
      );
    }
    return ids as number[];
  };
  const library: Library = {
    name,
    size: model.vocab.length,
    id: (token) => tokenizer.token_to_id(token),
    token: (id) => tokenizer.id_to_token(id),
    ids: (text) => guarded(() => known(tokenizer.encode(text, { add_special_tokens: false }).ids, text)),
    splitWord: (word) => guarded(() => model.encode([word])),
    arrange: (first, second) =>
      guarded(() => {
        const { tokens, token_type_ids } = tokenizer.post_processor?.(first, second ?? null, true) ?? { tokens: first };
        if (!Array.isArray(tokens)) throw new DataError(`${name}: post_processor gives no tokens; check it`);
        return { tokens: [...tokens], typeIds: token_type_ids ?? [] };
      }),
    decode: (ids) =>
      guarded(() => {
        for (const id of ids) {
          if (tokenizer.id_to_token(id) === undefined) {
            throw new DataError(`${name}: ${id} is no token; the vocabulary has ${model.vocab.length}`);
          }
        }
        return ids.length === 0 ? "" : tokenizer.decode([...ids]);
      }),
  };
  library.decode(library.ids(sample));
  return library;
}
