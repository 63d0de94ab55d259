/**
 * What is pruned together, and alone, to see how much a model minds.
 *
 * @module
 */
import type { Network } from "../../../models/mod.ts";

/** How weights are put together. */
export type GroupBy = "layer" | "tensor" | "kind";

/** All ways. */
export const groupings: readonly GroupBy[] = ["layer", "tensor", "kind"];

/** Weights that are pruned together. */
export interface WeightGroup {
  /** A pattern that matches the names of its tensors, as `--most-sparsity` takes it. */
  readonly pattern: string;
  /** Names of its tensors, in the model's order. */
  readonly tensors: readonly string[];
}

/**
 * Puts weights together: those of each layer of the encoder, each tensor by itself, or those that are called alike in
 * all layers. What lies in no layer is a group of its own.
 *
 * @param by How.
 * @param network The model.
 * @param names Names of the weights, in the model's order.
 */
export function weightGroups(by: GroupBy, network: Network, names: readonly string[]): WeightGroup[] {
  const layers = Object.keys(network.groups.neuron);
  const patternOf: Record<GroupBy, (name: string) => string> = {
    tensor: (name) => name,
    kind: (name) => name.replace(/(?<=\.)\d+(?=\.)/, "*"),
    layer: (name) => {
      const layer = layers.find((layer) => name.startsWith(`${layer}.`));
      return layer === undefined ? name : `${layer}.*`;
    },
  };
  return [...Map.groupBy(names, patternOf[by])].map(([pattern, tensors]) => ({ pattern, tensors }));
}
