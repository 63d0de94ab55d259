/**
 * Random numbers on the host, for shuffles and generated data.
 *
 * Counter-based: number `i` of stream `s` is Threefry-2x32-20 (Salmon et al., "Parallel random numbers: as easy as
 * 1, 2, 3", SC 2011) of the counter `i` under the key `s`. So streams are independent however many numbers each takes,
 * an image does not depend on how many were drawn before it, and the same seed gives the same numbers on every
 * platform: there is nothing in it but integers and IEEE arithmetic.
 *
 * @module
 */

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
export const purposes = { shuffle: 1, trainingImages: 2, testImages: 3 } as const;

const rotations = [13, 15, 26, 6, 17, 29, 16, 24] as const;

/**
 * One block of Threefry-2x32 with 20 rounds.
 *
 * @param key Two words of key.
 * @param counter Two words of counter.
 * @returns Two words of random bits, as u32.
 */
export function threefry(
  key: readonly [number, number],
  counter: readonly [number, number],
): [number, number] {
  const keys = [key[0] | 0, key[1] | 0, 0x1bd11bda ^ key[0] ^ key[1]];
  let a = (counter[0] + keys[0]) | 0;
  let b = (counter[1] + keys[1]) | 0;
  for (let round = 0; round < 20; round++) {
    const rotation = rotations[round & 7];
    a = (a + b) | 0;
    b = ((b << rotation) | (b >>> (32 - rotation))) ^ a;
    if ((round & 3) === 3) {
      const injection = (round + 1) >> 2;
      a = (a + keys[injection % 3]) | 0;
      b = (b + keys[(injection + 1) % 3] + injection) | 0;
    }
  }
  return [a >>> 0, b >>> 0];
}

/**
 * Opens a stream of random numbers.
 *
 * @param seed A whole number, 0 or more.
 * @param stream What the numbers are for, such as an image's index or an epoch: other numbers, another stream.
 * @returns The stream, from its beginning.
 * @throws {RangeError} when the seed or a number of the stream is not a whole number, 0 or more.
 */
export function rng(seed: number, ...stream: readonly number[]): Rng {
  let key: [number, number] = [0, 0];
  for (const part of [seed, ...stream]) {
    if (!Number.isSafeInteger(part) || part < 0) {
      throw new RangeError(`rng: ${part} is no seed; seeds are whole numbers, 0 or more`);
    }
    key = threefry(key, [part >>> 0, Math.floor(part / 2 ** 32)]);
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
    const [first, second] = threefry(key, [block >>> 0, Math.floor(block / 2 ** 32) | 0x80000000]);
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
