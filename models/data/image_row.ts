/**
 * One image as a row of a batch: looked at in a random way where that is asked for, then prepared for the model.
 *
 * @module
 */
import { type Augmentation, mirror, randomView } from "./augment.ts";
import type { ImageShape } from "./images.ts";
import { type Box, crop, prepare, preparedShape } from "./prepare.ts";
import type { Preprocessor } from "./preprocessor.ts";
import { type Rng, rng } from "./rng.ts";
import type { Batch } from "./split.ts";

/** Key of the randomness of one row: rows do not depend on the order in which they are made. */
export type RowKey = readonly [number, number];

/** Uses of a row's randomness, each a stream of its own. */
const streams = { view: 0, erasure: 1, replacement: 2 } as const;

/** Draws the key of a row. */
export function rowKey(random: Rng): RowKey {
  return [random.bits(), random.bits()];
}

/** Opens a row's stream for one use of it. */
export function rowRandom(key: RowKey, use: keyof typeof streams): Rng {
  return rng(key[0], key[1], streams[use]);
}

/**
 * Makes the bytes of a row.
 *
 * @param planes Pixels of the image as it is stored.
 * @param shape Shape of the image.
 * @param config How images are prepared.
 * @param augment Random changes.
 * @param key Their randomness; without it there are none.
 * @returns The bytes in the shape that the model takes; `planes` itself where nothing changes.
 * @throws {DataError} as {@linkcode prepare}.
 */
export function rowBytes(
  planes: Uint8Array,
  shape: ImageShape,
  config: Preprocessor,
  augment: Augmentation,
  key: RowKey | undefined,
): Uint8Array {
  if (!key) return prepare(planes, shape, config);
  const { moved, box, flipped } = randomView(shape, augment, rowRandom(key, "view"));
  const stored = moved ? crop(planes, [shape[1], shape[2]], moved) : planes;
  const bytes = prepare(stored, shape, config, box);
  return flipped ? mirror(bytes, preparedShape(shape, config)[2]) : bytes;
}

/** A batch of images while its rows are filled in. */
export interface ImageBatch {
  /**
   * Fills in a row.
   *
   * @param row Its number in the batch.
   * @param bytes Its pixels.
   * @param label Its class.
   * @param erased A box that is set to 0 in all channels.
   */
  fill(row: number, bytes: Uint8Array, label: number, erased?: Box): void;
  /** The tensors: `images` f32 `[rows, channels, height, width]`, `labels` u32 `[rows]` and `valid` f32 `[rows]`. */
  readonly batch: Batch;
}

/**
 * Opens a batch of images, whose rows are padding until they are filled in.
 *
 * @param size Rows.
 * @param shape Shape of an image.
 * @param values What byte `b` of channel `c` means: element `256 c + b`.
 * @param labelled Whether the batch has labels.
 * @returns The batch.
 */
export function openBatch(size: number, shape: ImageShape, values: Float32Array, labelled = true): ImageBatch {
  const [channels, height, width] = shape;
  const area = height * width;
  const pixels = new Float32Array(size * channels * area);
  const labels = new Uint32Array(size);
  const valid = new Float32Array(size);
  return {
    fill(row, bytes, label, erased) {
      const start = row * channels * area;
      for (let c = 0, from = 0; c < channels; c++) {
        const base = 256 * c;
        for (const end = from + area; from < end; from++) pixels[start + from] = values[base + bytes[from]];
        for (let y = 0; erased && y < erased.height; y++) {
          const first = start + c * area + (erased.top + y) * width + erased.left;
          pixels.fill(0, first, first + erased.width);
        }
      }
      labels[row] = label;
      valid[row] = 1;
    },
    batch: {
      images: { shape: [size, ...shape], dtype: "f32", data: pixels },
      ...(labelled ? { labels: { shape: [size], dtype: "u32", data: labels } } : {}),
      valid: { shape: [size], dtype: "f32", data: valid },
    },
  };
}
