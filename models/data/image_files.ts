/**
 * Pictures in files as a split: they are decoded when a batch needs them.
 *
 * @module
 */
import type { Folder } from "../folder.ts";
import { type ImageDecoder, inlineDecoder } from "../image/inline_decoder.ts";
import { defaultPixelLimit } from "../image/picture.ts";
import type { Recipe } from "../image/prepare_file.ts";
import { type Augmentation, checkAugmentation, randomErasure } from "./augment.ts";
import { DataError } from "./error.ts";
import { openBatch, type RowKey, rowKey, rowRandom } from "./image_row.ts";
import type { ImageSplit } from "./image_split.ts";
import { fixedSize, preparedShape } from "./prepare.ts";
import { type Preprocessor, valueTable } from "./preprocessor.ts";

/** Files of pictures with their classes. */
export interface ImageFiles {
  /** What to call them in errors and records. */
  readonly name: string;
  /** Where they are. */
  readonly folder: Folder;
  /** Their paths in the folder. */
  readonly files: readonly string[];
  /** Class of each; empty where they have none. */
  readonly labels: Uint32Array;
}

/** How pictures become rows. */
export interface FileSplitOptions {
  /** Who decodes; the thread that asks unless given. It is not released with the split. */
  readonly decoder?: ImageDecoder;
  /** Random changes, made where `gather` is given randomness. */
  readonly augment?: Augmentation;
  /** Channels that the model takes: 3, or 1 for grey. 3 unless given. */
  readonly channels?: 1 | 3;
  /**
   * Whether a picture that cannot be read or decoded is left out instead of being an error: where `gather` is given
   * randomness another row stands in for it, else its row is not valid.
   */
  readonly skipBroken?: boolean;
  /** Most pixels that the header of a file may claim; 89 million unless given. */
  readonly pixelLimit?: number;
}

/** A split of pictures in files. */
export interface FileSplit extends ImageSplit {
  /** Pictures that were left out so far: what is wrong, by path. */
  readonly broken: ReadonlyMap<string, string>;
}

/** How many rows are tried in place of a broken one before giving up. */
const replacements = 100;

/**
 * Makes a split of files of pictures. A batch has `images` f32 `[rows, channels, height, width]`, `valid` f32 `[rows]`,
 * and `labels` u32 `[rows]` where the files have classes; rows that are padding or broken are zeros.
 *
 * @param files The files.
 * @param config How pictures are prepared; all of them have to come out in one size.
 * @param options Who decodes, random changes, and what to do with broken files.
 * @returns The split. `gather` rejects with a {@linkcode DataError} that names the first broken file.
 * @throws {DataError} when there is no file, or the configuration gives no fixed size, or does not fit the channels.
 */
export function fileSplit(files: ImageFiles, config: Preprocessor, options: FileSplitOptions = {}): FileSplit {
  const { name, folder, files: paths, labels } = files;
  const { decoder = inlineDecoder, channels = 3, skipBroken = false, pixelLimit = defaultPixelLimit } = options;
  const augment = checkAugmentation(options.augment ?? {}, name);
  if (paths.length === 0) throw new DataError(`${name}: there are no pictures; use a folder that has some`);
  if (labels.length !== 0 && labels.length !== paths.length) {
    throw new DataError(`${name}: ${labels.length} labels for ${paths.length} pictures; give each picture one`);
  }
  if (!fixedSize(config)) {
    throw new DataError(
      `${name}: size {shortest_edge} alone leaves pictures of many sizes; set do_center_crop, or height and width`,
    );
  }
  const shape = preparedShape([channels, 1, 1], config);
  const values = valueTable(shape[0], config, name);
  const recipe: Recipe = { config, augment, channels, pixelLimit };
  const broken = new Map<string, string>();

  const read = async (path: string): Promise<Uint8Array> => {
    try {
      return await folder.read(path);
    } catch (error) {
      if (error instanceof DataError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new DataError(`${folder.name}/${path}: cannot be read (${reason})`, { cause: error });
    }
  };
  const decode = async (row: number, key: RowKey | undefined): Promise<Uint8Array> => {
    const path = paths[row];
    return await decoder.prepare(await read(path), `${folder.name}/${path}`, recipe, key);
  };
  /** A row, or the row in its place; nothing where it is broken and none takes its place. */
  const find = async (row: number, key: RowKey | undefined): Promise<[row: number, bytes: Uint8Array] | undefined> => {
    const random = key && rowRandom(key, "replacement");
    for (let attempt = 0, now = row; attempt < replacements; attempt++, now = random!.below(paths.length)) {
      try {
        if (!broken.has(paths[now])) return [now, await decode(now, key)];
      } catch (error) {
        if (!skipBroken || !(error instanceof DataError)) throw error;
        broken.set(paths[now], error.message);
      }
      if (!random) return undefined;
    }
    throw new DataError(`${name}: nearly all pictures are broken, ${broken.size} so far (${[...broken.values()][0]})`);
  };

  return {
    name,
    count: paths.length,
    labels,
    shape,
    broken,
    async gather(rows, total, random) {
      const keys = Array.from(rows, () => random && rowKey(random));
      const found = await Promise.all(Array.from(rows, (row, i) => find(row, keys[i])));
      const { fill, batch } = openBatch(total, shape, values, labels.length > 0);
      found.forEach((one, i) => {
        const key = keys[i];
        if (one) fill(i, one[1], labels[one[0]] ?? 0, key && randomErasure(shape, augment, rowRandom(key, "erasure")));
      });
      return batch;
    },
  };
}
