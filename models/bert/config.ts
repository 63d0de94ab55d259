/**
 * Configuration of BERT (Devlin et al. 2019, arXiv 1810.04805): `config.json` of Hugging Face, read and written.
 *
 * @module
 */
import { z } from "zod";
import { bertArchitecture, type BertHead } from "./head.ts";
import { checkModelType, CheckpointError } from "../checkpoint.ts";
import { activationName, positive, rate } from "../config.ts";
import { checkLayerSizes, type LayerSizesConfig, layerSizesFields } from "../layer_sizes.ts";
import { validate } from "../validate.ts";

/** What a head answers, as `problem_type` of `config.json` names it. */
export type BertProblem = "regression" | "single_label_classification" | "multi_label_classification";

/** What the model needs of `config.json`. */
export interface BertConfig extends LayerSizesConfig {
  /** Always "bert". */
  readonly model_type: "bert";
  /** Width of a token. */
  readonly hidden_size: number;
  /** Encoder layers. */
  readonly num_hidden_layers: number;
  /** Heads of each layer, those that were removed included; they share hidden_size evenly. */
  readonly num_attention_heads: number;
  /** Width inside of the feed-forward part, where no layer has its own. */
  readonly intermediate_size: number;
  /** Activation of the feed-forward part, by its name in checkpoints. */
  readonly hidden_act: string;
  /** Rate of dropout after embeddings, attention and feed-forward part, while training. */
  readonly hidden_dropout_prob: number;
  /** Rate of dropout of attention weights, while training. */
  readonly attention_probs_dropout_prob: number;
  /** Rate of dropout before the classifier, while training; hidden_dropout_prob when null. */
  readonly classifier_dropout: number | null;
  /** Rows of the word embedding. */
  readonly vocab_size: number;
  /** The most tokens that a sequence may have. */
  readonly max_position_embeddings: number;
  /** Kinds of token: 2 for a first and a second sentence. */
  readonly type_vocab_size: number;
  /** Added to the variance in norms. */
  readonly layer_norm_eps: number;
  /** Standard deviation of fresh weights. */
  readonly initializer_range: number;
  /** Id of the token that fills up sequences, or null. */
  readonly pad_token_id: number | null;
  /** Outputs of the classifier. */
  readonly num_labels: number;
  /** Names of the labels by number, where the checkpoint gives them. */
  readonly id2label?: Readonly<Record<string, string>>;
  /** What the labels are, where the checkpoint says so. */
  readonly problem_type: BertProblem | null;
}

const encoderOnly = (name: string) =>
  z.literal(false, `${name} is set, but only encoders are known here: use the checkpoint of an encoder`)
    .nullish();

const schema = z.object({
  model_type: z.literal("bert"),
  hidden_size: positive.default(768),
  num_hidden_layers: positive.max(1000).default(12),
  num_attention_heads: positive.default(12),
  intermediate_size: positive.default(3072),
  hidden_act: activationName.default("gelu"),
  hidden_dropout_prob: rate.default(0.1),
  attention_probs_dropout_prob: rate.default(0.1),
  classifier_dropout: rate.nullable().default(null),
  vocab_size: positive.default(30522),
  max_position_embeddings: positive.default(512),
  type_vocab_size: positive.default(2),
  layer_norm_eps: z.number().positive().default(1e-12),
  initializer_range: z.number().positive().default(0.02),
  pad_token_id: z.number().int().nonnegative().nullable().default(0),
  num_labels: positive.optional(),
  id2label: z.record(z.string(), z.string()).nullish(),
  problem_type: z.enum(["regression", "single_label_classification", "multi_label_classification"])
    .nullable().default(null),
  position_embedding_type: z.literal(
    "absolute",
    "only absolute positions are known here: use a checkpoint that was trained with position_embedding_type absolute",
  ).nullish(),
  ...layerSizesFields,
  is_decoder: encoderOnly("is_decoder"),
  add_cross_attention: encoderOnly("add_cross_attention"),
});

/**
 * Reads a BERT configuration. What `config.json` leaves out has Hugging Face's default, that of BERT-base.
 *
 * @param json parsed `config.json`.
 * @param label its name in errors.
 * @throws {CheckpointError} listing every fault, or telling that it is another model's.
 */
export function bertConfig(json: unknown, label: string): BertConfig {
  checkModelType((json ?? {}) as { model_type?: unknown }, "bert", label);
  const fail = (faults: string): CheckpointError => new CheckpointError(`${label}: ${faults}`);
  const read = validate<z.infer<typeof schema>>(schema, json, fail);
  const {
    pruned_heads,
    intermediate_sizes,
    position_embedding_type: _p,
    is_decoder: _d,
    add_cross_attention: _c,
    ...rest
  } = read;
  const { num_labels, id2label, ...plain } = rest;
  const config = { ...plain, ...checkLayerSizes({ ...plain, pruned_heads, intermediate_sizes }, fail) };
  const { hidden_size, num_attention_heads, pad_token_id, vocab_size } = config;
  if (hidden_size % num_attention_heads !== 0) {
    throw fail(`hidden_size ${hidden_size} is no multiple of num_attention_heads ${num_attention_heads}; correct one`);
  }
  if (pad_token_id !== null && pad_token_id >= vocab_size) {
    throw fail(`pad_token_id ${pad_token_id} is no token of the ${vocab_size} of vocab_size; correct one`);
  }
  if (!id2label) return { ...config, num_labels: num_labels ?? 2 };
  const named = Object.keys(id2label);
  if (named.length === 0 || named.some((_, label) => !Object.hasOwn(id2label, String(label)))) {
    throw fail(`id2label has the keys ${JSON.stringify(named)}; number the labels from 0 on without gaps`);
  }
  if (num_labels !== undefined && num_labels !== named.length) {
    throw fail(`num_labels is ${num_labels}, but id2label names ${named.length}; leave out one of them`);
  }
  return { ...config, num_labels: named.length, id2label };
}

/**
 * The same model for other labels.
 *
 * @param config the model.
 * @param labels names of the labels, in the order of their numbers; or their count.
 * @param problem what the labels are.
 */
export function bertWithLabels(
  config: BertConfig,
  labels: readonly string[] | number,
  problem: BertProblem | null = null,
): BertConfig {
  const { id2label: _, ...rest } = config;
  if (typeof labels === "number") return { ...rest, num_labels: labels, problem_type: problem };
  return { ...rest, num_labels: labels.length, id2label: Object.fromEntries(labels.entries()), problem_type: problem };
}

/**
 * The `config.json` with which Hugging Face loads the parameters of `bertShapes(config, head)`.
 *
 * @param config the model.
 * @param head what follows its encoder; "regression" has one label, whatever the configuration says.
 * @param json the `config.json` that the model came with: what is not known here stays as it is.
 */
export function bertConfigJson(
  config: BertConfig,
  head: BertHead,
  json: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const { num_labels: labels, id2label: named, problem_type, ...rest } = config;
  const { num_labels: _n, id2label: _i, label2id: _l, problem_type: _p, ...others } = json;
  const all = { ...others, ...rest, architectures: [bertArchitecture(head)] };
  if (head !== "classification" && head !== "regression") return all;
  const count = head === "regression" ? 1 : labels;
  const names = Array.from({ length: count }, (_, label) => (count === labels && named?.[label]) || `LABEL_${label}`);
  return {
    ...all,
    id2label: Object.fromEntries(names.entries()),
    label2id: Object.fromEntries(names.map((name, label) => [name, label])),
    problem_type: head === "regression" ? "regression" : problem_type ?? "single_label_classification",
  };
}
