/**
 * Which layer and which of its matrices a tensor is, by its name in the checkpoint.
 *
 * The rule: what stands before `layer.N.`, `layers.N.`, `block.N.`, `blocks.N.` or `h.N.` names the stack of layers, `N`
 * the layer, and the end of the name the matrix:
 *
 * | matrix     | names end with, before `.weight`                                          |
 * | ---------- | ------------------------------------------------------------------------- |
 * | q, k, v    | `query`, `key`, `value`; `q_proj`, `k_proj`, `v_proj`                     |
 * | qkv        | `qkv`, `in_proj`                                                          |
 * | o          | `attention.output.dense`, `out_proj`, `o_proj`, `attn.proj`               |
 * | ffn gate   | `gate_proj`                                                               |
 * | ffn in     | `intermediate.dense`, `fc1`, `up_proj`                                    |
 * | ffn out    | `output.dense` that is not of the attention, `fc2`, `down_proj`           |
 *
 * Anything else has no place.
 *
 * @module
 */

/** Matrices of a layer, in the order of columns. */
export const matrices = ["q", "k", "v", "qkv", "o", "ffn gate", "ffn in", "ffn out"] as const;

/** A matrix of a layer. */
export type Matrix = typeof matrices[number];

/** Where a tensor is. */
export interface Place {
  /** What the stack of layers is called, such as `vision_model.encoder`; empty where names begin with the layer. */
  readonly stack: string;
  /** The layer, from 0. */
  readonly layer: number;
  /** Which of its matrices; absent where the rule knows none. */
  readonly matrix?: Matrix;
}

const endings: readonly (readonly [RegExp, Matrix])[] = [
  [/(^|\.)(query|q_proj)$/, "q"],
  [/(^|\.)(key|k_proj)$/, "k"],
  [/(^|\.)(value|v_proj)$/, "v"],
  [/(^|\.)(qkv|in_proj)$/, "qkv"],
  [/(^|\.)(attention\.output\.dense|out_proj|o_proj|attn\.proj)$/, "o"],
  [/(^|\.)gate_proj$/, "ffn gate"],
  [/(^|\.)(intermediate\.dense|fc1|up_proj)$/, "ffn in"],
  [/(^|\.)(output\.dense|fc2|down_proj)$/, "ffn out"],
];

/** The place of a tensor; none where it is in no layer. */
export function placeOf(name: string): Place | undefined {
  const found = /^(?:(.*?)\.)?(?:layers?|blocks?|h)\.(\d{1,6})\.(.*)$/s.exec(name);
  if (!found) return undefined;
  const [, stack = "", layer, rest] = found;
  const part = /^(.*)\.weight$/s.exec(rest!)?.[1];
  const matrix = part === undefined ? undefined : endings.find(([ending]) => ending.test(part))?.[1];
  return { stack, layer: Number(layer), ...(matrix ? { matrix } : {}) };
}

/** What to call the layers of several places: by number alone where there is one stack. */
export function layerNames(places: readonly Place[]): (place: Place) => string {
  const stacks = new Set(places.map(({ stack }) => stack));
  if (stacks.size <= 1) return ({ layer }) => `layer ${layer}`;
  return ({ stack, layer }) => `${stackName(stack)} ${layer}`.trim();
}

/** `vision_model.encoder` to `vision`. */
function stackName(stack: string): string {
  return stack.replace(/\.(encoder|transformer)$/, "").replace(/_model$/, "");
}
