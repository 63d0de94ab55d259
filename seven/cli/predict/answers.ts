/**
 * From outputs of a model to answers for people.
 *
 * @module
 */
import type { HostTensor } from "../../../engine/mod.ts";
import type { Outputs, TakeOutputs } from "../../../models/mod.ts";
import { decodeSpans, type SpanLogits } from "../../../models/text/squad_decode.ts";
import type { SquadWindows } from "../../../models/text/squad_windows.ts";

/** A class, and how likely it is. */
export interface Likely {
  /** Its name. */
  readonly label: string;
  /** From 0 to 1. */
  readonly probability: number;
}

/** What a model answers to one input. */
export type Answer =
  /** Classes, the likeliest first. */
  | { readonly classes: readonly Likely[] }
  /** A number. */
  | { readonly value: number }
  /** Part of the context, empty where there is no answer; how likely it is; where it begins in the context. */
  | { readonly answer: string; readonly probability: number; readonly start: number }
  /** What is wrong with the input. */
  | { readonly error: string };

/** Takes outputs in, and knows the answers once all are in. */
export interface Collector {
  /** Takes the outputs of some rows. */
  readonly take: TakeOutputs;
  /** Answers by row; absent for rows without outputs. */
  answers(): readonly (Answer | undefined)[];
}

/**
 * Answers by classes.
 *
 * @param labels Names of the classes.
 * @param top How many of them to tell.
 * @param independent Whether each is likely by itself (a sigmoid each) instead of all together (softmax).
 */
export function classCollector(labels: readonly string[], top: number, independent: boolean): Collector {
  return logitsCollector((logits) => {
    const shares = independent ? logits.map((x) => 1 / (1 + Math.exp(-x))) : softmax(logits);
    const classes = shares.map((probability, i) => ({ label: labels[i]!, probability }));
    // Equal ones stay in the order of the classes.
    return { classes: classes.sort((a, b) => b.probability - a.probability).slice(0, top) };
  });
}

/** Answers that are numbers. */
export function numberCollector(): Collector {
  return logitsCollector(([value]) => ({ value: value! }));
}

/**
 * Answers that are parts of contexts.
 *
 * @param windows Questions and windows; rows are windows, answers come by question.
 * @param allowNone Whether a question may have no answer.
 */
export function spanCollector(windows: SquadWindows, allowNone: boolean): Collector {
  const logits = new Array<SpanLogits>(windows.windows.length);
  return {
    take(rows, { start, end }) {
      const width = start!.shape[1]!;
      rows.forEach((row, i) => {
        const { length } = windows.windows[row]!;
        const own = ({ data }: HostTensor) => data.slice(i * width, i * width + length);
        logits[row] = { starts: own(start!), ends: own(end!) };
      });
    },
    answers: () => {
      const sums = pairSums(windows, logits);
      const found = decodeSpans(windows, (window) => logits[window]!, { allowNone });
      return [...found.values()].map(({ text, span, score, noneScore, start }, question) => {
        // Where there is no answer, the score is that of none: of both ends at [CLS].
        const own = text === "" && span !== "" ? score + noneScore : score;
        return { answer: text, probability: Math.exp(own - sums[question]!), start };
      });
    },
  };
}

/**
 * Logarithm of the sum of exp(start + end) over all pairs of positions in the windows of each question, `[CLS]` and the
 * context alone. What is divided by it is likely among all windows of a question (Clark and Gardner 2018, arXiv
 * 1710.10723); of a single window it is the product of both softmaxes.
 */
function pairSums({ questions, windows }: SquadWindows, logits: readonly SpanLogits[]): number[] {
  const byQuestion = questions.map((): number[] => []);
  windows.forEach(({ question, offset, count }, w) => {
    const { starts, ends } = logits[w]!;
    const seen = (
      values: ArrayLike<number>,
    ) => [values[0]!, ...Array.from({ length: count }, (_, i) => values[offset + i]!)];
    byQuestion[question]!.push(logSumExp(seen(starts)) + logSumExp(seen(ends)));
  });
  return byQuestion.map(logSumExp);
}

function logSumExp(values: readonly number[]): number {
  const greatest = values.reduce((a, b) => Math.max(a, b));
  return greatest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - greatest), 0));
}

function logitsCollector(answerOf: (logits: number[]) => Answer): Collector {
  const answers: Answer[] = [];
  return {
    take(rows: Uint32Array, { logits }: Outputs<HostTensor>) {
      const { data, shape } = logits!;
      const width = data.length / shape[0]!;
      rows.forEach((row, i) => answers[row] = answerOf(Array.from(data.subarray(i * width, (i + 1) * width))));
    },
    answers: () => answers,
  };
}

function softmax(logits: readonly number[]): number[] {
  const sum = logSumExp(logits);
  return logits.map((x) => Math.exp(x - sum));
}

/**
 * An answer in a line: what is answered, a tab, what it is about. Tabs and ends of lines within become spaces.
 *
 * @param answer The answer.
 * @param about Texts or path of the input.
 */
export function answerLine(answer: Answer, about: readonly string[]): string {
  return [answerText(answer), ...about].map((part) => part.replace(/\s+/g, " ").trim()).join("\t");
}

function answerText(answer: Answer): string {
  if ("classes" in answer) {
    return answer.classes.map(({ label, probability }) => `${probability.toFixed(3)} ${label}`).join(", ");
  }
  if ("value" in answer) return answer.value.toFixed(4);
  if ("error" in answer) return answer.error;
  return `${answer.probability.toFixed(3)} ${answer.answer || "(no answer)"}`;
}
