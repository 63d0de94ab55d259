/**
 * Data sets of labelled images. Pixels stay bytes; a batch turns them into numbers through a table of 256 values per
 * channel, so that 60,000 images take 47 MB and normalising costs a lookup.
 *
 * @module
 */

import { DataError } from "./error.ts";

/** Channels, height and width of an image. */
export type ImageShape = readonly [channels: number, height: number, width: number];

/** One part of a data set. */
export interface Images {
  /** Pixels, image by image, each channel by channel and row by row. */
  readonly images: Uint8Array;
  /** Class of each image. */
  readonly labels: Uint32Array;
  /** Number of images. */
  readonly count: number;
  /** Channels, height and width. */
  readonly shape: ImageShape;
  /** What byte `b` of channel `c` means: element `256 c + b`. */
  readonly values: Float32Array;
}

/** Images with their classes, for training and for testing. */
export interface ImageSet {
  /** Name, as on the command line. */
  readonly name: string;
  /** Number of classes; labels are less. */
  readonly classes: number;
  /** What models learn from. */
  readonly train: Images;
  /** What models are judged by. */
  readonly test: Images;
}

/**
 * Makes images whose pixels mean `byte / 255` until a preprocessing says otherwise.
 *
 * @param images Pixels, image by image.
 * @param labels Class of each image.
 * @param shape Channels, height and width.
 * @param label Name of the data, for errors.
 * @returns The images.
 * @throws {DataError} when there is no image, or images and labels differ in number.
 */
export function makeImages(images: Uint8Array, labels: Uint32Array, shape: ImageShape, label: string): Images {
  const count = labels.length;
  const pixels = shape[0] * shape[1] * shape[2];
  if (count === 0 || pixels === 0) throw new DataError(`${label}: there are no images; use a file that has some`);
  if (images.length !== count * pixels) {
    throw new DataError(
      `${label}: ${images.length / pixels} images of ${
        shape.join(" x ")
      } for ${count} labels; use files of one data set`,
    );
  }
  const values = Float32Array.from({ length: 256 * shape[0] }, (_, i) => (i % 256) / 255);
  return { images, labels, count, shape, values };
}
