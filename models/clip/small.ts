/**
 * The small CLIP that is trained from scratch where no checkpoint is given: what its `config.json` and
 * `preprocessor_config.json` would say, so that a fresh model takes the same way as a loaded one and can be saved as one.
 *
 * @module
 */
import { captionTokens, captionVocabulary } from "./captions.ts";
import type { ImageShape } from "../data/images.ts";
import type { FreshModel } from "../vit/small.ts";

/**
 * A CLIP with two towers of 2 layers of width 48 for the images of a data set and the captions of `digitCaptions`:
 * 73,728 prunable weights, half of them in either tower.
 *
 * @param shape Shape of the images: square, with a side that is a multiple of 4.
 * @param classes Number of classes, for a classifier over the tower of images.
 * @returns The configuration, for `clipConfig`.
 */
export function smallClip([channels, size]: ImageShape, classes: number): FreshModel {
  const tower = {
    hidden_size: 48,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    intermediate_size: 96,
    hidden_act: "quick_gelu",
    layer_norm_eps: 1e-5,
    attention_dropout: 0,
    initializer_range: 0.02,
    initializer_factor: 1,
  };
  return {
    config: {
      architectures: ["CLIPModel"],
      model_type: "clip",
      projection_dim: 32,
      logit_scale_init_value: 2.6592,
      initializer_factor: 1,
      text_config: {
        ...tower,
        model_type: "clip_text_model",
        vocab_size: captionVocabulary.length,
        max_position_embeddings: captionTokens,
        pad_token_id: 0,
        bos_token_id: 1,
        eos_token_id: captionVocabulary.length - 1,
      },
      vision_config: {
        ...tower,
        model_type: "clip_vision_model",
        image_size: size,
        patch_size: 4,
        num_channels: channels,
      },
      id2label: Object.fromEntries(Array.from({ length: classes }, (_, label) => [`${label}`, `${label}`])),
      label2id: Object.fromEntries(Array.from({ length: classes }, (_, label) => [`${label}`, label])),
    },
    preprocessor: {
      image_processor_type: "CLIPImageProcessor",
      do_resize: true,
      size: { height: size, width: size },
      resample: 3,
      do_convert_rgb: false,
      do_center_crop: false,
      do_rescale: true,
      rescale_factor: 1 / 255,
      do_normalize: true,
      image_mean: Array.from({ length: channels }, () => 0.25),
      image_std: Array.from({ length: channels }, () => 0.25),
    },
  };
}
