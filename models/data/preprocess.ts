/**
 * What a checkpoint expects of its images: `preprocessor_config.json`, as ViTImageProcessor of Hugging Face reads it.
 *
 * @module
 */

import { z } from "zod";
import { validate } from "../validate.ts";
import type { Dataset, ImageShape, Split } from "./dataset.ts";
import { DataError } from "./error.ts";
import { resizeBilinear } from "./resize.ts";

/** How images are prepared, under the names of the file. */
export interface Preprocessor {
  /** Whether images are resized to `size`. */
  readonly do_resize: boolean;
  /** Height and width that the model takes. */
  readonly size: { readonly height: number; readonly width: number };
  /** PIL's number of the filter: 2, bilinear, is the only one here. */
  readonly resample: number;
  /** Whether grey images become three equal channels. */
  readonly do_convert_rgb: boolean;
  /** Whether bytes are multiplied by `rescale_factor`. */
  readonly do_rescale: boolean;
  /** Usually 1/255. */
  readonly rescale_factor: number;
  /** Whether `image_mean` is subtracted and the result divided by `image_std`. */
  readonly do_normalize: boolean;
  /** Per channel, after rescaling; one value serves all channels. */
  readonly image_mean: readonly number[];
  /** Per channel, after rescaling; one value serves all channels. */
  readonly image_std: readonly number[];
}

const side = z.int().positive().max(16384);
const perChannel = (element: z.ZodNumber) =>
  z.union([element.transform((value) => [value]), z.array(element).min(1).max(4)]);
const flag = (value: boolean) => z.boolean().nullish().transform((given) => given ?? value);

const schema = z.object({
  do_resize: flag(true),
  size: z.union(
    [side.transform((value) => ({ height: value, width: value })), z.object({ height: side, width: side })],
    {
      error: "expected a whole number or {height, width}",
    },
  ).default({ height: 224, width: 224 }),
  resample: z.int().default(2),
  do_convert_rgb: flag(false),
  do_rescale: flag(true),
  rescale_factor: z.number().default(1 / 255),
  do_normalize: flag(true),
  image_mean: perChannel(z.number()).default([0.5, 0.5, 0.5]),
  image_std: perChannel(z.number().positive()).default([0.5, 0.5, 0.5]),
}).refine((config) => !config.do_resize || config.resample === 2, {
  path: ["resample"],
  error: "only 2 (bilinear) is known: resize the images beforehand and set do_resize to false",
});

/**
 * Checks a configuration and fills in the defaults of ViTImageProcessor. Fields that it does not know are ignored.
 *
 * @param config The parsed JSON; `{}` for all defaults.
 * @param label Name of the file, for errors.
 * @returns The configuration.
 * @throws {DataError} that lists all faults in one line.
 */
export function parsePreprocessor(config: unknown, label: string): Preprocessor {
  return validate<Preprocessor>(schema, config, (faults) => new DataError(`${label}: ${faults}`));
}

function channel(values: readonly number[], index: number): number {
  return values[values.length === 1 ? 0 : index];
}

/** The number that each byte of each channel becomes, computed in f64 and rounded once. */
function valueTable(channels: number, config: Preprocessor): Float32Array {
  const values = new Float32Array(256 * channels);
  for (let c = 0; c < channels; c++) {
    const mean = channel(config.image_mean, c);
    const std = channel(config.image_std, c);
    for (let byte = 0; byte < 256; byte++) {
      const value = config.do_rescale ? byte * config.rescale_factor : byte;
      values[256 * c + byte] = config.do_normalize ? (value - mean) / std : value;
    }
  }
  return values;
}

function greyToRgb(images: Uint8Array, count: number): Uint8Array {
  const size = images.length / count;
  const out = new Uint8Array(images.length * 3);
  for (let i = 0; i < count; i++) {
    const image = images.subarray(i * size, (i + 1) * size);
    for (let c = 0; c < 3; c++) out.set(image, (3 * i + c) * size);
  }
  return out;
}

/**
 * Prepares a split: resizes now, where the size differs, and leaves the arithmetic to the table of values.
 *
 * @param split The split; it is not changed.
 * @param config The configuration.
 * @param label Name of the data, for errors.
 * @returns The prepared split; it shares pixels and labels with `split` where they stay as they are.
 * @throws {DataError} when the number of channels does not fit `image_mean` or `image_std`.
 */
export function preprocessSplit(split: Split, config: Preprocessor, label: string): Split {
  let { images, shape: [channels, height, width] } = split;
  if (config.do_convert_rgb && channels === 1) {
    images = greyToRgb(images, split.count);
    channels = 3;
  }
  for (const key of ["image_mean", "image_std"] as const) {
    const given = config[key].length;
    if (config.do_normalize && given !== 1 && given !== channels) {
      throw new DataError(
        `${label}: images have ${channels} channels, but ${key} has ${given} values; ` +
          (channels === 1 ? "set do_convert_rgb for a model of colour images" : "use a model of such images"),
      );
    }
  }
  const { size } = config;
  if (config.do_resize && (size.height !== height || size.width !== width)) {
    images = resizeBilinear(images, [height, width], [size.height, size.width]);
    ({ height, width } = size);
  }
  const shape: ImageShape = [channels, height, width];
  return { images, labels: split.labels, count: split.count, shape, values: valueTable(channels, config) };
}

/**
 * Prepares both splits of a data set.
 *
 * @param dataset The data set; it is not changed.
 * @param config The configuration.
 * @returns The prepared data set.
 * @throws {DataError} as {@linkcode preprocessSplit}.
 */
export function preprocess(dataset: Dataset, config: Preprocessor): Dataset {
  const { name, classes, train, test } = dataset;
  return {
    name,
    classes,
    train: preprocessSplit(train, config, `${name} (training)`),
    test: preprocessSplit(test, config, `${name} (test)`),
  };
}
