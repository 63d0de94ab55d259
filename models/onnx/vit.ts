/**
 * ViT and DeiT as an ONNX graph: what `models/vit.ts` computes in evaluation.
 *
 * @module
 */
import { type ViTConfig, viTHeads, viTSpecialTokens } from "../vit/config.ts";
import { activationNode } from "./activation.ts";
import type { GraphBuilder } from "./graph.ts";
import { dense, norm, selfAttention } from "./layers.ts";

/**
 * Adds a ViT with the input `pixel_values`, f32 `[batch_size, channels, height, width]`, and the output `logits`, f32
 * `[batch_size, labels]`: the mean of both heads of a distilled DeiT. Images have the size of the configuration, since
 * positions are learned for it.
 *
 * @param graph A graph over the model's parameters.
 * @param config The configuration.
 */
export function addViT(graph: GraphBuilder, config: ViTConfig): void {
  const { node } = graph;
  const { model_type: model, hidden_size: width, image_size: size } = config;
  const images = graph.input("pixel_values", "f32", ["batch_size", config.num_channels, size, size]);
  const tokens = (size / config.patch_size) ** 2 + viTSpecialTokens(config);

  const embedded = embeddings(graph, config, images);
  const rows = encoder(
    graph,
    config,
    node(`${model}.embeddings`, "Reshape", [embedded, graph.ints(-1, width)]),
    tokens,
  );

  const hidden = node(model, "Reshape", [rows, graph.ints(-1, tokens, width)]);
  const logits = viTHeads(config).map((head, token) => {
    const told = node(head, "Gather", [hidden, graph.index(token)], { axis: { int: 1 } });
    return dense(graph, norm(graph, told, `${model}.layernorm`, config.layer_norm_eps), head);
  });
  const mean = (): string => node(model, "Mul", [node(model, "Add", logits), graph.scalar(0.5)]);
  graph.output("logits", logits.length === 1 ? logits[0]! : mean(), ["batch_size", config.num_labels]);
}

/** Special tokens and patches, row by row, with their positions: `[batch, tokens, width]`. */
function embeddings(graph: GraphBuilder, config: ViTConfig, images: string): string {
  const { node } = graph;
  const { model_type: model, hidden_size: width, patch_size: p } = config;
  const place = `${model}.embeddings`;
  const projection = `${place}.patch_embeddings.projection`;
  const cut = node(projection, "Conv", [
    images,
    graph.weight(`${projection}.weight`),
    graph.weight(`${projection}.bias`),
  ], { kernel_shape: { ints: [p, p] }, strides: { ints: [p, p] } });
  const flat = node(projection, "Reshape", [cut, graph.ints(0, width, -1)]);
  const patches = node(projection, "Transpose", [flat], { perm: { ints: [0, 2, 1] } });
  const batch = node(place, "Shape", [images], { end: { int: 1 } });
  const each = node(place, "Concat", [batch, graph.ints(1, width)], { axis: { int: 0 } });
  const special = ["cls_token", "distillation_token"].slice(0, viTSpecialTokens(config)).map((token) =>
    node(`${place}.${token}`, "Expand", [graph.weight(`${place}.${token}`), each])
  );
  const all = node(place, "Concat", [...special, patches], { axis: { int: 1 } });
  return node(place, "Add", [all, graph.weight(`${place}.position_embeddings`)]);
}

/** The encoder layers: `[batch * tokens, width]`, before the last normalisation. */
function encoder(graph: GraphBuilder, config: ViTConfig, embedded: string, tokens: number): string {
  const { node } = graph;
  const { num_attention_heads: heads, head_dim: headSize, layer_norm_eps: eps } = config;
  let x = embedded;
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const layer = `${config.model_type}.encoder.layer.${i}`;
    const heard = selfAttention(graph, norm(graph, x, `${layer}.layernorm_before`, eps), {
      place: `${layer}.attention.attention`,
      query: `${layer}.attention.attention.query`,
      key: `${layer}.attention.attention.key`,
      value: `${layer}.attention.attention.value`,
      headSize,
      split: graph.ints(-1, tokens, heads, headSize),
      merged: graph.ints(-1, heads * headSize),
    });
    x = node(`${layer}.attention`, "Add", [x, dense(graph, heard, `${layer}.attention.output.dense`)]);
    const inner = dense(graph, norm(graph, x, `${layer}.layernorm_after`, eps), `${layer}.intermediate.dense`);
    const active = activationNode(graph, `${layer}.intermediate`, config.hidden_act, inner);
    x = node(layer, "Add", [x, dense(graph, active, `${layer}.output.dense`)]);
  }
  return x;
}
