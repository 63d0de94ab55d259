/**
 * Images in memory as a split.
 *
 * @module
 */
import { type Augmentation, checkAugmentation, randomErasure } from "./augment.ts";
import { openBatch, rowBytes, rowKey, rowRandom } from "./image_row.ts";
import type { Images, ImageShape } from "./images.ts";
import { preparedShape } from "./prepare.ts";
import { parsePreprocessor, type Preprocessor, valueTable } from "./preprocessor.ts";
import type { Batch, Split } from "./split.ts";

/** A split of images. */
export interface ImageSplit extends Split {
  /** Channels, height and width of the images of a batch. */
  readonly shape: ImageShape;
}

/** What happens to images between memory and batch. */
export interface ImageSplitOptions {
  /**
   * How images are prepared when they are gathered: their pixels stay as they are stored, so that 50,000 images of
   * 32 x 32 need not be kept as images of 224 x 224. Without it they are taken for prepared.
   */
  readonly config?: Preprocessor;
  /** Random changes, made where `gather` is given randomness. */
  readonly augment?: Augmentation;
}

/** Leaves images as they are. */
const unchanged = parsePreprocessor({ do_resize: false, do_rescale: false, do_normalize: false }, "unchanged");

/**
 * Makes a split of images of one shape. A batch has `images` f32 `[rows, channels, height, width]`, zeros where a row is
 * padding, `labels` u32 `[rows]` and `valid` f32 `[rows]`.
 *
 * @param images The images.
 * @param name What to call the split.
 * @param options How images are prepared and changed.
 * @returns The split.
 * @throws {DataError} when the configuration does not fit the images, or the augmentation has impossible numbers.
 */
export function imageSplit(images: Images, name: string, options: ImageSplitOptions = {}): ImageSplit {
  const { config = unchanged, augment = {} } = options;
  checkAugmentation(augment, name);
  const shape = preparedShape(images.shape, config);
  const values = options.config ? valueTable(shape[0], config, name) : images.values;
  const size = images.shape[0] * images.shape[1] * images.shape[2];
  return {
    name,
    count: images.count,
    labels: images.labels,
    shape,
    gather(rows, total, random): Batch {
      const { fill, batch } = openBatch(total, shape, values);
      for (let i = 0; i < rows.length; i++) {
        const row = rows[i];
        const key = random && rowKey(random);
        const planes = images.images.subarray(row * size, (row + 1) * size);
        const bytes = rowBytes(planes, images.shape, config, augment, key);
        fill(i, bytes, images.labels[row], key && randomErasure(shape, augment, rowRandom(key, "erasure")));
      }
      return batch;
    },
  };
}
