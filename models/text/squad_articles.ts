/**
 * Splits questions by article, so that no paragraph is learned from and judged by.
 *
 * @module
 */
import { DataError } from "../data/error.ts";
import { permutation, rng } from "../data/rng.ts";
import type { Question } from "./squad_read.ts";

/** What the random stream is for: apart from those of `data/rng.ts`. */
const purpose = 0x5350;

/** Questions in two parts that share no article. */
export interface ArticleSplit {
  /** What models learn from. */
  readonly train: readonly Question[];
  /** What models are judged by. */
  readonly dev: readonly Question[];
}

/**
 * Holds out some articles at random. Within each part, questions stay in their order.
 *
 * @param questions All questions.
 * @param held How many articles are held out: a share below 1 (rounded to the nearest number of articles, at least
 * one), or a whole number of 1 or more.
 * @param seed Seed of the choice.
 * @returns The two parts, both with at least one article.
 * @throws {DataError} when `held` is neither, or a part would be empty.
 */
export function splitByArticle(questions: readonly Question[], held: number, seed: number): ArticleSplit {
  const titles = [...new Set(questions.map(({ title }) => title))];
  if (!(held > 0) || (held >= 1 && !Number.isSafeInteger(held))) {
    throw new DataError(`articles to hold out: ${held} is neither a share between 0 and 1 nor a whole number`);
  }
  const count = held < 1 ? Math.max(1, Math.round(held * titles.length)) : held;
  if (count >= titles.length) {
    throw new DataError(
      `articles to hold out: ${count} of ${titles.length} leave none to learn from; hold out fewer, or add articles`,
    );
  }
  const order = permutation(titles.length, rng(seed, purpose));
  const out = new Set(Array.from(order.subarray(0, count), (i) => titles[i]));
  return {
    train: questions.filter(({ title }) => !out.has(title)),
    dev: questions.filter(({ title }) => out.has(title)),
  };
}
