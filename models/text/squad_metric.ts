/**
 * Exact match and F1 of SQuAD, as the official evaluation scripts of versions 1.1 and 2.0 compute them (Rajpurkar et
 * al. 2016 and 2018).
 *
 * @module
 */
import { DataError } from "../data/error.ts";
import type { Question } from "./squad_read.ts";
import { normalizeAnswer } from "./squad_normalize.ts";

/** Which evaluation script: they differ only for answers of which normalising leaves nothing. */
export type SquadVersion = "1.1" | "2.0";

/** Means over questions, from 0 to 1 (the official scripts print percent). */
export interface SquadMeans {
  /** Share of questions with an answer that is equal after normalising. */
  readonly exact: number;
  /** Mean F1 of the words, of the most similar answer of each question. */
  readonly f1: number;
  /** Number of questions. */
  readonly count: number;
}

/** Scores of a set of predictions. */
export interface SquadScores extends SquadMeans {
  /** Over questions that have an answer; absent where there are none. */
  readonly hasAnswer?: SquadMeans;
  /** Over questions that have no answer; absent where there are none. */
  readonly noAnswer?: SquadMeans;
}

/** The best that a threshold on "there is no answer" can do. */
export interface BestThresholds {
  /** Share of exact matches with the best threshold. */
  readonly exact: number;
  /** The threshold: no answer is given where the score of no answer is above it. */
  readonly exactThreshold: number;
  /** Mean F1 with the threshold that is best for it. */
  readonly f1: number;
  /** The threshold that is best for F1. */
  readonly f1Threshold: number;
}

/** Scores of one question. */
interface Score {
  readonly exact: number;
  readonly f1: number;
}

const wordsOf = (normalized: string): string[] => normalized === "" ? [] : normalized.split(" ");

/** F1 of two normalised texts as multisets of words. */
function wordF1(answer: string, prediction: string, version: SquadVersion): number {
  const expected = wordsOf(answer);
  const given = wordsOf(prediction);
  if (expected.length === 0 || given.length === 0) {
    return version === "2.0" && expected.length === given.length ? 1 : 0;
  }
  const left = new Map<string, number>();
  for (const word of expected) left.set(word, (left.get(word) ?? 0) + 1);
  let same = 0;
  for (const word of given) {
    const count = left.get(word) ?? 0;
    if (count === 0) continue;
    left.set(word, count - 1);
    same++;
  }
  if (same === 0) return 0;
  const precision = same / given.length;
  const recall = same / expected.length;
  return 2 * precision * recall / (precision + recall);
}

/**
 * Scores one answer: the best over the answers of people.
 *
 * @param prediction The answer; empty for "there is none".
 * @param answers What people answered; empty where there is no answer.
 * @param version Which script.
 * @returns Exact match, 0 or 1, and F1, 0 to 1.
 */
export function scoreAnswer(
  prediction: string,
  answers: readonly string[],
  version: SquadVersion = "2.0",
): { readonly exact: number; readonly f1: number } {
  const given = normalizeAnswer(prediction);
  let golds = answers.map(normalizeAnswer);
  // Version 2.0 drops answers like "the"; where nothing is left, only the empty answer is right.
  if (version === "2.0") golds = golds.filter((gold) => gold !== "");
  if (golds.length === 0) golds = [""];
  return {
    exact: golds.includes(given) ? 1 : 0,
    f1: Math.max(...golds.map((gold) => wordF1(gold, given, answers.length === 0 ? "2.0" : version))),
  };
}

function means(scores: readonly Score[]): SquadMeans {
  const mean = (name: keyof Score) => scores.reduce((sum, score) => sum + score[name], 0) / scores.length;
  return { exact: mean("exact"), f1: mean("f1"), count: scores.length };
}

function lookUp<T>(values: ReadonlyMap<string, T>, id: string, what: string): T {
  const value = values.get(id);
  if (value === undefined) {
    throw new DataError(`question ${JSON.stringify(id)}: there is no ${what}; give one for every question`);
  }
  return value;
}

function scoreAll(
  questions: readonly Question[],
  predictions: ReadonlyMap<string, string>,
  version: SquadVersion,
): Score[] {
  if (questions.length === 0) throw new DataError("there are no questions to score; give at least one");
  return questions.map(({ id, answers }) =>
    scoreAnswer(lookUp(predictions, id, "prediction"), answers.map(({ text }) => text), version)
  );
}

/** The version whose script fits: 2.0 as soon as a question has no answer. */
function versionOf(questions: readonly Question[]): SquadVersion {
  return questions.some(({ impossible }) => impossible) ? "2.0" : "1.1";
}

/**
 * Scores predictions.
 *
 * @param questions All questions that count.
 * @param predictions An answer for every one of them by id, empty for "there is none"; others are ignored.
 * @param version Which script; by default 2.0 where a question has no answer, else 1.1.
 * @returns The scores.
 * @throws {DataError} when a question has no prediction (the scripts pass over it or count it as wrong), or there are no
 * questions.
 */
export function evaluateSquad(
  questions: readonly Question[],
  predictions: ReadonlyMap<string, string>,
  version: SquadVersion = versionOf(questions),
): SquadScores {
  const scores = scoreAll(questions, predictions, version);
  const answered = scores.filter((_, i) => !questions[i].impossible);
  const unanswered = scores.filter((_, i) => questions[i].impossible);
  return {
    ...means(scores),
    ...(answered.length > 0 ? { hasAnswer: means(answered) } : {}),
    ...(unanswered.length > 0 ? { noAnswer: means(unanswered) } : {}),
  };
}

/** Takes questions in the order of `none`; as the threshold passes one, its answer counts instead of "none". */
function bestOf(
  questions: readonly Question[],
  gains: readonly number[],
  none: readonly number[],
): [number, number] {
  const order = none.map((_, i) => i).sort((a, b) => none[a] - none[b]);
  let sum = questions.filter(({ impossible }) => impossible).length;
  let best = sum;
  let threshold = 0;
  for (const i of order) {
    sum += gains[i];
    if (sum > best) {
      best = sum;
      threshold = none[i];
    }
  }
  return [best / questions.length, threshold];
}

/**
 * Finds the thresholds that would have been best, as `find_best_thresh` of version 2.0: for each question either the
 * prediction or, where its score of no answer exceeds the threshold, none.
 *
 * Like the script, it takes questions of equal score one after another, so the value that it gives is reached only where
 * scores differ; and where giving no answer at all is best, the threshold is 0.
 *
 * @param questions All questions that count.
 * @param predictions The best answer to each, not empty: {@linkcode SpanPrediction}'s `span`.
 * @param noneScores How likely each has no answer, on any scale: {@linkcode SpanPrediction}'s `noneScore`.
 * @returns Scores and thresholds.
 * @throws {DataError} when a question has no prediction or no score, or there are no questions.
 */
export function bestThresholds(
  questions: readonly Question[],
  predictions: ReadonlyMap<string, string>,
  noneScores: ReadonlyMap<string, number>,
): BestThresholds {
  const scores = scoreAll(questions, predictions, "2.0");
  const none = questions.map(({ id }) => lookUp(noneScores, id, "score of no answer"));
  const gain = (i: number, score: number): number =>
    questions[i].impossible ? predictions.get(questions[i].id) === "" ? 0 : -1 : score;
  const [exact, exactThreshold] = bestOf(questions, scores.map((score, i) => gain(i, score.exact)), none);
  const [f1, f1Threshold] = bestOf(questions, scores.map((score, i) => gain(i, score.f1)), none);
  return { exact, exactThreshold, f1, f1Threshold };
}
