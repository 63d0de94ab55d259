/**
 * The heads and neurons of a transformer's layers.
 *
 * @module
 */
import type { GroupSet, NetworkGroups } from "../network.ts";

/** Names of the matrices of a layer, and their sizes. */
export interface LayerNames {
  /** Projections to queries, keys and values. */
  readonly projections: readonly string[];
  /** Projection of what the heads heard. */
  readonly output: string;
  /** First and second matrix of the feed-forward part. */
  readonly feedForward: readonly [first: string, second: string];
}

/** Sizes of layers: of all of them, or by number. */
export interface LayerSizes {
  /** Layers. */
  readonly layers: number;
  /** Heads of a layer. */
  readonly heads: number | ((layer: number) => number);
  /** Width of a head. */
  readonly headSize: number;
  /** Feed-forward neurons of a layer. */
  readonly neurons: number | ((layer: number) => number);
}

/**
 * Groups of the layers of a transformer.
 *
 * @param prefix Name of layer `i`, such as `bert.encoder.layer.3`: the name of its sets.
 * @param names Names of the matrices below it, without `.weight`.
 */
export function layerGroups(prefix: (i: number) => string, names: LayerNames, sizes: LayerSizes): NetworkGroups {
  const at = (size: number | ((layer: number) => number), i: number) => typeof size === "number" ? size : size(i);
  const head: Record<string, GroupSet> = {}, neuron: Record<string, GroupSet> = {};
  for (let i = 0; i < sizes.layers; i++) {
    const layer = prefix(i);
    const part = (name: string, axis: 0 | 1, size: number) => ({ tensor: `${layer}.${name}.weight`, axis, size });
    const [first, second] = names.feedForward;
    head[layer] = {
      count: at(sizes.heads, i),
      parts: [
        ...names.projections.map((name) => part(name, 0, sizes.headSize)),
        part(names.output, 1, sizes.headSize),
      ],
    };
    neuron[layer] = { count: at(sizes.neurons, i), parts: [part(first, 0, 1), part(second, 1, 1)] };
  }
  return { head, neuron };
}
