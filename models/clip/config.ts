/**
 * Configuration of CLIP (Radford et al. 2021, "Learning transferable visual models from natural language supervision",
 * arXiv 2103.00020): `config.json` of Hugging Face, that of both towers or of one alone.
 *
 * @module
 */
import { z } from "zod";
import { checkModelType, CheckpointError } from "../checkpoint.ts";
import { activationName, positive, rate } from "../config.ts";
import { validate } from "../validate.ts";

/** What both towers have in common. */
export interface ClipTowerConfig {
  /** Width of a token. */
  readonly hidden_size: number;
  /** Encoder layers. */
  readonly num_hidden_layers: number;
  /** Heads of each layer; they share hidden_size evenly. */
  readonly num_attention_heads: number;
  /** Width inside of the feed-forward part. */
  readonly intermediate_size: number;
  /** Activation of the feed-forward part, by its name in checkpoints. */
  readonly hidden_act: string;
  /** Added to the variance in norms. */
  readonly layer_norm_eps: number;
  /** Rate of dropout of attention weights, while training. */
  readonly attention_dropout: number;
  /** Standard deviation of fresh patch and position embeddings of images. */
  readonly initializer_range: number;
  /** Factor of all standard deviations of fresh weights. */
  readonly initializer_factor: number;
}

/** The tower of texts. */
export interface ClipTextConfig extends ClipTowerConfig {
  /** Rows of the token embedding. */
  readonly vocab_size: number;
  /** The most tokens that a text may have. */
  readonly max_position_embeddings: number;
  /**
   * Id of the token that ends a text, from whose place the embedding is read. 2 means what it does in the first
   * checkpoints: the place of the greatest id.
   */
  readonly eos_token_id: number;
}

/** The tower of images. */
export interface ClipVisionConfig extends ClipTowerConfig {
  /** Height and width of an image in pixels. */
  readonly image_size: number;
  /** Height and width of a patch in pixels. */
  readonly patch_size: number;
  /** Channels of an image. */
  readonly num_channels: number;
}

/** What the model needs of `config.json`. */
export interface ClipConfig {
  /** Always "clip". */
  readonly model_type: "clip";
  /** The tower of texts. */
  readonly text_config: ClipTextConfig;
  /** The tower of images. */
  readonly vision_config: ClipVisionConfig;
  /** Width of the embeddings of texts and images. */
  readonly projection_dim: number;
  /** Logarithm of the factor of logits in a fresh model. */
  readonly logit_scale_init_value: number;
  /** Factor of the standard deviations of fresh projections and classifiers. */
  readonly initializer_factor: number;
  /** Classes of a classifier over the tower of images. */
  readonly num_labels: number;
}

const tower = {
  layer_norm_eps: z.number().positive().default(1e-5),
  hidden_act: activationName.default("quick_gelu"),
  attention_dropout: rate.default(0),
  initializer_range: z.number().positive().default(0.02),
  initializer_factor: z.number().positive().default(1),
};
const textSchema = z.object({
  ...tower,
  hidden_size: positive.default(512),
  num_hidden_layers: positive.max(1000).default(12),
  num_attention_heads: positive.default(8),
  intermediate_size: positive.default(2048),
  vocab_size: positive.default(49408),
  max_position_embeddings: positive.default(77),
  eos_token_id: z.number().int().nonnegative().default(49407),
});
const visionSchema = z.object({
  ...tower,
  hidden_size: positive.default(768),
  num_hidden_layers: positive.max(1000).default(12),
  num_attention_heads: positive.default(12),
  intermediate_size: positive.default(3072),
  image_size: positive.default(224),
  patch_size: positive.default(32),
  num_channels: positive.default(3),
});
const schema = z.object({
  model_type: z.literal("clip"),
  // Each tower is read by its own reader, which also checks it.
  text_config: z.unknown().optional(),
  text_config_dict: z.unknown().optional(),
  vision_config: z.unknown().optional(),
  vision_config_dict: z.unknown().optional(),
  projection_dim: positive.default(512),
  logit_scale_init_value: z.number().default(2.6592),
  initializer_factor: z.number().positive().default(1),
  num_labels: positive.optional(),
  id2label: z.record(z.string(), z.string()).nullish(),
});

/**
 * Reads the configuration of a whole CLIP. What it leaves out has Hugging Face's default, that of ViT-B/32.
 *
 * @param json parsed `config.json`.
 * @param label its name in errors.
 * @throws {CheckpointError} listing every fault, or telling that it is another model's.
 */
export function clipConfig(json: unknown, label: string): ClipConfig {
  const { model_type } = (json ?? {}) as { model_type?: unknown };
  checkModelType({ model_type }, "clip", label);
  const fail = (faults: string): CheckpointError => new CheckpointError(`${label}: ${faults}`);
  const read = validate<z.infer<typeof schema>>(schema, json, fail);
  // Old files say the same twice; where both are there, Hugging Face believes the second.
  const text = read.text_config_dict ?? read.text_config ?? {};
  const vision = read.vision_config_dict ?? read.vision_config ?? {};
  const labels = Object.keys(read.id2label ?? {}).length;
  return {
    model_type: "clip",
    text_config: readTower(textSchema, text, `${label}, text_config`),
    vision_config: readVision(vision, `${label}, vision_config`),
    projection_dim: read.projection_dim,
    logit_scale_init_value: read.logit_scale_init_value,
    initializer_factor: read.initializer_factor,
    num_labels: read.num_labels ?? (labels || 2),
  };
}

/**
 * Reads the configuration of a tower of texts: that of `CLIPTextModel`, or the `text_config` of a whole CLIP.
 *
 * @param json parsed `config.json`.
 * @param label its name in errors.
 * @throws {CheckpointError} listing every fault, or telling that it is another model's.
 */
export function clipTextConfig(json: unknown, label: string): ClipTextConfig {
  const { model_type } = (json ?? {}) as { model_type?: unknown };
  if (model_type === "clip") return clipConfig(json, label).text_config;
  checkModelType({ model_type }, "clip_text_model", label);
  return readTower(textSchema, json, label);
}

/**
 * Reads the configuration of a tower of images: that of `CLIPVisionModel`, or the `vision_config` of a whole CLIP.
 *
 * @param json parsed `config.json`.
 * @param label its name in errors.
 * @throws {CheckpointError} listing every fault, or telling that it is another model's.
 */
export function clipVisionConfig(json: unknown, label: string): ClipVisionConfig {
  const { model_type } = (json ?? {}) as { model_type?: unknown };
  if (model_type === "clip") return clipConfig(json, label).vision_config;
  checkModelType({ model_type }, "clip_vision_model", label);
  return readVision(json, label);
}

function readVision(json: unknown, label: string): ClipVisionConfig {
  const config = readTower(visionSchema, json, label);
  const { image_size, patch_size } = config;
  if (image_size % patch_size !== 0) {
    throw new CheckpointError(`${label}: image_size ${image_size} is no multiple of patch_size ${patch_size}`);
  }
  return config;
}

function readTower<T extends { readonly hidden_size: number; readonly num_attention_heads: number }>(
  schema: z.ZodType<T>,
  json: unknown,
  label: string,
): T {
  const config = validate<T>(schema, json, (faults) => new CheckpointError(`${label}: ${faults}`));
  const { hidden_size, num_attention_heads } = config;
  if (hidden_size % num_attention_heads !== 0) {
    throw new CheckpointError(
      `${label}: hidden_size ${hidden_size} is no multiple of num_attention_heads ${num_attention_heads}; correct one`,
    );
  }
  return config;
}
