/**
 * Random numbers: counter-based and keyed. Element i of a draw is a pure function of (key, stream, i), by
 * Threefry-2x32-20 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), so every device makes the same
 * u32 bits and a step can draw anything again. Floats derived by logarithms and cosines agree within f32 rounding.
 *
 * A key is a u32 `[2]` tensor. Derive keys on the host (`keyFromSeed`, `foldKey` with the step number) and give each
 * purpose a key of its own: two draws of one key and stream are the same numbers.
 *
 * @module
 */
import { apply, formatType, ShapeError, sizeOf, type Tensor } from "./graph/node.ts";
import { scalarOps } from "./graph/scalar_ops.ts";
import * as o from "./ops.ts";

/** Second counter words of derived keys: far from those of draws, which count streams from 0. */
const FOLD = 0xfffffffe;

/** Threefry-2x32 with 20 rounds on the host: both output words for a key and a counter of two words each. */
export function threefry2x32(k0: number, k1: number, c0: number, c1: number): readonly [number, number] {
  const rotations = [[13, 15, 26, 6], [17, 29, 16, 24]] as const;
  const schedule = [k0, k1, k0 ^ k1 ^ 0x1bd11bda] as const;
  let x0 = (c0 + k0) | 0;
  let x1 = (c1 + k1) | 0;
  for (let block = 0; block < 5; block++) {
    for (const rotation of rotations[block & 1]!) {
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << rotation) | (x1 >>> (32 - rotation))) ^ x0;
    }
    x0 = (x0 + schedule[(block + 1) % 3]!) | 0;
    x1 = (x1 + schedule[(block + 2) % 3]! + block + 1) | 0;
  }
  return [x0 >>> 0, x1 >>> 0];
}

/**
 * The key of a seed.
 *
 * @param seed an integer from 0 to 2^53 - 1.
 * @returns two words, data of a u32 `[2]` input.
 * @throws {RangeError} for any other number.
 */
export function keyFromSeed(seed: number): Uint32Array {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`keyFromSeed: the seed is ${seed}; give an integer from 0 to ${Number.MAX_SAFE_INTEGER}`);
  }
  return Uint32Array.of(seed % 2 ** 32, Math.floor(seed / 2 ** 32));
}

/** A new key from a key and a number (a step, an epoch, a layer), on the host; equal to {@linkcode foldIn}. */
export function foldKey(key: ArrayLike<number>, n: number): Uint32Array {
  checkWord("foldKey", n);
  return Uint32Array.of(...[FOLD, FOLD + 1].map((word) => threefry2x32(key[0]!, key[1]!, n, word)[0]));
}

/**
 * A new key from a key and a number, in the graph.
 *
 * @param key u32 `[2]`.
 * @param site u32 known when the graph is built.
 */
export function foldIn(key: Tensor, site: number): Tensor {
  checkWord("foldIn", site);
  return threefry("foldIn", key, o.constant(site, [2], "u32"), o.add(o.iota([2]), FOLD));
}

/**
 * Uniform u32 bits: element i is the first word of `threefry(key, (i, stream))`.
 *
 * @param key u32 `[2]`.
 * @param shape fewer than 2^32 elements.
 * @param stream number of the draw: streams of one key are independent.
 */
export function randomBits(key: Tensor, shape: readonly number[], stream = 0): Tensor {
  checkWord("randomBits", stream);
  const count = sizeOf({ shape });
  if (count >= 2 ** 32) throw new ShapeError(`randomBits: [${shape.join()}] has ${count} elements; draw it in parts`);
  const position = o.reshape(o.iota([count]), shape);
  return threefry("randomBits", key, position, o.constant(stream, shape, "u32"));
}

/**
 * Uniform f32 in `[low, high)`, in steps of 2^-24 of the range (rounding may attain `high` where `low` is not 0).
 *
 * @param key u32 `[2]`.
 */
export function uniform(
  key: Tensor,
  shape: readonly number[],
  options: { readonly low?: number; readonly high?: number; readonly stream?: number } = {},
): Tensor {
  const { low = 0, high = 1, stream = 0 } = options;
  const unit = o.mul(o.cast(o.shiftRight(randomBits(key, shape, stream), 8), "f32"), 2 ** -24);
  const scaled = o.mul(unit, high - low);
  return low === 0 ? scaled : o.add(scaled, low);
}

/**
 * Standard normal f32, by Box and Muller (1958) from streams `2 * stream` and `2 * stream + 1`; |z| is at most
 * sqrt(48 ln 2) = 5.77. The angle is centred, because WGSL promises little for cosines outside of [-pi, pi].
 *
 * @param key u32 `[2]`.
 */
export function normal(key: Tensor, shape: readonly number[], stream = 0): Tensor {
  const grid = (which: number, offset: number) =>
    o.mul(o.add(o.cast(o.shiftRight(randomBits(key, shape, which), 8), "f32"), offset), 2 ** -24);
  const radius = o.sqrt(o.mul(o.log(grid(2 * stream, 1)), -2)); // from (0, 1]: the logarithm is finite
  const angle = o.mul(grid(2 * stream + 1, -(2 ** 23)), 2 * Math.PI);
  return o.mul(radius, o.cos(angle));
}

/**
 * True with the given probability, to the nearest multiple of 2^-32; decided on the bits, the same on every device.
 *
 * @param key u32 `[2]`.
 * @param probability in `[0, 1]`.
 * @returns bool.
 * @throws {ShapeError} for a probability outside `[0, 1]`.
 */
export function bernoulli(key: Tensor, probability: number, shape: readonly number[], stream = 0): Tensor {
  if (!(probability >= 0 && probability <= 1)) {
    throw new ShapeError(`bernoulli: the probability is ${probability}; give one in [0, 1]`);
  }
  const threshold = Math.round(probability * 2 ** 32);
  if (threshold === 2 ** 32) return o.constant(1, shape, "bool");
  return o.less(randomBits(key, shape, stream), threshold);
}

/** The scalar operation on a key that serves all elements. */
function threefry(name: string, key: Tensor, c0: Tensor, c1: Tensor): Tensor {
  if (key.dtype !== "u32" || key.shape.length !== 1 || key.shape[0] !== 2) {
    throw new ShapeError(`${name}: the key is ${formatType(key)}; give a u32[2], such as keyFromSeed makes`);
  }
  const word = (i: number) => o.broadcastTo(o.take(key, 0, i), c0.shape);
  return apply(scalarOps.threefry!, [word(0), word(1), c0, c1]);
}

function checkWord(name: string, value: number): void {
  if (!(Number.isInteger(value) && value >= 0 && value < FOLD)) {
    throw new ShapeError(`${name}: ${value} is no stream or site; give an integer from 0 to ${FOLD - 1}`);
  }
}
