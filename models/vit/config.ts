/**
 * Configuration of ViT and DeiT, and the parameters that follow from it under the names that Hugging Face's classes give
 * them.
 *
 * @module
 */
import { z } from "zod";
import { checkModelType, CheckpointError } from "../checkpoint.ts";
import { activationName, positive, rate } from "../config.ts";
import { checkLayerSizes, headsOf, type LayerSizesConfig, layerSizesFields, neuronsOf } from "../layer_sizes.ts";
import { shapeList } from "../layers.ts";
import { validate } from "../validate.ts";

/** What the model needs of `config.json`. */
export interface ViTConfig extends LayerSizesConfig {
  /** "deit" has a second token beside that of the class. It is also the prefix of the parameters' names. */
  readonly model_type: "vit" | "deit";
  /** Width of a token. */
  readonly hidden_size: number;
  /** Encoder layers. */
  readonly num_hidden_layers: number;
  /** Heads of each layer, those that were removed included. */
  readonly num_attention_heads: number;
  /** Width of a head; hidden_size / num_attention_heads when absent. */
  readonly head_dim: number;
  /** Width inside of the feed-forward part, where no layer has its own. */
  readonly intermediate_size: number;
  /** Activation of the feed-forward part, by its name in checkpoints. */
  readonly hidden_act: string;
  /** Whether query, key and value have biases. */
  readonly qkv_bias: boolean;
  /** Rate of dropout after embeddings, attention and feed-forward part, while training. */
  readonly hidden_dropout_prob: number;
  /** Rate of dropout of attention weights, while training. */
  readonly attention_probs_dropout_prob: number;
  /** Added to the variance in norms. */
  readonly layer_norm_eps: number;
  /** Standard deviation of fresh weights. */
  readonly initializer_range: number;
  /** Height and width of an image in pixels. */
  readonly image_size: number;
  /** Height and width of a patch in pixels. */
  readonly patch_size: number;
  /** Channels of an image. */
  readonly num_channels: number;
  /** Classes. */
  readonly num_labels: number;
  /**
   * Whether the distillation token of DeiT has a head of its own, and logits are the mean of both:
   * `DeiTForImageClassificationWithTeacher` among `architectures`.
   */
  readonly distilled: boolean;
}

const schema = z.object({
  model_type: z.enum(["vit", "deit"]),
  architectures: z.array(z.string()).nullish(),
  hidden_size: positive,
  num_hidden_layers: positive.max(1000),
  num_attention_heads: positive,
  head_dim: positive.optional(),
  intermediate_size: positive,
  hidden_act: activationName.default("gelu"),
  qkv_bias: z.boolean().default(true),
  hidden_dropout_prob: rate.default(0),
  attention_probs_dropout_prob: rate.default(0),
  layer_norm_eps: z.number().positive().default(1e-12),
  initializer_range: z.number().positive().default(0.02),
  ...layerSizesFields,
  image_size: positive.default(224),
  patch_size: positive.default(16),
  num_channels: positive.default(3),
  num_labels: positive.optional(),
  id2label: z.record(z.string(), z.string()).nullish(),
});

/**
 * Reads a configuration of ViT or DeiT.
 *
 * @param json parsed `config.json`.
 * @param label its name in errors.
 * @throws {CheckpointError} listing every fault, or telling that it is another model's.
 */
export function viTConfig(json: unknown, label: string): ViTConfig {
  const { model_type } = (json ?? {}) as { model_type?: unknown };
  checkModelType({ model_type }, model_type === "deit" ? "deit" : "vit", label);
  const fail = (faults: string): CheckpointError => new CheckpointError(`${label}: ${faults}`);
  const { head_dim, num_labels, id2label, architectures, pruned_heads, intermediate_sizes, ...plain } = validate<
    z.infer<typeof schema>
  >(schema, json, fail);
  const config = { ...plain, ...checkLayerSizes({ ...plain, pruned_heads, intermediate_sizes }, fail) };
  const { hidden_size, num_attention_heads, image_size, patch_size } = config;
  if (head_dim === undefined && hidden_size % num_attention_heads !== 0) {
    throw fail(
      `hidden_size ${hidden_size} is no multiple of num_attention_heads ${num_attention_heads}; give head_dim`,
    );
  }
  if (image_size % patch_size !== 0) throw fail(`image_size ${image_size} is no multiple of patch_size ${patch_size}`);
  const labels = Object.keys(id2label ?? {}).length;
  return {
    ...config,
    head_dim: head_dim ?? hidden_size / num_attention_heads,
    num_labels: num_labels ?? (labels || 2),
    distilled: config.model_type === "deit" &&
      (architectures ?? []).includes("DeiTForImageClassificationWithTeacher"),
  };
}

/** Tokens before those of the patches: that of the class, and with DeiT that of distillation. */
export function viTSpecialTokens({ model_type }: ViTConfig): number {
  return model_type === "deit" ? 2 : 1;
}

/** Names of the classifiers: one, or with a distilled DeiT one for each of the first two tokens. */
export function viTHeads({ distilled }: ViTConfig): readonly string[] {
  return distilled ? ["cls_classifier", "distillation_classifier"] : ["classifier"];
}

/** Shapes of all parameters of the class of Hugging Face that the configuration is of, by name. */
export function viTShapes(config: ViTConfig): Record<string, readonly number[]> {
  const { hidden_size: d, head_dim, patch_size: p } = config;
  const model = config.model_type;
  const tokens = (config.image_size / p) ** 2 + viTSpecialTokens(config);
  const { shapes, dense, norm } = shapeList({
    [`${model}.embeddings.cls_token`]: [1, 1, d],
    ...(model === "deit" ? { "deit.embeddings.distillation_token": [1, 1, d] } : {}),
    [`${model}.embeddings.position_embeddings`]: [1, tokens, d],
    [`${model}.embeddings.patch_embeddings.projection.weight`]: [d, config.num_channels, p, p],
    [`${model}.embeddings.patch_embeddings.projection.bias`]: [d],
  });
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const layer = `${model}.encoder.layer.${i}`;
    const [h, f] = [headsOf(config, i), neuronsOf(config, i)];
    for (const part of ["query", "key", "value"]) {
      dense(`${layer}.attention.attention.${part}`, h * head_dim, d, config.qkv_bias);
    }
    dense(`${layer}.attention.output.dense`, d, h * head_dim);
    dense(`${layer}.intermediate.dense`, f, d);
    dense(`${layer}.output.dense`, d, f);
    norm(`${layer}.layernorm_before`, d);
    norm(`${layer}.layernorm_after`, d);
  }
  norm(`${model}.layernorm`, d);
  for (const head of viTHeads(config)) dense(head, config.num_labels, d);
  return shapes;
}

/**
 * Names of the matrices that pruning may touch by default: those of the encoder layers. Embeddings (patch projection
 * included), norms, biases and classifiers never.
 */
export function isViTPrunable(name: string): boolean {
  return /^(vit|deit)\.encoder\.layer\.\d+\..*\.weight$/.test(name) && !/\.layernorm_(before|after)\./.test(name);
}
