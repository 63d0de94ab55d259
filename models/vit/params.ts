/**
 * From the tensors of a checkpoint of ViT or DeiT, whichever class of Hugging Face wrote them, to the parameters of a
 * classifier.
 *
 * @module
 */
import type { HostTensor } from "../../engine/mod.ts";
import { type ViTConfig, viTHeads, viTShapes, viTSpecialTokens } from "./config.ts";
import { fitParams, type FittedParams } from "../fit.ts";
import { drawViT } from "./init.ts";

/**
 * Takes the parameters of a classifier out of a checkpoint.
 *
 * Names without the prefix `vit.` or `deit.`, as those of `ViTModel`, get it. Position embeddings of another number of
 * patches are stretched, so a configuration with another `image_size` fine-tunes at that resolution. A classifier that
 * the checkpoint lacks, or that is for another number of labels, is drawn from the seed. The pooler, the heads of other
 * classes and what masked images are trained with are left out. Anything else that does not fit is an error.
 *
 * The tensors are the checkpoint's, not copies, in the checkpoint's order.
 *
 * @param params The checkpoint's tensors.
 * @param config Its configuration, with the number of labels and the image size that are wanted.
 * @param label Name of the checkpoint, for errors and notes.
 * @param seed Seed of what is new, a whole number from 0 to 2^53 - 1. A new parameter is that of `initViT`.
 * @throws {CheckpointError} when parameters of the encoder are missing or have other shapes, or are there twice, or
 * there are some that no such model has.
 * @throws {RangeError} for another seed.
 */
export function viTParams(
  params: Readonly<Record<string, HostTensor>>,
  config: ViTConfig,
  label: string,
  seed = 0,
): Promise<FittedParams> {
  const model = config.model_type;
  return fitParams(params, {
    shapes: viTShapes(config),
    rename: (name) => /^(embeddings|encoder|layernorm|pooler)\./.test(name) ? `${model}.${name}` : name,
    unused: new RegExp(
      `^${model}\\.(pooler\\.dense\\.(weight|bias)|embeddings\\.mask_token)$|` +
        "^((cls_|distillation_)?classifier|decoder\\.0)\\.(weight|bias)$",
    ),
    positions: {
      name: `${model}.embeddings.position_embeddings`,
      special: viTSpecialTokens(config),
      imageSize: config.image_size,
      patchSize: config.patch_size,
    },
    heads: viTHeads(config),
    draw: (wanted) => drawViT(config, seed, wanted),
    seed,
    label,
  });
}
