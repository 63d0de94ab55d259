/** Small models of every kind as checkpoints, and their outputs. */

import { type HostTensor, hostTensor, literal, openDevice, type Tensor } from "../../../engine/mod.ts";
import { bertConfig } from "../../../models/bert/config.ts";
import { bertShapes } from "../../../models/bert/names.ts";
import { clipConfig } from "../../../models/clip/config.ts";
import { clipClassifierShapes } from "../../../models/clip/names.ts";
import type { Network } from "../../../models/network.ts";
import { viTConfig, viTShapes } from "../../../models/vit/config.ts";
import { uniformArray } from "../../support/values.ts";

export type Json = Readonly<Record<string, unknown>>;
export type Named = Readonly<Record<string, HostTensor>>;

export const bert: Json = {
  architectures: ["BertForSequenceClassification"],
  model_type: "bert",
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 12,
  vocab_size: 20,
  max_position_embeddings: 6,
  initializer_range: 0.5,
  extra: "kept",
};
export const vit: Json = {
  architectures: ["ViTForImageClassification"],
  model_type: "vit",
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 12,
  image_size: 8,
  patch_size: 4,
  num_channels: 1,
  initializer_range: 0.5,
  extra: "kept",
};
export const clip: Json = {
  architectures: ["CLIPForImageClassification"],
  model_type: "clip",
  projection_dim: 6,
  text_config: { hidden_size: 8, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 12 },
  vision_config: {
    hidden_size: 8,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    intermediate_size: 12,
    image_size: 8,
    patch_size: 4,
    num_channels: 1,
  },
  extra: "kept",
};
/** Names of classes as `config.json` has them. */
export const named = (labels: readonly string[]): Json => ({ id2label: Object.fromEntries(labels.entries()) });
/** A checkpoint called "c". */
export function checkpoint(
  config: Json,
  params: Named = {},
): { name: string; config: Json; params: Record<string, HostTensor> } {
  return { name: "c", config, params };
}

/** A trained classifier: every parameter is random, biases too. */
export function trained(
  config: Json,
  head: "classification" | "regression" = "classification",
): ReturnType<typeof checkpoint> {
  const shapes = config.model_type === "bert"
    ? bertShapes(bertConfig(config, "c"), head)
    : config.model_type === "clip"
    ? clipClassifierShapes(clipConfig(config, "c"))
    : viTShapes(viTConfig(config, "c"));
  const params = Object.entries(shapes).map(([name, shape], seed): [string, HostTensor] => {
    const size = shape.reduce((a, b) => a * b, 1);
    return [name, hostTensor(Float32Array.from(uniformArray(size, seed + 1, -0.5, 0.5)), shape)];
  });
  return checkpoint(config, Object.fromEntries(params));
}

const ids = Uint32Array.of(2, 7, 9, 3, 0, 0, 2, 11, 3, 14, 19, 3);
const mask = Uint32Array.of(1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1);
const typeIds = Uint32Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1);
const images = Float32Array.from(uniformArray(2 * 64, 5, -1, 1));

/** Outputs of a model on two texts or pictures, with its own parameters. */
export async function run(network: Network): Promise<Record<string, HostTensor>> {
  using device = await openDevice("cpu");
  return await device.read(() => {
    const params = Object.fromEntries(
      Object.entries(network.params).map(([name, { data, shape }]): [string, Tensor] => [
        name,
        literal(data as Float32Array, shape),
      ]),
    );
    const batch: Record<string, Tensor> = network.modality === "text"
      ? { ids: literal(ids, [2, 6]), mask: literal(mask, [2, 6]), typeIds: literal(typeIds, [2, 6]) }
      : { images: literal(images, [2, 1, 8, 8]) };
    return network.outputs(params, batch) as Record<string, Tensor>;
  }) as unknown as Record<string, HostTensor>;
}
/** Logits of the two, row by row. */
export const logitsOf = async (network: Network): Promise<number[]> => Array.from((await run(network)).logits!.data);
