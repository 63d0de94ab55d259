/** A tokenizer for tests without files: every word, and every sign between words, is a piece. */

import type { Question } from "../../../models/text/squad_read.ts";
import type { WindowTokenizer } from "../../../models/text/squad_windows.ts";

/** Number of a piece: the same for equal words, from 10 on, so that special tokens stand out. */
export function wordId(word: string): number {
  let id = 0;
  for (const sign of word) id = (id * 31 + sign.codePointAt(0)!) % 9973;
  return id + 10;
}

/** Counts its calls. */
export function words(): WindowTokenizer & { readonly calls: Map<string, number> } {
  const calls = new Map<string, number>();
  return {
    calls,
    clsId: 1,
    sepId: 2,
    padId: 3,
    pieces: (text) => {
      calls.set(text, (calls.get(text) ?? 0) + 1);
      const found = [...text.matchAll(/[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu)];
      return {
        ids: found.map(([word]) => wordId(word)),
        starts: found.map(({ index }) => index),
        ends: found.map(({ index, 0: word }) => index + word.length),
      };
    },
  };
}

/** A question whose answers are these texts, where they first occur. */
export function question(context: string, asked: string, answers: readonly string[] = [], id = "q"): Question {
  return {
    id,
    title: "title",
    context,
    question: asked,
    answers: answers.map((text) => ({ text, start: context.indexOf(text) })),
    impossible: answers.length === 0,
  };
}

/** The words `w0` to `w(count - 1)`. */
export function numbered(count: number, letter = "w"): string {
  return Array.from({ length: count }, (_, i) => `${letter}${i}`).join(" ");
}
