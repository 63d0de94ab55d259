/**
 * From logits to answers: the best span over all windows of a question, as `postprocess_qa_predictions` of Hugging
 * Face's `run_qa.py` finds it.
 *
 * @module
 */
import { DataError } from "../data/error.ts";
import type { SquadWindows } from "./squad_windows.ts";

/** Logits of one window, by position; what lies behind the window's own tokens, padding, is not looked at. */
export interface SpanLogits {
  /** How likely the answer begins at each position. */
  readonly starts: ArrayLike<number>;
  /** How likely it ends there. */
  readonly ends: ArrayLike<number>;
}

/** How answers are found; the defaults are those of `run_qa.py`. */
export interface DecodeOptions {
  /** How many of the best starts and ends of each window are combined; 20. */
  readonly nBest?: number;
  /** Greatest number of tokens of an answer; 30. */
  readonly maxAnswerLength?: number;
  /** Whether a question may have no answer (version 2.0); false. */
  readonly allowNone?: boolean;
  /** Where answers may be missing: none is given when `noneScore` exceeds this; 0. */
  readonly noneThreshold?: number;
}

/** What a model answers. */
export interface SpanPrediction {
  /** The answer: `span`, or empty where the model finds that there is none. */
  readonly text: string;
  /** The best span, a part of the original context; empty where no window has one. */
  readonly span: string;
  /** Where the span begins in the context, in UTF-16 code units. */
  readonly start: number;
  /** Sum of the span's two logits; `-Infinity` where there is no span. */
  readonly score: number;
  /**
   * How much more likely no answer is than the span: the sum of the logits of `[CLS]` in the window where it is least,
   * less `score`. What `null_odds.json` of `run_qa.py` has, and what {@linkcode bestThresholds} takes.
   */
  readonly noneScore: number;
}

/** The positions before `length` with the `count` greatest values, greatest first; the earlier of equals. Never NaN. */
function greatest(values: ArrayLike<number>, length: number, count: number): number[] {
  const best: number[] = [];
  for (let i = 0; i < length; i++) {
    const value = values[i];
    if (Number.isNaN(value) || (best.length === count && !(value > values[best[count - 1]]))) continue;
    let at = best.length === count ? count - 1 : best.length;
    for (; at > 0 && value > values[best[at - 1]]; at--) best[at] = best[at - 1];
    best[at] = i;
  }
  return best;
}

interface Best {
  /** Where the span begins in the context, and where it ends; both 0 while there is none. */
  start: number;
  stop: number;
  score: number;
  none: number;
}

function checkOptions(nBest: number, maxAnswerLength: number, noneThreshold: number): void {
  for (const [name, value] of Object.entries({ nBest, maxAnswerLength })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new DataError(`${name} ${value}: use a whole number, 1 or more`);
    }
  }
  if (Number.isNaN(noneThreshold)) throw new DataError("noneThreshold NaN: use a number");
}

/**
 * Finds the answer to each question.
 *
 * In every window the `nBest` greatest starts are combined with the `nBest` greatest ends. A combination counts when
 * both are context tokens, the end is not before the start, and there are at most `maxAnswerLength` tokens. The one
 * with the greatest sum over all windows is the answer; of equals, the first.
 *
 * Where no combination counts, the answer is empty; `run_qa.py` gives the word "empty" there. It also lets the logits
 * of padding compete for the `nBest` places when inputs are padded to the maximum; here padding changes nothing.
 *
 * @param windows Questions and windows.
 * @param logits Logits of the window with that number, called once for each in order.
 * @param options Limits, and whether there may be no answer.
 * @returns The answers by question id, in the order of the questions.
 * @throws {DataError} when a limit is not a whole number of its range, or a window has more tokens than logits.
 */
export function decodeSpans(
  windows: SquadWindows,
  logits: (window: number) => SpanLogits,
  options: DecodeOptions = {},
): Map<string, SpanPrediction> {
  const { nBest = 20, maxAnswerLength = 30, allowNone = false, noneThreshold = 0 } = options;
  checkOptions(nBest, maxAnswerLength, noneThreshold);
  const found = windows.questions.map((): Best => ({ start: 0, stop: 0, score: -Infinity, none: Infinity }));
  windows.windows.forEach(({ question, first, count, offset, length }, w) => {
    const { starts, ends } = logits(w);
    if (starts.length < length || ends.length < length) {
      throw new DataError(
        `window ${w}: ${starts.length} start and ${ends.length} end logits for ${length} tokens; give one for each`,
      );
    }
    const best = found[question];
    const context = windows.contexts[question];
    const inContext = (position: number) => position >= offset && position < offset + count;
    best.none = Math.min(best.none, starts[0] + ends[0]);
    const lasts = greatest(ends, length, nBest).filter(inContext);
    for (const from of greatest(starts, length, nBest).filter(inContext)) {
      for (const to of lasts) {
        if (to < from || to - from >= maxAnswerLength) continue;
        const score = starts[from] + ends[to];
        if (!(score > best.score)) continue;
        best.score = score;
        best.start = context.starts[first + from - offset];
        best.stop = context.ends[first + to - offset];
      }
    }
  });
  return new Map(found.map(({ start, stop, score, none }, q) => {
    const { id, context } = windows.questions[q];
    const span = context.slice(start, stop);
    const noneScore = none - score;
    const text = allowNone && noneScore > noneThreshold ? "" : span;
    return [id, { text, span, start, score, noneScore }];
  }));
}
