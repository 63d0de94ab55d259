/**
 * From a file to the bytes that a model takes, in one function: that is what a worker does.
 *
 * @module
 */
import type { Augmentation } from "../data/augment.ts";
import { DataError } from "../data/error.ts";
import { rowBytes, type RowKey } from "../data/image_row.ts";
import type { Preprocessor } from "../data/preprocessor.ts";
import { decodeImage } from "./decode.ts";
import type { Picture } from "./picture.ts";

/** How files become rows of a batch; it can be sent to a worker. */
export interface Recipe {
  /** How pictures are prepared. */
  readonly config: Preprocessor;
  /** Random changes. */
  readonly augment: Augmentation;
  /** 3, or 1 for a model of grey pictures. */
  readonly channels: 1 | 3;
  /** Most pixels of a picture. */
  readonly pixelLimit: number;
}

/**
 * Pixels of a picture channel by channel. Grey is PIL's: 0.299 red, 0.587 green, 0.114 blue, in 16 bits.
 *
 * @param picture The picture.
 * @param channels 3, or 1 for grey.
 * @returns `channels` planes.
 */
export function planesOf({ width, height, data }: Picture, channels: 1 | 3): Uint8Array {
  const area = width * height;
  const planes = new Uint8Array(channels * area);
  for (let i = 0, from = 0; i < area; i++, from += 3) {
    const [r, g, b] = [data[from], data[from + 1], data[from + 2]];
    if (channels === 1) planes[i] = (19595 * r + 38470 * g + 7471 * b + 0x8000) >> 16;
    else {
      planes[i] = r;
      planes[area + i] = g;
      planes[2 * area + i] = b;
    }
  }
  return planes;
}

/**
 * Decodes a file and prepares its picture.
 *
 * @param bytes The file.
 * @param label Its name, for errors.
 * @param recipe What to make of it.
 * @param key Randomness of the changes; without it there are none.
 * @returns The bytes, channel by channel.
 * @throws {DataError} when the file cannot be decoded, or the picture not be prepared.
 */
export async function prepareFile(
  bytes: Uint8Array,
  label: string,
  recipe: Recipe,
  key: RowKey | undefined,
): Promise<Uint8Array> {
  const picture = await decodeImage(bytes, label, recipe.pixelLimit);
  const { config, augment, channels } = recipe;
  try {
    return rowBytes(planesOf(picture, channels), [channels, picture.height, picture.width], config, augment, key);
  } catch (error) {
    if (error instanceof DataError) throw new DataError(`${label}: ${error.message}`, { cause: error });
    throw error;
  }
}
