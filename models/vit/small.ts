/**
 * The small ViT that is trained from scratch where no checkpoint is given: what its `config.json` and
 * `preprocessor_config.json` would say, so that a fresh model takes the same way as a loaded one and can be saved as one.
 *
 * @module
 */

import type { ImageShape } from "../data/images.ts";

/** The two files of a fresh model, as JSON. */
export interface FreshModel {
  /** For `viTConfig`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** For `parsePreprocessor`. */
  readonly preprocessor: Readonly<Record<string, unknown>>;
}

/**
 * A ViT of 3 layers of width 48 for the images of a data set: 55,296 prunable weights, which on the built-in digits
 * reach 96 % in 400 steps of 64 images.
 *
 * @param shape Shape of the images: square, with a side that is a multiple of 4.
 * @param classes Number of classes.
 * @returns The configuration.
 */
export function smallViT([channels, size]: ImageShape, classes: number): FreshModel {
  return {
    config: {
      architectures: ["ViTForImageClassification"],
      model_type: "vit",
      hidden_size: 48,
      num_hidden_layers: 3,
      num_attention_heads: 4,
      intermediate_size: 96,
      hidden_act: "gelu",
      qkv_bias: true,
      layer_norm_eps: 1e-6,
      initializer_range: 0.14,
      image_size: size,
      patch_size: 4,
      num_channels: channels,
      num_labels: classes,
      hidden_dropout_prob: 0,
      attention_probs_dropout_prob: 0,
      id2label: Object.fromEntries(Array.from({ length: classes }, (_, label) => [`${label}`, `${label}`])),
      label2id: Object.fromEntries(Array.from({ length: classes }, (_, label) => [`${label}`, label])),
    },
    preprocessor: {
      image_processor_type: "ViTImageProcessor",
      do_resize: true,
      size: { height: size, width: size },
      resample: 2,
      do_rescale: true,
      rescale_factor: 1 / 255,
      do_normalize: true,
      image_mean: [0.25],
      image_std: [0.25],
    },
  };
}
