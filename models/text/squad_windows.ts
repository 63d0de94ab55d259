/**
 * Windows: what a model reads of a question and its paragraph. A paragraph that is too long is read in several windows
 * that overlap, as Hugging Face's `run_qa.py` does it: `[CLS] question [SEP] part of the context [SEP]`.
 *
 * @module
 */
import { DataError } from "../data/error.ts";
import type { Answer, Question } from "./squad_read.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** Pieces of one text, in order, without special tokens. */
export interface TextPieces {
  /** Number of each piece in the vocabulary. */
  readonly ids: ArrayLike<number>;
  /** Where each piece begins in the original text, in UTF-16 code units. */
  readonly starts: ArrayLike<number>;
  /** Where each piece ends. */
  readonly ends: ArrayLike<number>;
}

/** A tokenizer, as much of it as windows need. */
export type WindowTokenizer = Pick<Tokenizer, "pieces" | "clsId" | "sepId" | "padId">;

/** How windows are cut; the defaults are those of BERT on SQuAD. */
export interface WindowOptions {
  /** Greatest number of tokens of a window, special tokens included; 384. */
  readonly maxLength?: number;
  /** How many context tokens a window has in common with the one before it (`doc_stride`); 128. */
  readonly stride?: number;
  /** A question is cut off after so many tokens; 64. */
  readonly maxQueryLength?: number;
}

/** One window. Positions are token numbers within it, with `[CLS]` at 0. */
export interface Window {
  /** Number of the question. */
  readonly question: number;
  /** First context token, as a number within the context. */
  readonly first: number;
  /** How many context tokens it has. */
  readonly count: number;
  /** Position of its first context token. */
  readonly offset: number;
  /** Number of tokens, special tokens included. */
  readonly length: number;
  /** Position of the first token of the question's first answer; 0 when the window does not have all of the answer. */
  readonly start: number;
  /** Position of the last token of the answer; 0 as `start`. */
  readonly end: number;
}

/** Questions with their windows. */
export interface SquadWindows {
  /** The questions. */
  readonly questions: readonly Question[];
  /** Numbers of the pieces of each question's text, cut off after `maxQueryLength`. */
  readonly queries: readonly ArrayLike<number>[];
  /** Pieces of each question's context; the same object for questions of one paragraph. */
  readonly contexts: readonly TextPieces[];
  /** All windows, those of a question one after another, in the order of the context. */
  readonly windows: readonly Window[];
  /** Greatest number of tokens of a window. */
  readonly maxLength: number;
  /** Numbers of `[CLS]`, `[SEP]` and `[PAD]`. */
  readonly special: { readonly cls: number; readonly sep: number; readonly pad: number };
}

/** Pieces in typed arrays: a whole training set of them stays small. */
function compact({ ids, starts, ends }: TextPieces): TextPieces {
  return { ids: Uint32Array.from(ids), starts: Uint32Array.from(starts), ends: Uint32Array.from(ends) };
}

/**
 * First and last token of an answer among the tokens `first` to `end - 1` of its context, or nothing where they do not
 * cover it: the last token that begins at or before the answer, the first that ends at or behind its end.
 */
function tokenSpan(context: TextPieces, first: number, end: number, answer: Answer): [number, number] | undefined {
  const { starts, ends } = context;
  const stop = answer.start + answer.text.length;
  if (first === end || starts[first] > answer.start || ends[end - 1] < stop) return undefined;
  let from = first;
  while (from + 1 < end && starts[from + 1] <= answer.start) from++;
  let to = end - 1;
  while (to > first && ends[to - 1] >= stop) to--;
  // The pieces of one character share its place: then the last that begins there follows the first that ends there.
  return from <= to ? [from, to] : [to, from];
}

function checkOptions({ maxLength, stride, maxQueryLength }: Required<WindowOptions>): void {
  const whole = (name: string, value: number, least: number) => {
    if (!Number.isSafeInteger(value) || value < least) {
      throw new DataError(`${name} ${value}: use a whole number, ${least} or more`);
    }
  };
  whole("maxLength", maxLength, 4);
  whole("stride", stride, 0);
  whole("maxQueryLength", maxQueryLength, 1);
}

/**
 * Cuts questions into windows. Each context is cut into pieces once, however many questions it has.
 *
 * A window begins `room - stride` context tokens after the one before it, where `room` is what the question leaves of
 * `maxLength`; the last one ends with the context. One difference to `run_qa.py` (transformers 4.57): there, an answer
 * that begins in the last token of a window is labelled to start at the closing `[SEP]`, or at the last padding.
 *
 * @param questions The questions.
 * @param tokenizer Cuts texts.
 * @param options Lengths.
 * @returns The windows.
 * @throws {DataError} when a length is not a whole number of its range, or a long context cannot be read in steps
 * because its question leaves no more than `stride` tokens.
 */
export function squadWindows(
  questions: readonly Question[],
  tokenizer: WindowTokenizer,
  options: WindowOptions = {},
): SquadWindows {
  const { maxLength = 384, stride = 128, maxQueryLength = 64 } = options;
  checkOptions({ maxLength, stride, maxQueryLength });
  const known = new Map<string, TextPieces>();
  const queries: Uint32Array[] = [];
  const contexts: TextPieces[] = [];
  const windows: Window[] = [];
  questions.forEach(({ id, question, context, answers }, q) => {
    const query = Uint32Array.from(tokenizer.pieces(question).ids.slice(0, maxQueryLength));
    const pieces = known.get(context) ?? compact(tokenizer.pieces(context));
    known.set(context, pieces);
    queries.push(query);
    contexts.push(pieces);
    const total = pieces.ids.length;
    const offset = query.length + 2;
    const room = maxLength - offset - 1;
    if (total > room && room <= stride) {
      throw new DataError(
        `question ${JSON.stringify(id)}: ${query.length} tokens leave ${room} of ${maxLength} for the context, ` +
          `too few for a stride of ${stride}; use a greater maxLength, a smaller stride or a smaller maxQueryLength`,
      );
    }
    let first = 0;
    let end = 0;
    do {
      end = Math.min(first + room, total);
      const span = answers.length === 0 ? undefined : tokenSpan(pieces, first, end, answers[0]);
      const [start, last] = span === undefined ? [0, 0] : span.map((token) => token - first + offset);
      const count = end - first;
      windows.push({ question: q, first, count, offset, length: offset + count + 1, start, end: last });
      first += room - stride;
    } while (end < total);
  });
  const { clsId: cls, sepId: sep, padId: pad } = tokenizer;
  return { questions, queries, contexts, windows, maxLength, special: { cls, sep, pad } };
}
