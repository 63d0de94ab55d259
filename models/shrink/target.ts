/**
 * What shrinking must know of a kind of model.
 *
 * @module
 */
import { bertConfig } from "../bert/config.ts";
import { CheckpointError } from "../config_file.ts";
import type { SizedConfig } from "../layer_sizes.ts";
import type { Network } from "../network.ts";
import { viTConfig } from "../vit/config.ts";

/** What shrinking must know. */
export interface ShrinkTarget {
  /** Sizes of the model before. */
  readonly sizes: SizedConfig;
  /** Width of a head. */
  readonly headSize: number;
  /** Whether its configuration can have heads of any width, by `head_dim`. */
  readonly ownHeadSize: boolean;
  /** Name of the activation between the matrices of the feed-forward part. */
  readonly activation: string;
}

/**
 * Reads a model's configuration.
 *
 * @throws {CheckpointError} for a model that cannot be shrunk, or a configuration that is not one of it.
 */
export function shrinkTarget({ modelType, config: json, name }: Network): ShrinkTarget {
  const label = `${name}/config.json`;
  if (modelType === "bert") {
    const sizes = bertConfig(json, label);
    const headSize = sizes.hidden_size / sizes.num_attention_heads;
    return { sizes, headSize, ownHeadSize: false, activation: sizes.hidden_act };
  }
  if (modelType === "vit" || modelType === "deit") {
    const sizes = viTConfig(json, label);
    return { sizes, headSize: sizes.head_dim, ownHeadSize: true, activation: sizes.hidden_act };
  }
  throw new CheckpointError(`${name}: models of type ${modelType} cannot be shrunk, only bert, vit and deit`);
}
