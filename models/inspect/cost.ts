/**
 * How many multiply-adds a forward pass takes, as far as pruning can change it.
 *
 * @module
 */
import type { InspectedTensor, Inspection } from "./inspect.ts";
import type { Network, NetworkGroups } from "../network.ts";

/** Multiply-adds of a part of a model. */
export interface MultiplyAdds {
  /** With every weight. */
  readonly dense: number;
  /** Without rows, columns and heads that are zero as a whole: what is left when the model is shrunk. */
  readonly structured: number;
  /** Of weights that are not zero: what a kernel that skips each zero would do. None here does. */
  readonly sparse: number;
}

/** Multiply-adds of one sequence or image. */
export interface ForwardCost {
  /** Products with prunable matrices. */
  readonly matrices: MultiplyAdds;
  /** Scores of attention and the sums that they weigh; no weights take part, so zeros among them save nothing. */
  readonly attention: MultiplyAdds;
  /** Both. */
  readonly total: MultiplyAdds;
}

/**
 * Counts the multiply-adds of one input: the dense products of prunable matrices, and attention's `q k^T` and
 * `weights v`. Embeddings, norms, activations and what pruning never touches do not count.
 *
 * A matrix of an encoder layer meets every token, one outside of the layers (a pooler, a projection) only one.
 *
 * @param inspection The model, inspected with `isPrunable` and, if heads are to be seen, `groups`.
 * @param groups The model's heads, as `Network.groups` has them.
 * @param tokens Tokens of the input; of an image {@linkcode tokensOf}.
 * @returns The counts.
 *
 * @example
 * ```ts
 * import { hostTensor } from "@sentinel/seven/engine";
 * import { forwardCost, inspectTensors } from "@sentinel/seven/models";
 *
 * const weight = hostTensor(Float32Array.of(1, 2, 0, 0), [2, 2]);
 * const inspection = await inspectTensors({ "encoder.layer.0.dense.weight": weight }, { isPrunable: () => true });
 * const { matrices } = forwardCost(inspection, { head: {}, neuron: {} }, 10);
 * console.assert(matrices.dense === 40 && matrices.structured === 20 && matrices.sparse === 20);
 * ```
 */
export function forwardCost(inspection: Inspection, groups: NetworkGroups, tokens: number): ForwardCost {
  const layers = Object.keys(inspection.layers);
  const matrices = inspection.tensors.filter(({ prunable, shape }) => prunable && shape.length === 2)
    .map((tensor): MultiplyAdds => {
      const seen = layers.some((layer) => tensor.name.startsWith(`${layer}.`)) ? tokens : 1;
      return {
        dense: seen * tensor.elements,
        structured: seen * used(tensor.rows!) * used(tensor.columns!),
        sparse: seen * (tensor.elements - tensor.zeros),
      };
    });
  const attention = Object.entries(groups.head).map(([layer, { count, parts }]): MultiplyAdds => {
    const each = 2 * tokens * tokens * parts[0]!.size;
    const left = each * (count - (inspection.layers[layer]?.heads?.zero ?? 0));
    return { dense: each * count, structured: left, sparse: left };
  });
  return { matrices: sum(matrices), attention: sum(attention), total: sum([...matrices, ...attention]) };
}

function used({ count, zero }: NonNullable<InspectedTensor["rows"]>): number {
  return count - zero;
}

function sum(parts: readonly MultiplyAdds[]): MultiplyAdds {
  return parts.reduce((a, b) => ({
    dense: a.dense + b.dense,
    structured: a.structured + b.structured,
    sparse: a.sparse + b.sparse,
  }), { dense: 0, structured: 0, sparse: 0 });
}

/**
 * Tokens of a model's input: of an image, its patches with the class token (and DeiT's distillation token); of a text, at
 * most as many as the model takes.
 */
export function tokensOf(network: Pick<Network, "config" | "image" | "maxTokens">): number {
  const { config, image, maxTokens = 512 } = network;
  if (!image) return maxTokens;
  const vision = (config.vision_config ?? config) as { readonly patch_size?: number };
  const special = config.model_type === "deit" ? 2 : 1;
  return (image[1] / (vision.patch_size ?? 16)) ** 2 + special;
}
