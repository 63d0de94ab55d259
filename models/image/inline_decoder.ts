/**
 * What a decoder is, and the one that works in the thread that asks.
 *
 * @module
 */
import type { RowKey } from "../data/image_row.ts";
import { prepareFile, type Recipe } from "./prepare_file.ts";

/** Turns files into the bytes of rows. Release it with `using`. */
export interface ImageDecoder extends Disposable {
  /**
   * Decodes a file and prepares its picture.
   *
   * @param bytes The file.
   * @param label Its name, for errors.
   * @param recipe What to make of it.
   * @param key Randomness of the changes; without it there are none.
   * @returns The bytes, channel by channel.
   * @throws {DataError} when the file cannot be decoded, or the decoder was released.
   */
  prepare(bytes: Uint8Array, label: string, recipe: Recipe, key?: RowKey): Promise<Uint8Array>;
  /** Why workers are not used, once that is known; nothing while they are, or were never asked for. */
  readonly trouble: string | undefined;
}

/** Decodes in the thread that asks. Needs no release. */
export const inlineDecoder: ImageDecoder = {
  prepare: prepareFile,
  trouble: undefined,
  [Symbol.dispose]: () => {},
};
