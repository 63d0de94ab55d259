/**
 * Random changes of training images that leave their class alone. They act on the image as it is stored, before it is
 * resized for the model; only erasing comes last.
 *
 * @module
 */
import { DataError } from "./error.ts";
import type { ImageShape } from "./images.ts";
import type { Box } from "./prepare.ts";
import type { Rng } from "./rng.ts";

/** A range of numbers. */
export type Range = readonly [low: number, high: number];

/** Which changes are made, one after the other. What is absent is not done. */
export interface Augmentation {
  /**
   * Takes a box of the image's own size at a random position of the image with this many black pixels around it: 4 for
   * CIFAR (He et al., 2016).
   */
  readonly padding?: number;
  /**
   * Takes a box of a random share of the area and of random proportions, and resizes it to the size that the model
   * takes, instead of taking the middle (Szegedy et al., 2015). `true` for a share of 0.08 to 1 and a ratio of width to
   * height of 3/4 to 4/3.
   */
  readonly resizedCrop?: true | { readonly scale: Range; readonly ratio: Range };
  /** Mirrors left and right with this probability. */
  readonly flip?: number;
  /**
   * Sets a box to 0, which is the mean colour where pixels are normalised (Zhong et al., 2020), with this probability;
   * its share of the area is 0.02 to 0.33 and its ratio of width to height 0.3 to 1/0.3 unless given.
   */
  readonly erase?: number | { readonly probability: number; readonly scale: Range; readonly ratio: Range };
}

const wholeRange: Range = [0.08, 1];

/**
 * Checks that the numbers of an augmentation can be meant.
 *
 * @param augment The augmentation.
 * @param label Name of the data, for errors.
 * @returns The augmentation.
 * @throws {DataError} for a probability beyond 0 to 1, a range that is none, and padding that is no number of pixels.
 */
export function checkAugmentation(augment: Augmentation, label: string): Augmentation {
  const { padding = 0, flip = 0 } = augment;
  const erase = erasing(augment);
  const box = cropping(augment);
  const fail = (what: string, value: unknown, remedy: string) => {
    throw new DataError(`${label}: ${what} of the augmentation is ${JSON.stringify(value)}; use ${remedy}`);
  };
  if (!Number.isSafeInteger(padding) || padding < 0 || padding > 1024) {
    fail("padding", padding, "a whole number of pixels, 0 to 1024");
  }
  for (const [what, value] of [["flip", flip], ["erase", erase?.probability ?? 0]] as const) {
    if (!(value >= 0 && value <= 1)) fail(what, value, "a probability, 0 to 1");
  }
  for (const [what, part] of [["resizedCrop", box], ["erase", erase]] as const) {
    if (!part) continue;
    const { scale: [small, large], ratio: [narrow, wide] } = part;
    if (!(small > 0 && small <= large && large <= 1)) fail(`${what}.scale`, [small, large], "a range of 0 to 1");
    if (!(narrow > 0 && narrow <= wide && wide < 1e3)) fail(`${what}.ratio`, [narrow, wide], "a range of ratios");
  }
  return augment;
}

function cropping({ resizedCrop }: Augmentation): { readonly scale: Range; readonly ratio: Range } | undefined {
  return resizedCrop === true ? { scale: wholeRange, ratio: [3 / 4, 4 / 3] } : resizedCrop;
}

function erasing(
  { erase }: Augmentation,
): { readonly probability: number; readonly scale: Range; readonly ratio: Range } | undefined {
  if (typeof erase !== "number") return erase;
  return { probability: erase, scale: [0.02, 0.33], ratio: [0.3, 1 / 0.3] };
}

/**
 * A box of a random share of the area and a ratio whose logarithm is uniform; nothing after ten that do not fit. Engines
 * may differ in the last bit of `exp` and `log`, so a box may be a pixel larger elsewhere, though hardly ever.
 */
function randomBox(height: number, width: number, scale: Range, ratio: Range, random: Rng): Box | undefined {
  const logs: Range = [Math.log(ratio[0]), Math.log(ratio[1])];
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = height * width * random.between(...scale);
    const shape = Math.exp(random.between(...logs));
    const w = Math.round(Math.sqrt(area * shape));
    const h = Math.round(Math.sqrt(area / shape));
    if (w < 1 || h < 1 || w > width || h > height) continue;
    return { top: random.below(height - h + 1), left: random.below(width - w + 1), height: h, width: w };
  }
  return undefined;
}

/** The largest middle whose ratio is within the range. */
function middleBox(height: number, width: number, ratio: Range): Box {
  const shape = Math.min(Math.max(width / height, ratio[0]), ratio[1]);
  const w = Math.max(1, Math.min(width, Math.round(height * shape)));
  const h = Math.max(1, Math.min(height, Math.round(width / shape)));
  return { top: Math.floor((height - h) / 2), left: Math.floor((width - w) / 2), height: h, width: w };
}

/** Where to look at an image, and how. */
export interface View {
  /** A box of the image's own size, moved by at most the padding; nothing where there is no padding. */
  readonly moved?: Box;
  /** The box that is resized to the size that the model takes; nothing where all is taken as without augmentation. */
  readonly box?: Box;
  /** Whether left and right are mirrored. */
  readonly flipped: boolean;
}

/**
 * Draws how an image is looked at.
 *
 * @param shape Shape of the image as it is stored.
 * @param augment What may be done.
 * @param random Where the randomness comes from.
 * @returns What to do.
 */
export function randomView([, height, width]: ImageShape, augment: Augmentation, random: Rng): View {
  const { padding = 0, flip = 0 } = augment;
  const crop = cropping(augment);
  const flipped = random.uniform() < flip;
  const moved = padding === 0 ? {} : {
    moved: {
      top: random.below(2 * padding + 1) - padding,
      left: random.below(2 * padding + 1) - padding,
      height,
      width,
    },
  };
  if (!crop) return { flipped, ...moved };
  return {
    flipped,
    ...moved,
    box: randomBox(height, width, crop.scale, crop.ratio, random) ?? middleBox(height, width, crop.ratio),
  };
}

/**
 * Draws a box to erase.
 *
 * @param shape Shape of the image as the model takes it.
 * @param augment What may be done.
 * @param random Where the randomness comes from.
 * @returns The box, or nothing.
 */
export function randomErasure([, height, width]: ImageShape, augment: Augmentation, random: Rng): Box | undefined {
  const erase = erasing(augment);
  if (!erase || random.uniform() >= erase.probability) return undefined;
  return randomBox(height, width, erase.scale, erase.ratio, random);
}

/** Mirrors left and right. */
export function mirror(planes: Uint8Array, width: number): Uint8Array {
  const out = new Uint8Array(planes.length);
  for (let row = 0; row < planes.length; row += width) {
    for (let x = 0; x < width; x++) out[row + x] = planes[row + width - 1 - x];
  }
  return out;
}
