/**
 * BERT (Devlin et al. 2019, arXiv 1810.04805) as pure functions over the checkpoint's own names, as Hugging Face writes
 * them: embeddings, encoder layers, and what the heads make of them.
 *
 * Dropout happens only where a random key is given: without one these functions are those of evaluation.
 *
 * @module
 */
import {
  activation,
  add,
  dropout,
  equal,
  formatType,
  gather,
  MASKED_SCORE,
  notEqual,
  reshape,
  ShapeError,
  slice,
  take,
  tanh,
  type Tensor,
  where,
} from "../../engine/mod.ts";
import type { BertConfig } from "./config.ts";
import { headsOf } from "../layer_sizes.ts";
import { type Layers, layersOf, layerStack, type Params, selfAttention, type StackOptions } from "../layers.ts";

/** Sequences, filled up to one length. */
export interface BertInputs {
  /** Token ids, u32 `[batch, tokens]`. No step can stop at an id outside of the vocabulary: check data when loading. */
  readonly ids: Tensor;
  /** Kind of each token (0 in a first sentence, 1 in a second one), u32 `[batch, tokens]`; all 0 by default. */
  readonly typeIds?: Tensor;
  /** 1 at tokens and 0 where a sequence is filled up, u32 `[batch, tokens]`. */
  readonly mask: Tensor;
}

/** What functions with dropout may be told. */
export interface BertDropout {
  /** Random key of the step, u32 `[2]`, that serves nothing else; without it there is no dropout. */
  readonly key?: Tensor;
}

/** What the encoder may be told. The layers that are seen are those of `output_hidden_states` of Hugging Face. */
export interface BertOptions extends BertDropout, StackOptions {}

/** Numbers of the places where dropout draws. */
const sites = {
  embeddings: 0,
  pooled: 1,
  /** Three for each layer: attention weights, attention output, feed-forward output. */
  layer: (i: number): number => 2 + 3 * i,
} as const;

/** Layers of the model, and the prefix of its encoder: `BertModel` alone has none. */
function bertLayersOf(params: Params, config: BertConfig): Layers & { readonly bert: "bert." | "" } {
  const bert = Object.hasOwn(params, "encoder.layer.0.attention.self.query.weight") ? "" : "bert.";
  return { ...layersOf(params, "bert", config.layer_norm_eps), bert };
}

function maybeDropout(x: Tensor, rate: number, key: Tensor | undefined, site: number): Tensor {
  return key ? dropout(x, rate, key, site) : x;
}

/**
 * Hidden states of token sequences.
 *
 * @param params parameters by checkpoint name; those of any head.
 * @param config the checkpoint's configuration.
 * @param inputs the sequences.
 * @param options dropout; what to look at on the way.
 * @returns f32 `[batch, tokens, hidden]`.
 * @throws {ShapeError} when inputs differ in shape, or have more tokens than there are positions.
 */
export function bertEncoder(params: Params, config: BertConfig, inputs: BertInputs, options: BertOptions = {}): Tensor {
  return bertLayers(params, config, bertEmbeddings(params, config, inputs, options), inputs.mask, options);
}

/**
 * Embeddings of token sequences: words, positions and kinds, summed and normalised.
 *
 * The row of `pad_token_id` is an ordinary one: padding gets no gradient because nothing attends to it.
 *
 * @returns f32 `[batch, tokens, hidden]`.
 * @throws {ShapeError} when inputs differ in shape, or have more tokens than there are positions.
 */
export function bertEmbeddings(
  params: Params,
  config: BertConfig,
  { ids, typeIds, mask }: BertInputs,
  { key }: BertDropout = {},
): Tensor {
  for (const [name, other] of [["typeIds", typeIds], ["mask", mask]] as const) {
    if (ids.shape.length !== 2 || (other && other.shape.join() !== ids.shape.join())) {
      throw new ShapeError(
        `bert: ids ${formatType(ids)}, ${name} ${formatType(other ?? ids)}; give [batch, tokens] of equal sizes`,
      );
    }
  }
  const tokens = ids.shape[1]!;
  if (tokens > config.max_position_embeddings) {
    throw new ShapeError(
      `bert: ${tokens} tokens, but the model has ${config.max_position_embeddings} positions; cut sequences to that`,
    );
  }
  const { get, norm, bert } = bertLayersOf(params, config);
  const words = gather(get(`${bert}embeddings.word_embeddings.weight`), ids);
  const kinds = kindsOf(get(`${bert}embeddings.token_type_embeddings.weight`), typeIds);
  const positions = slice(get(`${bert}embeddings.position_embeddings.weight`), 0, 0, tokens);
  const x = norm(add(add(words, kinds), positions), `${bert}embeddings.LayerNorm`);
  return maybeDropout(x, config.hidden_dropout_prob, key, sites.embeddings);
}

/**
 * Rows of the table of kinds. Of two rows each element is chosen where it is needed: that joins the sum around it, and
 * its gradient is a sum over columns, where a look-up sorts ids.
 */
function kindsOf(table: Tensor, typeIds: Tensor | undefined): Tensor {
  if (!typeIds || table.shape[0] === 1) return take(table, 0, 0);
  if (table.shape[0] !== 2) return gather(table, typeIds);
  return where(equal(reshape(typeIds, [...typeIds.shape, 1]), 0), take(table, 0, 0), take(table, 0, 1));
}

/**
 * The encoder layers over embedded tokens.
 *
 * @param params parameters by checkpoint name; embeddings need not be among them.
 * @param config the checkpoint's configuration.
 * @param embedded f32 `[batch, tokens, hidden]`, as {@linkcode bertEmbeddings} returns them: already normalised.
 * @param mask 1 at tokens and 0 where a sequence is filled up, u32 `[batch, tokens]`.
 * @param options dropout; what to look at on the way.
 * @returns f32 `[batch, tokens, hidden]`.
 */
export function bertLayers(
  params: Params,
  config: BertConfig,
  embedded: Tensor,
  mask: Tensor,
  { key, ...stack }: BertOptions = {},
): Tensor {
  const layers = bertLayersOf(params, config);
  const { dense, norm, bert } = layers;
  const act = activation(config.hidden_act);
  const seen = notEqual(mask, 0);
  const drop = (y: Tensor, site: number): Tensor => maybeDropout(y, config.hidden_dropout_prob, key, site);
  return layerStack(embedded, config.num_hidden_layers, (x, i) => {
    const layer = `${bert}encoder.layer.${i}`;
    const site = sites.layer(i);
    const heard = selfAttention(layers, x, {
      query: `${layer}.attention.self.query`,
      key: `${layer}.attention.self.key`,
      value: `${layer}.attention.self.value`,
      heads: headsOf(config, i),
      attention: { mask: seen, ...(key ? { dropout: { rate: config.attention_probs_dropout_prob, key, site } } : {}) },
    });
    const told = drop(dense(heard, `${layer}.attention.output.dense`), site + 1);
    const attended = norm(add(told, x), `${layer}.attention.output.LayerNorm`);
    const inner = act(dense(attended, `${layer}.intermediate.dense`));
    return norm(add(drop(dense(inner, `${layer}.output.dense`), site + 2), attended), `${layer}.output.LayerNorm`);
  }, stack);
}

/**
 * What the first token of each sequence says: `tanh` of the pooler.
 *
 * @param hidden f32 `[batch, tokens, hidden]`, of {@linkcode bertEncoder}.
 * @returns f32 `[batch, hidden]`.
 */
export function bertPooled(params: Params, config: BertConfig, hidden: Tensor): Tensor {
  const { dense, bert } = bertLayersOf(params, config);
  return tanh(dense(take(hidden, 1, 0), `${bert}pooler.dense`));
}

/**
 * Logits of sequences (`BertForSequenceClassification`); with one label, predictions of a number.
 *
 * @param hidden f32 `[batch, tokens, hidden]`, of {@linkcode bertEncoder}.
 * @param options dropout of what the classifier reads.
 * @returns f32 `[batch, labels]`; `[batch, 1]` for the head "regression".
 */
export function bertClassifier(params: Params, config: BertConfig, hidden: Tensor, { key }: BertDropout = {}): Tensor {
  const rate = config.classifier_dropout ?? config.hidden_dropout_prob;
  const pooled = maybeDropout(bertPooled(params, config, hidden), rate, key, sites.pooled);
  return bertLayersOf(params, config).dense(pooled, "classifier");
}

/** Where answers lie: logits over the tokens of each sequence. */
export interface BertSpans {
  /** That the answer starts at a token, f32 `[batch, tokens]`. */
  readonly start: Tensor;
  /** That it ends there (the token included), f32 `[batch, tokens]`. */
  readonly end: Tensor;
}

/**
 * Logits of spans (`BertForQuestionAnswering`). Padding has the lowest logit there is, -1e30, so it is never chosen and
 * takes no part in a softmax; Hugging Face lets it take part in the loss.
 *
 * @param hidden f32 `[batch, tokens, hidden]`, of {@linkcode bertEncoder}.
 * @param mask 1 at tokens and 0 where a sequence is filled up, u32 `[batch, tokens]`.
 */
export function bertSpans(params: Params, config: BertConfig, hidden: Tensor, mask: Tensor): BertSpans {
  const logits = bertLayersOf(params, config).dense(hidden, "qa_outputs");
  const side = (which: number): Tensor => where(notEqual(mask, 0), take(logits, 2, which), MASKED_SCORE.f32);
  return { start: side(0), end: side(1) };
}
