/**
 * Pieces of words with their places in the text: WordPiece (Schuster and Nakajima, 2012) as BERT uses it.
 *
 * @module
 */

import { type BertReading, bertWords } from "./bert_words.ts";
import type { Pieces } from "./pieces.ts";

/** A word taken apart: the tokens' numbers, and how many code points each covers. */
export interface WordPieces {
  /** Number of each token in the vocabulary. */
  readonly ids: readonly number[];
  /** Code points of the word that each token covers; they add up to the word's. */
  readonly lengths: readonly number[];
}

/** A token that is found in the text before anything else is done to it, such as `[MASK]`. */
export interface LiteralToken {
  /** The text that stands for it. */
  readonly content: string;
  /** Its number in the vocabulary. */
  readonly id: number;
}

/** A pattern that finds the literal tokens, the longest where several begin, or nothing where there are none. */
function literalPattern(tokens: readonly LiteralToken[]): RegExp | undefined {
  if (tokens.length === 0) return undefined;
  const contents = tokens.map(({ content }) => content).sort((a, b) => b.length - a.length);
  return new RegExp(contents.map((content) => content.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|"), "g");
}

/**
 * Makes the function from a text to its pieces.
 *
 * @param reading How the text is normalised.
 * @param literals Tokens that are found in the text as they stand.
 * @param split Takes a normalised word apart.
 * @returns The function.
 */
export function wordPieces(
  reading: BertReading,
  literals: readonly LiteralToken[],
  split: (word: string) => WordPieces,
): (text: string) => Pieces {
  const words = bertWords(reading);
  const pattern = literalPattern(literals);
  const idOf = new Map(literals.map(({ content, id }) => [content, id]));
  return (text) => {
    const ids: number[] = [];
    const starts: number[] = [];
    const ends: number[] = [];
    const visit = (word: string, wordStarts: readonly number[], wordEnds: readonly number[]): void => {
      const pieces = split(word);
      for (let piece = 0, at = 0; piece < pieces.ids.length; piece++) {
        ids.push(pieces.ids[piece]);
        starts.push(wordStarts[at]);
        at += pieces.lengths[piece];
        ends.push(wordEnds[at - 1]);
      }
    };
    let from = 0;
    if (pattern !== undefined) {
      for (const { 0: content, index } of text.matchAll(pattern)) {
        words(text.slice(from, index), from, visit);
        ids.push(idOf.get(content)!);
        starts.push(index);
        ends.push(from = index + content.length);
      }
    }
    words(text.slice(from), from, visit);
    return { ids, starts, ends };
  };
}
