/**
 * Random numbers on the host, for shuffles and generated data.
 *
 * Counter-based: number `i` of stream `s` is the engine's Threefry of the counter `i` under the key `s`. So streams are
 * independent however many numbers each takes, an image does not depend on how many were drawn before it, and the same
 * seed gives the same numbers on every platform: there is nothing in it but integers and IEEE arithmetic.
 *
 * @module
 */

import { threefry2x32 } from "../../engine/random.ts";

/** A sequence of random numbers. */
export interface Rng {
  /** The next 32 bits. */
  bits(): number;
  /** The next number of [0, 1), a multiple of 2^-32. */
  uniform(): number;
  /** The next number of [low, high). */
  between(low: number, high: number): number;
  /** The next whole number of 0 to `count - 1`, all equally likely. `count` is at most 2^32. */
  below(count: number): number;
  /**
   * The next number of a bell curve with mean 0 and standard deviation 1: the sum of four bytes, so within 3.45. Close
   * to normal and, unlike one made with `log` and `cos`, the same in every JavaScript engine.
   */
  bell(): number;
}

/** Standard deviation of the sum of four bytes: each has variance (256^2 - 1) / 12. */
const bellDeviation = Math.sqrt((256 ** 2 - 1) / 3);

/** First number of a stream: what it is for. Streams of different purposes never meet, even under one seed. */
export const purposes = {
  shuffle: 1,
  trainingImages: 2,
  testImages: 3,
  augmentation: 4,
  validation: 5,
  captions: 101,
} as const;

/**
 * Opens a stream of random numbers.
 *
 * @param seed A whole number, 0 or more.
 * @param stream What the numbers are for, such as an image's index or an epoch: other numbers, another stream.
 * @returns The stream, from its beginning.
 * @throws {RangeError} when the seed or a number of the stream is not a whole number, 0 or more.
 */
export function rng(seed: number, ...stream: readonly number[]): Rng {
  let key: readonly [number, number] = [0, 0];
  for (const part of [seed, ...stream]) {
    if (!Number.isSafeInteger(part) || part < 0) {
      throw new RangeError(`rng: ${part} is no seed; seeds are whole numbers, 0 or more`);
    }
    key = threefry2x32(...key, part >>> 0, Math.floor(part / 2 ** 32));
  }
  let block = 0;
  let spare: number | undefined;
  const bits = (): number => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    // The top bit keeps numbers apart from keys, whose counters are below 2^53.
    const [first, second] = threefry2x32(...key, block >>> 0, Math.floor(block / 2 ** 32) | 0x80000000);
    block++;
    spare = second;
    return first;
  };
  const uniform = (): number => bits() / 2 ** 32;
  return {
    bits,
    uniform,
    between: (low, high) => low + (high - low) * uniform(),
    below: (count) => {
      if (!Number.isSafeInteger(count) || count < 1 || count > 2 ** 32) {
        throw new RangeError(`rng.below: ${count} is not 1 to 2^32`);
      }
      const fair = 2 ** 32 - 2 ** 32 % count; // beyond it, the small numbers would come up more often
      let value = bits();
      while (value >= fair) value = bits();
      return value % count;
    },
    bell: () => {
      const word = bits();
      return ((word & 255) + ((word >>> 8) & 255) + ((word >>> 16) & 255) + (word >>> 24) - 510) / bellDeviation;
    },
  };
}

/**
 * The numbers 0 to `count - 1` in random order (Fisher-Yates): every order is equally likely, as far as the stream's
 * keys go.
 *
 * @param count How many.
 * @param random Where the randomness comes from.
 * @returns The order.
 */
export function permutation(count: number, random: Rng): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const swapped = order[i];
    order[i] = order[j];
    order[j] = swapped;
  }
  return order;
}
