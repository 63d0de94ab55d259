/**
 * What transformers have in common, as standard operators. Hidden states are matrices `[batch * tokens, width]`: each
 * dense layer is one `Gemm`, which takes a weight `[out, in]` as the checkpoint has it, and the bias with it. On a
 * processor onnxruntime runs that as fast as products with weights `[in, out]`, so no weight has to change its layout.
 *
 * @module
 */
import type { GraphBuilder } from "./graph.ts";

/** `x W^T + b` with `name.weight` `[out, in]` and, where there is one, `name.bias`; x is a matrix. */
export function dense(graph: GraphBuilder, x: string, name: string): string {
  const bias = graph.has(`${name}.bias`) ? [graph.weight(`${name}.bias`)] : [];
  return graph.node(name, "Gemm", [x, graph.weight(`${name}.weight`), ...bias], { transB: { int: 1 } });
}

/** Layer normalisation of the last axis with `name.weight` and `name.bias`. */
export function norm(graph: GraphBuilder, x: string, name: string, eps: number): string {
  const inputs = [x, graph.weight(`${name}.weight`), graph.weight(`${name}.bias`)];
  return graph.node(name, "LayerNormalization", inputs, { axis: { int: -1 }, epsilon: { float: eps } });
}

/** Names of the projections of an attention, and the shapes that it goes through. */
export interface AttentionOptions {
  /** Where its nodes belong, such as `vit.encoder.layer.0.attention`. */
  readonly place: string;
  /** Name of the projection to queries. */
  readonly query: string;
  /** Name of the projection to keys. */
  readonly key: string;
  /** Name of the projection to values. */
  readonly value: string;
  /** Width of a head. */
  readonly headSize: number;
  /** i64 `[4]`: batch, tokens, heads, width of a head; one of them may be -1. */
  readonly split: string;
  /** i64 `[2]`: -1, heads * width of a head. */
  readonly merged: string;
  /** What is added to scores, f32 `[batch, 1, 1, tokens]`. */
  readonly bias?: string;
}

/**
 * Self-attention up to, not including, the output projection.
 *
 * @param x f32 `[batch * tokens, width]`.
 * @returns f32 `[batch * tokens, heads * head width]`.
 */
export function selfAttention(graph: GraphBuilder, x: string, options: AttentionOptions): string {
  const { place } = options;
  const { node } = graph;
  const transpose = (place: string, value: string, ...perm: readonly number[]): string =>
    node(place, "Transpose", [value], { perm: { ints: perm } });
  const split = (name: string): string => node(name, "Reshape", [dense(graph, x, name), options.split]);
  const query = transpose(options.query, split(options.query), 0, 2, 1, 3);
  const key = transpose(options.key, split(options.key), 0, 2, 3, 1);
  const value = transpose(options.value, split(options.value), 0, 2, 1, 3);
  // Right after the product, where onnxruntime makes the factor a part of it.
  const scaled = node(place, "Mul", [
    node(place, "MatMul", [query, key]),
    graph.scalar(1 / Math.sqrt(options.headSize)),
  ]);
  const scores = options.bias === undefined ? scaled : node(place, "Add", [scaled, options.bias]);
  const weights = node(place, "Softmax", [scores], { axis: { int: -1 } });
  const heard = node(place, "MatMul", [weights, value]);
  return node(place, "Reshape", [transpose(place, heard, 0, 2, 1, 3), options.merged]);
}
