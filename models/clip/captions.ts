/**
 * Generated captions: sentences about the digits of the built-in pictures, and a vocabulary of their words, so that a
 * small CLIP can be trained without a download.
 *
 * @module
 */
import { type HostTensor, hostTensor } from "../../engine/mod.ts";
import { DataError } from "../data/error.ts";
import { purposes, rng } from "../data/rng.ts";

/** Names of the digits, in the order of their classes. */
export const digitNames: readonly string[] = [
  "zero",
  "one",
  "two",
  "three",
  "four",
  "five",
  "six",
  "seven",
  "eight",
  "nine",
];

/** What a caption may say, `{}` standing for the name of a digit. */
export const captionTemplates: readonly string[] = [
  "{}",
  "the digit {}",
  "a picture of the number {}",
  "the number {} on a display",
];

const words = [...new Set([...captionTemplates.join(" ").replaceAll("{}", " ").match(/[a-z]+/g)!, ...digitNames])];

/** Tokens of captions: filling has number 0, then start, then words, and the end has the greatest number. */
export const captionVocabulary: readonly string[] = ["<pad>", "<start>", ...words, "<end>"];

/** Tokens of a caption: start, at most six words, end, filled up. */
export const captionTokens = 8;

/**
 * A caption for each picture: a random template with the name of its digit. Caption `i` depends on the seed, the label
 * and `i` only.
 *
 * @param labels Digit of each picture.
 * @param seed A whole number, 0 or more.
 * @returns The captions.
 * @throws {DataError} when a label is no digit.
 */
export function digitCaptions(labels: ArrayLike<number>, seed: number): string[] {
  return Array.from({ length: labels.length }, (_, i) => {
    const name = digitNames[labels[i]!];
    if (name === undefined) throw new DataError(`label ${labels[i]} of picture ${i} is no digit; use labels 0 to 9`);
    const random = rng(seed, purposes.captions, i);
    return captionTemplates[random.below(captionTemplates.length)]!.replace("{}", name);
  });
}

/**
 * Token ids of captions.
 *
 * @param captions Words of {@linkcode captionVocabulary} with spaces between them.
 * @returns u32 `[captions, captionTokens]`, for `clipText`.
 * @throws {DataError} when a word is not in the vocabulary, or a caption has too many.
 */
export function encodeCaptions(captions: readonly string[]): HostTensor {
  const data = new Uint32Array(captions.length * captionTokens);
  captions.forEach((caption, row) => {
    const found = caption.split(" ").map((word) => {
      const id = words.indexOf(word);
      if (id < 0) {
        throw new DataError(
          `caption ${JSON.stringify(caption)}: ${JSON.stringify(word)} is not known; use words of captionVocabulary`,
        );
      }
      return id + 2;
    });
    if (found.length > captionTokens - 2) {
      throw new DataError(
        `caption ${JSON.stringify(caption)}: ${found.length} words; use ${captionTokens - 2} at most`,
      );
    }
    data.set([1, ...found, captionVocabulary.length - 1], row * captionTokens);
  });
  return hostTensor(data, [captions.length, captionTokens]);
}
