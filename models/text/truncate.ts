/**
 * Cutting two texts to the room that there is.
 *
 * @module
 */

import { DataError } from "../data/error.ts";

/** Tokens that are kept of the first and of the second text, from their beginnings. */
export type KeptPair = readonly [first: number, second: number];

/**
 * Cuts the longer text until both fit, then both to halves; where the room is odd, the text that was longer keeps the
 * token more, and of two texts of one length the second. These are the numbers of Hugging Face's tokenizers library
 * (`truncate_encodings`, strategy `longest_first`), which its BERT classes use; its tokenizers in plain Python give the
 * odd token to the first text always.
 *
 * @param first Tokens of the first text.
 * @param second Tokens of the second text.
 * @param room Tokens that fit, special ones aside.
 * @returns Tokens to keep.
 * @throws {DataError} when the room is not a whole number, 0 or more.
 */
export function longestFirst(first: number, second: number, room: number): KeptPair {
  checkRoom(room);
  if (first + second <= room) return [first, second];
  const shorter = Math.min(first, second);
  const half = Math.floor(room / 2);
  const least = Math.min(shorter, half);
  return first > second ? [room - least, least] : [least, room - least];
}

/**
 * Cuts the second text only, as for a question with its passage (`truncate_encodings`, strategy `only_second`).
 *
 * @param first Tokens of the first text.
 * @param second Tokens of the second text.
 * @param room Tokens that fit, special ones aside.
 * @returns Tokens to keep.
 * @throws {DataError} when the room is not a whole number, 0 or more, or nothing of the second text would be left.
 */
export function onlySecond(first: number, second: number, room: number): KeptPair {
  checkRoom(room);
  if (first + second <= room) return [first, second];
  if (first < room) return [first, room - first];
  throw new DataError(
    `room for ${room} tokens: the first text has ${first} and may not be cut; use a larger maximum length`,
  );
}

function checkRoom(room: number): void {
  if (!Number.isSafeInteger(room) || room < 0) {
    throw new DataError(`room for ${room} tokens: use a whole number, 0 or more`);
  }
}
