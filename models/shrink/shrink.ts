/**
 * Making a model physically smaller: heads and neurons that pruning left without effect are cut out of its matrices.
 *
 * @module
 */
import type { HostTensor } from "../../engine/mod.ts";
import { CheckpointError } from "../config_file.ts";
import type { GroupSet, Network } from "../network.ts";
import { type LayerChange, shrunkConfig, type ShrunkReader, type SizeChange } from "./config.ts";
import { biasOf, foldColumns, withoutGroups } from "./cut.ts";
import { hostActivation, matricesOf, type Removable, removable } from "./plan.ts";
import { shrinkTarget } from "./target.ts";

export type { LayerChange, ShrunkReader, SizeChange } from "./config.ts";

/**
 * How far a model is shrunk:
 *
 * - "smallest": all that can go goes, layer by layer; as a rule only this library reads the result;
 * - "pruned_heads": every layer loses as many neurons as the one that can lose fewest; heads go as they can, and the
 *   configuration says which by `pruned_heads`. Transformers 4 reads the result;
 * - "transformers": heads, too, go in equal numbers, where the model's configuration can say so at all: a BERT keeps its
 *   heads, since their width is `hidden_size / num_attention_heads` there. Transformers reads the result, of a ViT with
 *   fewer heads transformers 5.
 */
export type ShrinkLayout = "smallest" | "pruned_heads" | "transformers";

/** How to shrink. */
export interface ShrinkOptions {
  /** How far; "smallest". */
  readonly layout?: ShrinkLayout;
}

/** A smaller model. */
export interface Shrunk {
  /** Its parameters; those that did not change are the given ones, not copies. */
  readonly params: Readonly<Record<string, HostTensor>>;
  /** Its `config.json`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** What each layer had and has lost, by the prefix of its names. */
  readonly layers: Readonly<Record<string, LayerChange>>;
  /** Elements of all parameters. */
  readonly elements: { readonly before: number; readonly after: number };
  /** The least that reads it. */
  readonly reader: ShrunkReader;
  /** The same as a sentence. */
  readonly readerNote: string;
}

/**
 * Removes attention heads and feed-forward neurons that have no effect, or a constant one, which moves into the bias
 * behind them. `models/shrink_plan.ts` has the conditions. Outputs stay the same but for rounding; while training,
 * dropout of attention weights makes a head whose values are constant waver, and a bias does not.
 *
 * A layer keeps one head and one neuron even if all of them could go: no loader knows layers without.
 *
 * @param network The model, with the parameters that are to be shrunk. A BERT, ViT or DeiT.
 * @param options How far.
 * @returns The smaller model, for `networkOf`, or to be written as a checkpoint.
 * @throws {CheckpointError} for another kind of model, or parameters that are not those of its groups.
 *
 * @example
 * ```ts
 * import { networkOf, shrink, smallViT } from "@sentinel/seven/models";
 *
 * const { config } = smallViT([1, 8, 8], 2);
 * const request = { head: "classification", labels: ["0", "1"], seed: 1 } as const;
 * const network = await networkOf({ name: "small", config, params: {} }, request);
 * // Neurons 0 to 9 of every layer see nothing.
 * for (const { parts } of Object.values(network.groups.neuron)) {
 *   network.params[parts[0].tensor].data.fill(0, 0, 10 * 48);
 * }
 * const shrunk = await shrink(network);
 * console.assert(shrunk.config.intermediate_size === 86 && shrunk.reader === "transformers");
 * ```
 */
export async function shrink(network: Network, options: ShrinkOptions = {}): Promise<Shrunk> {
  const { layout = "smallest" } = options;
  const { groups, name } = network;
  const target = shrinkTarget(network);
  const act = hostActivation(target.activation);
  const layers = Object.keys(groups.head);
  const found: { heads: Removable; neurons: Removable }[] = [];
  for (const layer of layers) {
    const neurons = groups.neuron[layer];
    if (!neurons) throw new CheckpointError(`${name}: ${layer} has heads but no neurons; give the model's own groups`);
    found.push({
      heads: await removable(network.params, groups.head[layer]!, layer),
      neurons: await removable(network.params, neurons, layer, act),
    });
  }
  const limits = limitsOf(layout, target.ownHeadSize, found);
  const changes = found.map(({ heads, neurons }): LayerChange => ({
    heads: change(heads, limits.heads),
    neurons: change(neurons, limits.neurons),
  }));

  const params: Record<string, HostTensor> = { ...network.params };
  layers.forEach((layer, i) => {
    remove(params, groups.head[layer]!, layer, found[i]!.heads, changes[i]!.heads.removed);
    remove(params, groups.neuron[layer]!, layer, found[i]!.neurons, changes[i]!.neurons.removed);
  });
  const { config, reader, readerNote } = shrunkConfig(
    network.config,
    target.sizes,
    target.headSize,
    target.ownHeadSize && layout !== "pruned_heads",
    changes,
  );
  const count = (tensors: Readonly<Record<string, HostTensor>>): number =>
    Object.values(tensors).reduce((sum, { data }) => sum + data.length, 0);
  return {
    params,
    config,
    layers: Object.fromEntries(layers.map((layer, i) => [layer, changes[i]!])),
    elements: { before: count(network.params), after: count(params) },
    reader,
    readerNote,
  };
}

/** The most heads and neurons that a layer may lose. */
function limitsOf(
  layout: ShrinkLayout,
  ownHeadSize: boolean,
  found: readonly { readonly heads: Removable; readonly neurons: Removable }[],
): { readonly heads: number; readonly neurons: number } {
  const least = (kind: "heads" | "neurons"): number =>
    Math.min(...found.map((layer) => change(layer[kind], Infinity).removed.length));
  return {
    heads: layout !== "transformers" ? Infinity : ownHeadSize ? least("heads") : 0,
    neurons: layout === "smallest" ? Infinity : least("neurons"),
  };
}

/** What goes: the first of those that can, one being left. */
function change({ count, groups }: Removable, limit: number): SizeChange {
  return { before: count, removed: groups.slice(0, Math.min(limit, count - 1)) };
}

/** Cuts groups out of all tensors of their set, and puts what they always said into the bias behind them. */
function remove(
  params: Record<string, HostTensor>,
  set: GroupSet,
  layer: string,
  { constants }: Removable,
  removed: readonly number[],
): void {
  if (removed.length === 0) return;
  const { columns } = matricesOf(set, layer);
  const gone = new Set(removed);
  const groupOf = (column: number): number => Math.floor((column - (columns.start ?? 0)) / columns.size);
  const folded = new Map([...constants].filter(([column]) => gone.has(groupOf(column))));
  const bias = biasOf(columns.tensor);
  if (folded.size > 0) params[bias] = foldColumns(params[bias]!, params[columns.tensor]!, folded);
  for (const part of set.parts) {
    params[part.tensor] = withoutGroups(params[part.tensor]!, part, removed);
    const own = biasOf(part.tensor);
    if (part.axis === 0 && params[own]) params[own] = withoutGroups(params[own]!, part, removed);
  }
}
