/**
 * BERT as an ONNX graph: what `models/bert.ts` computes in evaluation.
 *
 * @module
 */
import { MASKED_SCORE } from "../../engine/mod.ts";
import type { BertConfig } from "../bert/config.ts";
import type { BertHead } from "../bert/head.ts";
import { activationNode } from "./activation.ts";
import type { GraphBuilder } from "./graph.ts";
import { dense, norm, selfAttention } from "./layers.ts";

const sequences = ["batch_size", "sequence_length"] as const;

/**
 * Adds a BERT with inputs `input_ids`, `attention_mask` and `token_type_ids`, i64 `[batch_size, sequence_length]`.
 *
 * Where the engine has rows of zeros for an id outside of a table, a runtime of ONNX reports an error.
 *
 * @param graph A graph over the model's parameters.
 * @param config The configuration.
 * @param head What follows the encoder, and with it the outputs: `logits` `[batch_size, labels]`; `start_logits` and
 * `end_logits` `[batch_size, sequence_length]`, -1e30 at padding; or, of the bare encoder, `last_hidden_state`
 * `[batch_size, sequence_length, hidden]` and `pooler_output` `[batch_size, hidden]`.
 * @param bert What names of the encoder's parameters begin with.
 */
export function addBert(graph: GraphBuilder, config: BertConfig, head: BertHead, bert: "bert." | ""): void {
  const { node } = graph;
  const ids = graph.input("input_ids", "i64", sequences);
  const mask = graph.input("attention_mask", "i64", sequences);
  const typeIds = graph.input("token_type_ids", "i64", sequences);
  const padding = node(`${bert}encoder`, "Equal", [mask, graph.index(0)]);
  const sizes = node(`${bert}encoder`, "Shape", [ids]);

  const embedded = embeddings(graph, config, `${bert}embeddings`, ids, typeIds);
  const rows = encoder(graph, config, `${bert}encoder`, embedded, padding, sizes);

  const shape = (...last: number[]): string =>
    node(bert + "encoder", "Concat", [sizes, graph.ints(...last)], { axis: { int: 0 } });
  if (head === "span") {
    return spans(graph, node("qa_outputs", "Reshape", [dense(graph, rows, "qa_outputs"), shape(2)]), padding);
  }
  const hidden = node(`${bert}encoder`, "Reshape", [rows, shape(config.hidden_size)]);
  const first = node(`${bert}pooler`, "Gather", [hidden, graph.index(0)], { axis: { int: 1 } });
  const pooled = node(`${bert}pooler`, "Tanh", [dense(graph, first, `${bert}pooler.dense`)]);
  if (head === "none") {
    graph.output("last_hidden_state", hidden, [...sequences, config.hidden_size]);
    graph.output("pooler_output", pooled, ["batch_size", config.hidden_size]);
  } else {
    const labels = head === "regression" ? 1 : config.num_labels;
    graph.output("logits", dense(graph, pooled, "classifier"), ["batch_size", labels]);
  }
}

/** Words, positions and kinds, summed and normalised: `[batch * tokens, hidden]`. */
function embeddings(graph: GraphBuilder, config: BertConfig, place: string, ids: string, typeIds: string): string {
  const { node } = graph;
  const rowsOf = (table: string, of: string): string =>
    node(`${place}.${table}`, "Gather", [graph.weight(`${place}.${table}.weight`), of]);
  const table = graph.weight(`${place}.position_embeddings.weight`);
  const tokens = node(place, "Shape", [ids], { start: { int: 1 } });
  const positions = node(`${place}.position_embeddings`, "Slice", [table, graph.ints(0), tokens, graph.ints(0)]);
  const words = node(place, "Add", [rowsOf("word_embeddings", ids), rowsOf("token_type_embeddings", typeIds)]);
  const rows = node(place, "Reshape", [node(place, "Add", [words, positions]), graph.ints(-1, config.hidden_size)]);
  return norm(graph, rows, `${place}.LayerNorm`, config.layer_norm_eps);
}

/** The encoder layers over embedded tokens: `[batch * tokens, hidden]`. */
function encoder(
  graph: GraphBuilder,
  config: BertConfig,
  place: string,
  embedded: string,
  padding: string,
  sizes: string,
): string {
  const { node } = graph;
  const { hidden_size: width, num_attention_heads: heads, layer_norm_eps: eps } = config;
  const headSize = width / heads;
  // Added, the lowest score leaves nothing of the score that it is added to: a row without any token becomes uniform.
  const bias = node(place, "Unsqueeze", [
    node(place, "Where", [padding, graph.scalar(MASKED_SCORE.f32), graph.scalar(0)]),
    graph.ints(1, 2),
  ]);
  const split = node(place, "Concat", [sizes, graph.ints(heads, headSize)], { axis: { int: 0 } });
  let x = embedded;
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const layer = `${place}.layer.${i}`;
    const heard = selfAttention(graph, x, {
      place: `${layer}.attention.self`,
      query: `${layer}.attention.self.query`,
      key: `${layer}.attention.self.key`,
      value: `${layer}.attention.self.value`,
      headSize,
      split,
      merged: graph.ints(-1, width),
      bias,
    });
    const told = node(`${layer}.attention.output`, "Add", [dense(graph, heard, `${layer}.attention.output.dense`), x]);
    x = norm(graph, told, `${layer}.attention.output.LayerNorm`, eps);
    const inner = dense(graph, x, `${layer}.intermediate.dense`);
    const active = activationNode(graph, `${layer}.intermediate`, config.hidden_act, inner);
    const out = node(`${layer}.output`, "Add", [dense(graph, active, `${layer}.output.dense`), x]);
    x = norm(graph, out, `${layer}.output.LayerNorm`, eps);
  }
  return x;
}

/** Both columns of `[batch, tokens, 2]`; padding can never be chosen. */
function spans(graph: GraphBuilder, logits: string, padding: string): void {
  ["start_logits", "end_logits"].forEach((name, column) => {
    const one = graph.node("qa_outputs", "Gather", [logits, graph.index(column)], { axis: { int: 2 } });
    const side = graph.node("qa_outputs", "Where", [padding, graph.scalar(MASKED_SCORE.f32), one]);
    graph.output(name, side, sequences);
  });
}
