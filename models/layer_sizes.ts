/**
 * Layers of different sizes: what `config.json` says of a model from which heads or neurons were removed.
 *
 * @module
 */
import { z } from "zod";
import { positive } from "./config.ts";

/** What a configuration may say of single layers. */
export interface LayerSizesConfig {
  /**
   * Heads that were removed, by number of the layer: numbers of heads as they were among `num_attention_heads`. As
   * transformers 4 writes and reads it; transformers 5 knows no such models.
   */
  readonly pruned_heads?: Readonly<Record<string, readonly number[]>>;
  /**
   * Width inside of the feed-forward part of each layer, in place of `intermediate_size`. Read by this library only.
   */
  readonly intermediate_sizes?: readonly number[];
}

/** A configuration, as much of it as sizes of layers need. */
export interface SizedConfig extends LayerSizesConfig {
  /** Layers. */
  readonly num_hidden_layers: number;
  /** Heads of a layer, those that were removed included. */
  readonly num_attention_heads: number;
  /** Width inside of the feed-forward part, where no layer has its own. */
  readonly intermediate_size: number;
}

/** The two members, for schemas. */
export const layerSizesFields: {
  readonly pruned_heads: z.ZodOptional<z.ZodNullable<z.ZodRecord<z.ZodString, z.ZodArray<z.ZodNumber>>>>;
  readonly intermediate_sizes: z.ZodOptional<z.ZodNullable<z.ZodArray<z.ZodNumber>>>;
} = {
  pruned_heads: z.record(z.string(), z.array(z.number().int().nonnegative())).nullish(),
  intermediate_sizes: z.array(positive).nullish(),
};

/**
 * Checks what a configuration says of single layers.
 *
 * @param config The configuration as it was read.
 * @param fail Makes the error.
 * @returns What differs from layer to layer; nothing of an ordinary model.
 * @throws What `fail` makes, for layers or heads that there are not, a layer without a head, or too few sizes.
 */
export function checkLayerSizes(
  config: Omit<SizedConfig, keyof LayerSizesConfig> & { [K in keyof LayerSizesConfig]?: LayerSizesConfig[K] | null },
  fail: (fault: string) => Error,
): LayerSizesConfig {
  const { num_hidden_layers: layers, num_attention_heads: heads, pruned_heads, intermediate_sizes } = config;
  const pruned = Object.entries(pruned_heads ?? {}).filter(([, removed]) => removed.length > 0);
  for (const [layer, removed] of pruned) {
    if (!/^(0|[1-9]\d*)$/.test(layer) || Number(layer) >= layers) {
      throw fail(`pruned_heads has ${JSON.stringify(layer)}, which is no layer of 0 to ${layers - 1}; correct it`);
    }
    const last = removed.find((head) => head >= heads);
    if (last !== undefined) {
      throw fail(`pruned_heads of layer ${layer} has ${last}, but heads are 0 to ${heads - 1}; correct it`);
    }
    if (new Set(removed).size !== removed.length) {
      throw fail(`pruned_heads of layer ${layer} has a head twice; name each once`);
    }
    if (removed.length === heads) throw fail(`pruned_heads of layer ${layer} has all ${heads} heads; leave one`);
  }
  if (intermediate_sizes && intermediate_sizes.length !== layers) {
    throw fail(`intermediate_sizes has ${intermediate_sizes.length} sizes for ${layers} layers; give one for each`);
  }
  return {
    ...(pruned.length > 0 ? { pruned_heads: Object.fromEntries(pruned) } : {}),
    ...(intermediate_sizes ? { intermediate_sizes } : {}),
  };
}

/** Heads of layer `i`. */
export function headsOf({ num_attention_heads, pruned_heads }: SizedConfig, i: number): number {
  return num_attention_heads - (pruned_heads?.[i]?.length ?? 0);
}

/** Width inside of the feed-forward part of layer `i`. */
export function neuronsOf({ intermediate_size, intermediate_sizes }: SizedConfig, i: number): number {
  return intermediate_sizes?.[i] ?? intermediate_size;
}
