/**
 * The configuration of a model without some of its heads and neurons, and who can read it.
 *
 * @module
 */
import type { SizedConfig } from "../layer_sizes.ts";

/**
 * The least that reads a model:
 *
 * - "transformers": its layers are of one size, as `config.json` says it. Where a ViT has fewer heads, that takes
 *   transformers 5, whose models know `head_dim`;
 * - "transformers with pruned_heads": layers have heads of their own, which transformers 4 reads and transformers 5 does
 *   not;
 * - "this library": layers have feed-forward widths of their own.
 *
 * Checked with transformers 4.46.3 and 5.23.0.
 */
export type ShrunkReader = "transformers" | "transformers with pruned_heads" | "this library";

/** What a layer has and loses of a kind. */
export interface SizeChange {
  /** Before. */
  readonly before: number;
  /** Numbers of those that go, as they were before. */
  readonly removed: readonly number[];
}

/** What a layer has and loses. */
export interface LayerChange {
  /** Attention heads. */
  readonly heads: SizeChange;
  /** Feed-forward neurons. */
  readonly neurons: SizeChange;
}

/** The configuration of a smaller model. */
export interface ShrunkConfig {
  /** `config.json`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The least that reads the model. */
  readonly reader: ShrunkReader;
  /** The same as a sentence. */
  readonly readerNote: string;
}

/**
 * Writes the configuration.
 *
 * @param config The configuration before, as JSON.
 * @param sizes Its sizes, with the defaults filled in.
 * @param headSize Width of a head.
 * @param ownHeadSize Whether the width of heads may be written (`head_dim`): then a model whose layers all have the same
 * number of heads is an ordinary one.
 * @param layers What each layer has and loses, in order.
 */
export function shrunkConfig(
  config: Readonly<Record<string, unknown>>,
  sizes: SizedConfig,
  headSize: number,
  ownHeadSize: boolean,
  layers: readonly LayerChange[],
): ShrunkConfig {
  const { pruned_heads: _, intermediate_sizes: __, ...rest } = config;
  const after = ({ before, removed }: SizeChange): number => before - removed.length;
  const [heads, neurons] = [layers.map(({ heads }) => after(heads)), layers.map(({ neurons }) => after(neurons))];
  const sameHeads = heads.every((count) => count === heads[0]);
  const sameNeurons = neurons.every((count) => count === neurons[0]);
  const ordinary = sameHeads && (ownHeadSize || heads[0] === sizes.num_attention_heads);
  const width = sameNeurons
    ? { intermediate_size: neurons[0] }
    : { intermediate_size: Math.max(...neurons), intermediate_sizes: neurons };
  const attention = !ordinary
    ? { pruned_heads: prunedHeads(sizes, layers) }
    : heads[0] === sizes.num_attention_heads
    ? {}
    : { num_attention_heads: heads[0], head_dim: headSize };
  const reader = !sameNeurons ? "this library" : ordinary ? "transformers" : "transformers with pruned_heads";
  const newer = reader === "transformers" && "head_dim" in attention;
  return { config: { ...rest, ...width, ...attention }, reader, readerNote: newer ? newerNote : readerNotes[reader] };
}

/** `pruned_heads`: numbers as they were before any head was removed. */
function prunedHeads(
  { num_attention_heads, pruned_heads = {} }: SizedConfig,
  layers: readonly LayerChange[],
): Record<string, number[]> {
  const entries = layers.map(({ heads }, layer): [string, number[]] => {
    const earlier = new Set(pruned_heads[layer] ?? []);
    const left = Array.from({ length: num_attention_heads }, (_, head) => head).filter((head) => !earlier.has(head));
    return [`${layer}`, [...earlier, ...heads.removed.map((head) => left[head]!)].sort((a, b) => a - b)];
  });
  return Object.fromEntries(entries.filter(([, removed]) => removed.length > 0));
}

/** What a user is to know of a reader. */
const readerNotes: Readonly<Record<ShrunkReader, string>> = {
  transformers: "transformers loads it: all layers are of one size, as config.json says",
  "transformers with pruned_heads":
    "transformers 4 loads it by pruned_heads in config.json; transformers 5, which knows no pruned_heads, does not",
  "this library": "this library loads it, transformers does not: layers differ in their feed-forward width " +
    "(intermediate_sizes in config.json)",
};
const newerNote = "transformers 5 loads it by num_attention_heads and head_dim in config.json; transformers 4, which " +
  "knows no head_dim, does not";
