/**
 * Data sets in memory as a checkpoint expects them.
 *
 * @module
 */
import { DataError } from "./error.ts";
import type { Images, ImageSet } from "./images.ts";
import { prepare, preparedShape } from "./prepare.ts";
import { type Preprocessor, valueTable } from "./preprocessor.ts";

export { parsePreprocessor, type Preprocessor, type ResizeSize } from "./preprocessor.ts";

/**
 * Prepares images now, all of them, which suits small ones: of images that grow much, the pixels may not fit the
 * memory, and `imageSplit` prepares them when they are gathered.
 *
 * @param images The images; they are not changed.
 * @param config The configuration.
 * @param label Name of the data, for errors.
 * @returns The prepared images; they share pixels and labels with `images` where they stay as they are.
 * @throws {DataError} when the number of channels does not fit `image_mean` or `image_std`, or the pixels would take
 *   more than 2 GiB.
 */
export function preprocessImages(images: Images, config: Preprocessor, label: string): Images {
  const { count, labels } = images;
  const shape = preparedShape(images.shape, config);
  const values = valueTable(shape[0], config, label);
  const size = shape[0] * shape[1] * shape[2];
  const before = images.images.length / count;
  const one = (i: number) => prepare(images.images.subarray(i * before, (i + 1) * before), images.shape, config);
  if (shape.join() === images.shape.join() && !config.do_resize && !config.do_center_crop) {
    return { images: images.images, labels, count, shape, values };
  }
  if (count * size > 2 ** 31) {
    throw new DataError(
      `${label}: ${count} images of ${shape.join(" x ")} take more than 2 GiB; gather them as they are needed`,
    );
  }
  if (before === size && one(0).buffer === images.images.buffer) {
    return { images: images.images, labels, count, shape, values };
  }
  const pixels = new Uint8Array(count * size);
  for (let i = 0; i < count; i++) pixels.set(one(i), i * size);
  return { images: pixels, labels, count, shape, values };
}

/**
 * Prepares both parts of a data set.
 *
 * @param dataset The data set; it is not changed.
 * @param config The configuration.
 * @returns The prepared data set.
 * @throws {DataError} as {@linkcode preprocessImages}.
 */
export function preprocess(dataset: ImageSet, config: Preprocessor): ImageSet {
  const { name, classes, train, test } = dataset;
  return {
    name,
    classes,
    train: preprocessImages(train, config, `${name} (training)`),
    test: preprocessImages(test, config, `${name} (test)`),
  };
}
