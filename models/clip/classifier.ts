/**
 * A linear classifier over CLIP's tower of images.
 *
 * @module
 */
import { mean, slice, type Tensor } from "../../engine/mod.ts";
import { clipImageEncoder, clipImagePooled } from "./clip.ts";
import type { ClipConfig } from "./config.ts";
import type { ClipOptions } from "./tower.ts";
import { layersOf, type Params } from "../layers.ts";

/** What the classifier may be told. */
export interface ClipClassifierOptions extends ClipOptions {
  /**
   * What the classifier reads. "patches" (the default): the mean of the patches' hidden states as they leave the last
   * layer, as `CLIPForImageClassification` of Hugging Face does, whose last norm has no part in it. "class": the
   * normalised class token, as Radford et al. 2021 do when they fine-tune or fit a linear probe.
   */
  readonly pool?: "patches" | "class";
}

/**
 * Class logits of images.
 *
 * @param params parameters by checkpoint name: those of `clipClassifierShapes`.
 * @param config the checkpoint's configuration.
 * @param images f32 `[images, channels, height, width]`, normalised as the checkpoint's preprocessor says.
 * @param options what the classifier reads; dropout; what to look at on the way.
 * @returns f32 `[images, num_labels]`.
 * @throws {ShapeError} when the images are of another size than the model's.
 */
export function clipVisionClassifier(
  params: Params,
  config: ClipConfig,
  images: Tensor,
  { pool = "patches", ...options }: ClipClassifierOptions = {},
): Tensor {
  const hidden = clipImageEncoder(params, config, images, options);
  const pooled = pool === "class" ? clipImagePooled(params, config, hidden) : mean(slice(hidden, 1, 1), 1);
  return layersOf(params, "clip", config.vision_config.layer_norm_eps).dense(pooled, "classifier");
}
