/**
 * Classifying images by the names of the classes alone (Radford et al. 2021, section 3.1).
 *
 * @module
 */
import { formatType, mean, reshape, ShapeError, type Tensor } from "../../engine/mod.ts";
import { clipImage, clipLogits, unitLength } from "./clip.ts";
import type { ClipConfig } from "./config.ts";
import type { ClipOptions } from "./tower.ts";
import { DataError } from "../data/error.ts";
import type { Params } from "../layers.ts";

/**
 * Prompts: every class name in every template, all prompts of the first class first.
 *
 * @param names the classes.
 * @param templates texts with `{}` where the name goes; "a photo of a {}." alone by default.
 * @throws {DataError} when there is no name or no template, or a template has no place for a name.
 */
export function clipPrompts(
  names: readonly string[],
  templates: readonly string[] = ["a photo of a {}."],
): readonly string[] {
  const bad = templates.find((template) => !template.includes("{}"));
  if (bad !== undefined) {
    throw new DataError(`template ${JSON.stringify(bad)} has no place for a class name; write {} where it goes`);
  }
  if (names.length === 0 || templates.length === 0) {
    throw new DataError(`prompts of ${names.length} class names and ${templates.length} templates; give at least one`);
  }
  return names.flatMap((name) => templates.map((template) => template.replaceAll("{}", () => name)));
}

/**
 * Embeddings of classes: the mean of the embeddings of each class's prompts, of length 1 again.
 *
 * @param prompts f32 `[classes * templates, projection_dim]`, of `clipText` for {@linkcode clipPrompts}; any number of
 * classes at a time.
 * @param templates prompts of each class.
 * @returns f32 `[classes, projection_dim]`.
 * @throws {ShapeError} when the prompts are not the same number for each class.
 */
export function clipClassEmbeddings(prompts: Tensor, templates: number): Tensor {
  const [count, width] = prompts.shape as [number, number];
  if (prompts.shape.length !== 2 || !(Number.isInteger(templates) && templates > 0 && count % templates === 0)) {
    throw new ShapeError(
      `clipClassEmbeddings: prompts ${formatType(prompts)}, ${templates} for each class; give ` +
        "[classes * templates, projection_dim]",
    );
  }
  return unitLength(mean(reshape(prompts, [count / templates, templates, width]), 1));
}

/**
 * Class logits of images.
 *
 * @param params parameters by checkpoint name; those of the tower of texts need not be among them.
 * @param config the checkpoint's configuration.
 * @param images f32 `[images, channels, height, width]`, normalised as the checkpoint's preprocessor says.
 * @param classes f32 `[classes, projection_dim]`, of {@linkcode clipClassEmbeddings}.
 * @param options dropout; what to look at on the way.
 * @returns f32 `[images, classes]`.
 */
export function clipZeroShot(
  params: Params,
  config: ClipConfig,
  images: Tensor,
  classes: Tensor,
  options: ClipOptions = {},
): Tensor {
  return clipLogits(params, clipImage(params, config, images, options), classes);
}
