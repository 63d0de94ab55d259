/**
 * What a checkpoint expects of its images: `preprocessor_config.json`, as ViTImageProcessor, DeiTImageProcessor,
 * CLIPImageProcessor and their older names, such as ViTFeatureExtractor, read it.
 *
 * @module
 */
import { z } from "zod";
import { validate } from "../validate.ts";
import { DataError } from "./error.ts";
import { filters } from "./resize.ts";

/** The size that pictures are resized to: exactly, or by their shorter edge, which keeps their proportions. */
export type ResizeSize =
  | { readonly height: number; readonly width: number }
  | { readonly shortest_edge: number };

/** How images are prepared, under the names of the file and in the order in which they act. */
export interface Preprocessor {
  /** Whether images of one channel become three equal ones. Files of pictures are always read as colour. */
  readonly do_convert_rgb: boolean;
  /** Whether images are resized to `size`. */
  readonly do_resize: boolean;
  /** The size to resize to. */
  readonly size: ResizeSize;
  /** PIL's number of the filter: 0 nearest, 2 bilinear, 3 bicubic. */
  readonly resample: number;
  /** Whether the middle of `crop_size` is taken; what lies outside the image is black. */
  readonly do_center_crop: boolean;
  /** Height and width of the middle. */
  readonly crop_size: { readonly height: number; readonly width: number };
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
const sides = z.strictObject({ height: side, width: side });
const pair = z.tuple([side, side]).transform(([height, width]) => ({ height, width }));
const square = side.transform((value) => ({ height: value, width: value }));
const perChannel = (element: z.ZodNumber) =>
  z.union([element.transform((value) => [value]), z.array(element).min(1).max(4)]);
const given = <T extends z.ZodType>(type: T, value: z.output<T>) => type.nullish().transform((found) => found ?? value);

/** The defaults of a processor: those of transformers 5. */
interface Defaults {
  /** Whether a size of one number is that of both sides, or of the shorter one. */
  readonly square: boolean;
  readonly size: ResizeSize;
  readonly resample: number;
  readonly crop: boolean;
  readonly rgb: boolean;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

const vit: Defaults = {
  square: true,
  size: { height: 224, width: 224 },
  resample: 2,
  crop: false,
  rgb: false,
  mean: [0.5, 0.5, 0.5],
  std: [0.5, 0.5, 0.5],
};

const processors: Readonly<Record<string, Defaults>> = {
  ViT: vit,
  DeiT: { ...vit, size: { height: 256, width: 256 }, resample: 3, crop: true },
  CLIP: {
    square: false,
    size: { shortest_edge: 224 },
    resample: 3,
    crop: true,
    rgb: true,
    mean: [0.48145466, 0.4578275, 0.40821073],
    std: [0.26862954, 0.26130258, 0.27577711],
  },
};

const schemaOf = (defaults: Defaults) => {
  const number = defaults.square ? square : side.transform((value) => ({ shortest_edge: value }));
  const size = z.union([number, pair, sides, z.strictObject({ shortest_edge: side })], {
    error: "expected a whole number, {height, width} or {shortest_edge}",
  });
  const crop = z.union([square, pair, sides], { error: "expected a whole number or {height, width}" });
  return z.object({
    do_convert_rgb: given(z.boolean(), defaults.rgb),
    do_resize: given(z.boolean(), true),
    size: given(size, defaults.size),
    resample: given(z.int(), defaults.resample),
    do_center_crop: given(z.boolean(), defaults.crop),
    crop_size: given(crop, { height: 224, width: 224 }),
    do_rescale: given(z.boolean(), true),
    rescale_factor: given(z.number(), 1 / 255),
    do_normalize: given(z.boolean(), true),
    image_mean: given(perChannel(z.number()), [...defaults.mean]),
    image_std: given(perChannel(z.number().positive()), [...defaults.std]),
  }).refine((config) => !config.do_resize || filters[config.resample] !== undefined, {
    path: ["resample"],
    error: "only 0 (nearest), 2 (bilinear) and 3 (bicubic) are known: resize the images beforehand and set do_resize " +
      "to false",
  });
};

/** The processor that a configuration names; ViT's where it names none. */
function defaultsOf(config: unknown, label: string): Defaults {
  const { image_processor_type, feature_extractor_type } = (config ?? {}) as Record<string, unknown>;
  const type = image_processor_type ?? feature_extractor_type;
  if (type === undefined || type === null) return vit;
  const name = /^(\w+?)(?:ImageProcessor(?:Fast|Pil)?|FeatureExtractor)$/.exec(String(type))?.[1] ?? "";
  if (!Object.hasOwn(processors, name)) {
    const known = Object.keys(processors).map((key) => `${key}ImageProcessor`).join(", ");
    throw new DataError(
      `${label}: image_processor_type ${JSON.stringify(type)} is not known, only ${known}; ` +
        "use a checkpoint with one of them",
    );
  }
  return processors[name];
}

/**
 * Checks a configuration and fills in the defaults of the processor that it names. Fields that it does not know are
 * ignored.
 *
 * @param config The parsed JSON; `{}` for all defaults of ViTImageProcessor.
 * @param label Name of the file, for errors.
 * @returns The configuration.
 * @throws {DataError} that lists all faults in one line.
 */
export function parsePreprocessor(config: unknown, label: string): Preprocessor {
  const schema = schemaOf(defaultsOf(config, label));
  return validate<Preprocessor>(schema, config, (faults) => new DataError(`${label}: ${faults}`));
}

/** The value of a channel: one value serves all. */
function channel(values: readonly number[], index: number): number {
  return values[values.length === 1 ? 0 : index];
}

/**
 * The number that each byte of each channel becomes, computed in f64 and rounded once.
 *
 * @param channels Number of channels.
 * @param config The configuration.
 * @param label Name of the data, for errors.
 * @returns What byte `b` of channel `c` becomes: element `256 c + b`.
 * @throws {DataError} when the number of channels does not fit `image_mean` or `image_std`.
 */
export function valueTable(channels: number, config: Preprocessor, label: string): Float32Array {
  for (const key of ["image_mean", "image_std"] as const) {
    const count = config[key].length;
    if (config.do_normalize && count !== 1 && count !== channels) {
      throw new DataError(
        `${label}: images have ${channels} channels, but ${key} has ${count} values; ` +
          (channels === 1 ? "set do_convert_rgb for a model of colour images" : "use a model of such images"),
      );
    }
  }
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
