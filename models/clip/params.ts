/**
 * From the tensors of a CLIP checkpoint, whichever class of Hugging Face wrote them, to the parameters of one class.
 *
 * @module
 */
import type { HostTensor } from "../../engine/mod.ts";
import type { ClipConfig } from "./config.ts";
import { initClipClassifier } from "./init.ts";
import { clipClassifierShapes, clipShapes } from "./names.ts";
import { type Fit, fitParams, type FittedParams } from "../fit.ts";

const buffers = "^(text|vision)_model\\.embeddings\\.position_ids$";

/**
 * Takes the parameters of a whole CLIP (`CLIPModel`) out of a checkpoint.
 *
 * Position embeddings of images of another size are stretched to that of the configuration. Stored position ids and a
 * classifier are left out. Anything else that does not fit is an error.
 *
 * The tensors are the checkpoint's, not copies, in the checkpoint's order.
 *
 * @param params The checkpoint's tensors.
 * @param config Its configuration, with the image size that is wanted.
 * @param label Name of the checkpoint, for errors and notes.
 * @throws {CheckpointError} when parameters are missing, surplus or of other shapes.
 */
export function clipParams(
  params: Readonly<Record<string, HostTensor>>,
  config: ClipConfig,
  label: string,
): Promise<FittedParams> {
  return fitParams(params, {
    shapes: clipShapes(config),
    rename: (name) => name,
    unused: new RegExp(`${buffers}|^classifier\\.(weight|bias)$`),
    positions: imagePositions(config),
    heads: [],
    draw: () => Promise.resolve({}),
    seed: 0,
    label,
  });
}

/**
 * Takes the parameters of a classifier over the tower of images (`CLIPForImageClassification`) out of a checkpoint of
 * that class, of a whole CLIP, or of the tower alone, whose names may lack the prefix `vision_model.`.
 *
 * Position embeddings of images of another size are stretched to that of the configuration. A classifier that the
 * checkpoint lacks, or that is for another number of labels, is drawn from the seed. The tower of texts, projections and
 * temperature are left out. Anything else that does not fit is an error.
 *
 * The tensors are the checkpoint's, not copies, in the checkpoint's order.
 *
 * @param params The checkpoint's tensors.
 * @param config Its configuration, with the number of labels and the image size that are wanted.
 * @param label Name of the checkpoint, for errors and notes.
 * @param seed Seed of what is new, a whole number from 0 to 2^53 - 1. A new parameter is that of `initClipClassifier`.
 * @throws {CheckpointError} when parameters of the tower are missing, surplus or of other shapes.
 * @throws {RangeError} for another seed.
 */
export function clipClassifierParams(
  params: Readonly<Record<string, HostTensor>>,
  config: ClipConfig,
  label: string,
  seed = 0,
): Promise<FittedParams> {
  return fitParams(params, {
    shapes: clipClassifierShapes(config),
    rename: (name) => /^(embeddings|pre_layrnorm|encoder|post_layernorm)\./.test(name) ? `vision_model.${name}` : name,
    unused: new RegExp(`${buffers}|^text_model\\.|^(text|visual)_projection\\.weight$|^logit_scale$`),
    positions: imagePositions(config),
    heads: ["classifier"],
    draw: (wanted) => initClipClassifier(config, seed, wanted),
    seed,
    label,
  });
}

function imagePositions({ vision_config: { image_size, patch_size } }: ClipConfig): Fit["positions"] {
  return {
    name: "vision_model.embeddings.position_embedding.weight",
    special: 1,
    imageSize: image_size,
    patchSize: patch_size,
  };
}
