/**
 * Tokens with their places.
 *
 * @module
 */

/** Tokens of a text with their places, without special tokens. */
export interface Pieces {
  /** Number of each token in the vocabulary. */
  readonly ids: number[];
  /** Where each token starts in the original text, in UTF-16 units. */
  readonly starts: number[];
  /** Where each token ends in the original text (exclusive), in UTF-16 units. */
  readonly ends: number[];
}
