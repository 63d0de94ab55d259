/**
 * Parameters of a BERT that has not been trained.
 *
 * @module
 */
import {
  constant,
  foldIn,
  type HostTensor,
  keyFromSeed,
  literal,
  normalInit,
  openDevice,
  scoped,
  type Tensor,
} from "../../engine/mod.ts";
import type { BertConfig } from "./config.ts";
import type { BertHead } from "./head.ts";
import { bertShapes } from "./names.ts";

/**
 * Draws fresh parameters: matrices and embeddings from a normal of deviation `initializer_range`, the embedding of
 * `pad_token_id` and biases 0, norms the identity, as Hugging Face starts a BERT.
 *
 * The numbers are always drawn on the cpu device, whichever device they go to then: a seed is one model everywhere. Each
 * parameter has a random key of its own, by its position in the list of shapes.
 *
 * @param config The model.
 * @param head What follows its encoder.
 * @param seed A whole number from 0 to 2^53 - 1.
 * @returns Parameters by checkpoint name.
 * @throws {RangeError} for another seed.
 */
export function initBert(config: BertConfig, head: BertHead, seed: number): Promise<Record<string, HostTensor>> {
  return drawBert(config, head, seed, () => true);
}

/** Those parameters of {@linkcode initBert} whose names are wanted; the same numbers, and nothing else is drawn. */
export async function drawBert(
  config: BertConfig,
  head: BertHead,
  seed: number,
  wanted: (name: string) => boolean,
): Promise<Record<string, HostTensor>> {
  const key = keyFromSeed(seed);
  const normal = normalInit(config.initializer_range);
  const draw = (): Record<string, Tensor> => {
    const root = literal(key);
    const parameters = Object.entries(bertShapes(config, head)).map(([name, shape], site): [string, Tensor] => [
      name,
      name.endsWith(".bias")
        ? constant(0, shape)
        : name.endsWith(".LayerNorm.weight")
        ? constant(1, shape)
        : normal(foldIn(root, site), shape),
    ]);
    return Object.fromEntries(parameters.filter(([name]) => wanted(name)));
  };
  const read = await scoped(await openDevice("cpu"), (device) => device.read(draw));
  const drawn = read as unknown as Record<string, HostTensor>;
  const { hidden_size: d, pad_token_id: pad } = config;
  const words = Object.entries(drawn).find(([name]) => name.endsWith(".word_embeddings.weight"))?.[1];
  if (words && pad !== null) words.data.fill(0, pad * d, (pad + 1) * d);
  return drawn;
}
