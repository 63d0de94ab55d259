/**
 * Parameters of a ViT that has not been trained.
 *
 * @module
 */

import {
  constant,
  foldIn,
  type HostTensor,
  hostTensor,
  type Initializer,
  keyFromSeed,
  literal,
  openDevice,
  scoped,
  type Tensor,
  truncatedNormalInit,
} from "../../engine/mod.ts";
import { type ViTConfig, viTShapes } from "./config.ts";

/**
 * Draws fresh parameters: matrices, tokens and positions from a normal of deviation `initializer_range` cut at two
 * deviations, biases 0, norms the identity, as Hugging Face starts a ViT (whose cut lies at 2, so hardly cuts). A DeiT
 * starts the same way, as in its authors' code; Hugging Face leaves its tokens and positions 0.
 *
 * The numbers are always drawn on the cpu device, whichever device they go to then: a seed is one model everywhere. Each
 * parameter has a random key of its own, by its position in the list of shapes.
 *
 * @param config The model.
 * @param seed A whole number from 0 to 2^53 - 1.
 * @returns Parameters by checkpoint name.
 * @throws {RangeError} for another seed.
 */
export function initViT(config: ViTConfig, seed: number): Promise<Record<string, HostTensor>> {
  return drawViT(config, seed, () => true);
}

/** Those parameters of {@linkcode initViT} whose names are wanted; the same numbers, and nothing else is drawn. */
export function drawViT(
  config: ViTConfig,
  seed: number,
  wanted: (name: string) => boolean,
): Promise<Record<string, HostTensor>> {
  const draw = truncatedNormalInit(config.initializer_range);
  const start = (name: string): Initializer | number =>
    name.endsWith(".bias") ? 0 : /\.layernorm(_before|_after)?\.weight$/.test(name) ? 1 : draw;
  return drawParameters(viTShapes(config), start, seed, wanted);
}

/**
 * Draws parameters on the cpu device, each with a random key of its own by its position in the list of shapes.
 *
 * @param shapes Shapes of all parameters by name.
 * @param start How a parameter starts: from numbers drawn, or from one number everywhere.
 * @param seed A whole number from 0 to 2^53 - 1.
 * @param wanted Names to draw.
 * @throws {RangeError} for another seed.
 */
export async function drawParameters(
  shapes: Readonly<Record<string, readonly number[]>>,
  start: (name: string) => Initializer | number,
  seed: number,
  wanted: (name: string) => boolean,
): Promise<Record<string, HostTensor>> {
  const key = keyFromSeed(seed);
  const sites = Object.entries(shapes).map(([name, shape], site) => ({ name, shape, site }));
  const chosen = sites.filter(({ name }) => wanted(name));
  if (chosen.length === 0) return {};
  const draw = (): Record<string, Tensor> => {
    const root = literal(key);
    return Object.fromEntries(chosen.map(({ name, shape, site }): [string, Tensor] => {
      const from = start(name);
      return [name, typeof from === "number" ? constant(from, shape) : from(foldIn(root, site), shape)];
    }));
  };
  const drawn = await scoped(await openDevice("cpu"), (device) => device.read(draw));
  return Object.fromEntries(chosen.map(({ name, shape }) => {
    const value = drawn[name]!;
    return [name, typeof value === "number" ? hostTensor(Float32Array.of(value), shape) : value];
  }));
}
