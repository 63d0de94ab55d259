/**
 * Pixels as a checkpoint expects them: colour, resized, cropped. They stay bytes.
 *
 * @module
 */
import { DataError } from "./error.ts";
import type { ImageShape } from "./images.ts";
import type { Preprocessor } from "./preprocessor.ts";
import { filters, type PlaneSize, resize } from "./resize.ts";

/**
 * The part of an image that is shown, in its own pixels. It may reach beyond the image: what lies there is black.
 */
export interface Box {
  /** First row. */
  readonly top: number;
  /** First column. */
  readonly left: number;
  /** Rows. */
  readonly height: number;
  /** Columns. */
  readonly width: number;
}

/**
 * Cuts a box out of planes.
 *
 * @param planes The planes.
 * @param from Their height and width.
 * @param box What to cut out.
 * @returns The planes of the box; `planes` itself where the box is all of it.
 */
export function crop(planes: Uint8Array, [height, width]: PlaneSize, box: Box): Uint8Array {
  if (box.top === 0 && box.left === 0 && box.height === height && box.width === width) return planes;
  const count = planes.length / (height * width);
  const out = new Uint8Array(count * box.height * box.width);
  const left = Math.max(0, box.left);
  const right = Math.min(width, box.left + box.width);
  if (right <= left) return out;
  for (let c = 0; c < count; c++) {
    for (let y = Math.max(0, -box.top); y < box.height && box.top + y < height; y++) {
      const from = (c * height + box.top + y) * width;
      out.set(planes.subarray(from + left, from + right), (c * box.height + y) * box.width + left - box.left);
    }
  }
  return out;
}

/** Most pixels to resize to before cropping: of a thin strip, the longer edge grows out of all proportion. */
const mostPixels = 2 ** 27;

/** The size after resizing. The longer side is rounded down, as Hugging Face and torchvision do it. */
function resizedSize([height, width]: PlaneSize, config: Preprocessor): PlaneSize {
  if (!config.do_resize) return [height, width];
  const { size } = config;
  if ("height" in size) return [size.height, size.width];
  const short = size.shortest_edge;
  return width <= height ? [Math.floor(short * height / width), short] : [short, Math.floor(short * width / height)];
}

/** The one size that all images come out in, whatever they are; nothing where it depends on the image. */
export function fixedSize(config: Preprocessor): PlaneSize | undefined {
  if (config.do_center_crop) return [config.crop_size.height, config.crop_size.width];
  return config.do_resize && "height" in config.size ? [config.size.height, config.size.width] : undefined;
}

/**
 * The shape in which an image comes out.
 *
 * @param shape Its shape now.
 * @param config The configuration.
 * @returns The shape.
 */
export function preparedShape([channels, height, width]: ImageShape, config: Preprocessor): ImageShape {
  const [h, w] = fixedSize(config) ?? resizedSize([height, width], config);
  return [config.do_convert_rgb && channels === 1 ? 3 : channels, h, w];
}

/** Takes the middle. Where the image is smaller, the odd row or column of black goes before it, as in Hugging Face. */
function middle([height, width]: PlaneSize, { crop_size: size }: Preprocessor): Box {
  return {
    top: Math.floor((height - size.height) / 2),
    left: Math.floor((width - size.width) / 2),
    height: size.height,
    width: size.width,
  };
}

/**
 * Prepares one image.
 *
 * @param planes Its pixels, channel by channel and row by row.
 * @param shape Its shape.
 * @param config The configuration.
 * @param box The part of the image to take instead of its middle: it is cut out, then resized to the final size.
 * @returns The pixels in the shape of {@linkcode preparedShape}; `planes` itself where nothing changes.
 * @throws {DataError} when resizing by the shorter edge would make more than 134 million pixels.
 */
export function prepare(planes: Uint8Array, shape: ImageShape, config: Preprocessor, box?: Box): Uint8Array {
  const from: PlaneSize = [shape[1], shape[2]];
  const filter = filters[config.resample];
  let out: Uint8Array;
  if (box) {
    const [, height, width] = preparedShape(shape, config);
    out = resize(crop(planes, from, box), [box.height, box.width], [height, width], filter);
  } else {
    const size = resizedSize(from, config);
    if (size[0] * size[1] > mostPixels) {
      throw new DataError(
        `${from.join(" x ")} pixels become ${size.join(" x ")} by the shorter edge; crop the picture`,
      );
    }
    out = config.do_resize ? resize(planes, from, size, filter) : planes;
    if (config.do_center_crop) out = crop(out, size, middle(size, config));
  }
  if (!config.do_convert_rgb || shape[0] !== 1) return out;
  const colour = new Uint8Array(3 * out.length);
  for (let c = 0; c < 3; c++) colour.set(out, c * out.length);
  return colour;
}
