/**
 * ViTForImageClassification (Dosovitskiy et al. 2021, "An image is worth 16x16 words") as a pure function over the
 * checkpoint's own names, as Hugging Face writes them.
 *
 * @module
 */
import { z } from "zod";
import {
  activation,
  add,
  attention,
  broadcastTo,
  concat,
  layerNorm,
  linear,
  patchEmbedding,
  permute,
  reshape,
  ShapeError,
  take,
  type Tensor,
} from "../engine/mod.ts";
import { checkModelType, CheckpointError } from "./checkpoint.ts";
import { validate } from "./validate.ts";

/** What the model needs of `config.json`. */
export interface ViTConfig {
  /** Always "vit". */
  readonly model_type: "vit";
  /** Width of a token. */
  readonly hidden_size: number;
  /** Encoder layers. */
  readonly num_hidden_layers: number;
  /** Heads of each layer. */
  readonly num_attention_heads: number;
  /** Width of a head; hidden_size / num_attention_heads when absent. */
  readonly head_dim: number;
  /** Width inside of the feed-forward part. */
  readonly intermediate_size: number;
  /** Activation of the feed-forward part, by its name in checkpoints. */
  readonly hidden_act: string;
  /** Whether query, key and value have biases. */
  readonly qkv_bias: boolean;
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
}

const positive = z.number().int().positive();
const schema = z.looseObject({
  model_type: z.literal("vit"),
  hidden_size: positive,
  num_hidden_layers: positive.max(1000),
  num_attention_heads: positive,
  head_dim: positive.optional(),
  intermediate_size: positive,
  hidden_act: z.string().refine(isActivation, "no activation that is known here").default("gelu"),
  qkv_bias: z.boolean().default(true),
  layer_norm_eps: z.number().positive().default(1e-12),
  initializer_range: z.number().positive().default(0.02),
  image_size: positive.default(224),
  patch_size: positive.default(16),
  num_channels: positive.default(3),
  num_labels: positive.optional(),
  id2label: z.record(z.string(), z.string()).optional(),
});

function isActivation(name: string): boolean {
  try {
    activation(name);
    return true;
  } catch {
    return false;
  }
}

/**
 * Reads a ViT configuration.
 *
 * @param json parsed `config.json`.
 * @param label its name in errors.
 * @throws {CheckpointError} listing every fault, or telling that it is another model's.
 */
export function viTConfig(json: unknown, label: string): ViTConfig {
  checkModelType((json ?? {}) as { model_type?: unknown }, "vit", label);
  const fail = (faults: string): CheckpointError => new CheckpointError(`${label}: ${faults}`);
  const { head_dim, num_labels, id2label, ...config } = validate<z.infer<typeof schema>>(schema, json, fail);
  const { hidden_size, num_attention_heads, image_size, patch_size } = config;
  if (head_dim === undefined && hidden_size % num_attention_heads !== 0) {
    throw fail(
      `hidden_size ${hidden_size} is no multiple of num_attention_heads ${num_attention_heads}; give head_dim`,
    );
  }
  if (image_size % patch_size !== 0) throw fail(`image_size ${image_size} is no multiple of patch_size ${patch_size}`);
  return {
    ...config,
    head_dim: head_dim ?? hidden_size / num_attention_heads,
    num_labels: num_labels ?? (id2label ? Object.keys(id2label).length : 2),
  };
}

/** Shapes of all parameters of `ViTForImageClassification`, by name. */
export function viTShapes(config: ViTConfig): Record<string, readonly number[]> {
  const { hidden_size: d, intermediate_size: f, num_attention_heads: h, head_dim, patch_size: p } = config;
  const tokens = (config.image_size / p) ** 2 + 1;
  const shapes: Record<string, readonly number[]> = {
    "vit.embeddings.cls_token": [1, 1, d],
    "vit.embeddings.position_embeddings": [1, tokens, d],
    "vit.embeddings.patch_embeddings.projection.weight": [d, config.num_channels, p, p],
    "vit.embeddings.patch_embeddings.projection.bias": [d],
  };
  const dense = (name: string, out: number, into: number, bias = true): void => {
    shapes[`${name}.weight`] = [out, into];
    if (bias) shapes[`${name}.bias`] = [out];
  };
  const norm = (name: string): void => {
    shapes[`${name}.weight`] = [d];
    shapes[`${name}.bias`] = [d];
  };
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const layer = `vit.encoder.layer.${i}`;
    for (const part of ["query", "key", "value"]) {
      dense(`${layer}.attention.attention.${part}`, h * head_dim, d, config.qkv_bias);
    }
    dense(`${layer}.attention.output.dense`, d, h * head_dim);
    dense(`${layer}.intermediate.dense`, f, d);
    dense(`${layer}.output.dense`, d, f);
    norm(`${layer}.layernorm_before`);
    norm(`${layer}.layernorm_after`);
  }
  norm("vit.layernorm");
  dense("classifier", config.num_labels, d);
  return shapes;
}

/**
 * Names of the matrices that pruning may touch by default: those of the encoder layers. Embeddings (patch projection
 * included), norms, biases and the classifier never.
 */
export function isViTPrunable(name: string): boolean {
  return /^vit\.encoder\.layer\.\d+\..*\.weight$/.test(name) && !/\.layernorm_(before|after)\./.test(name);
}

/**
 * Class logits of images.
 *
 * @param params parameters by checkpoint name.
 * @param config the checkpoint's configuration.
 * @param images f32 [batch, channels, height, width], normalised as the checkpoint's preprocessor says.
 * @returns f32 [batch, num_labels].
 */
export function viT(params: Readonly<Record<string, Tensor>>, config: ViTConfig, images: Tensor): Tensor {
  const get = (name: string): Tensor => {
    const found = params[name];
    if (!found) throw new ShapeError(`vit: no parameter "${name}"; load a checkpoint of this configuration`);
    return found;
  };
  const norm = (x: Tensor, name: string) =>
    layerNorm(x, get(`${name}.weight`), get(`${name}.bias`), config.layer_norm_eps);
  const dense = (x: Tensor, name: string) => linear(x, get(`${name}.weight`), params[`${name}.bias`]);

  const batch = images.shape[0]!;
  const { hidden_size: d, num_attention_heads: heads, head_dim: headDim } = config;
  const projection = "vit.embeddings.patch_embeddings.projection";
  const patches = patchEmbedding(images, get(`${projection}.weight`), get(`${projection}.bias`));
  const cls = broadcastTo(get("vit.embeddings.cls_token"), [batch, 1, d]);
  let x = add(concat([cls, patches], 1), get("vit.embeddings.position_embeddings"));

  const act = activation(config.hidden_act);
  const tokens = x.shape[1]!;
  const split = (y: Tensor) => permute(reshape(y, [batch, tokens, heads, headDim]), [0, 2, 1, 3]);
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const layer = `vit.encoder.layer.${i}`;
    const before = norm(x, `${layer}.layernorm_before`);
    const [q, k, v] = ["query", "key", "value"].map((part) =>
      split(dense(before, `${layer}.attention.attention.${part}`))
    );
    const heard = attention(q!, k!, v!);
    const merged = reshape(permute(heard, [0, 2, 1, 3]), [batch, tokens, heads * headDim]);
    x = add(x, dense(merged, `${layer}.attention.output.dense`));
    const inner = act(dense(norm(x, `${layer}.layernorm_after`), `${layer}.intermediate.dense`));
    x = add(x, dense(inner, `${layer}.output.dense`));
  }
  return dense(norm(take(x, 1, 0), "vit.layernorm"), "classifier");
}
