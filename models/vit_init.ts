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
  keyFromSeed,
  literal,
  openDevice,
  type Tensor,
  truncatedNormalInit,
} from "../engine/mod.ts";
import { type ViTConfig, viTShapes } from "./vit.ts";

/**
 * Draws fresh parameters: matrices, class token and positions from a normal of deviation `initializer_range` cut at two
 * deviations, biases 0, norms the identity, as Hugging Face starts a ViT (whose cut lies at 2, so hardly cuts).
 *
 * The numbers are always drawn on the cpu device, whichever device they go to then: a seed is one model everywhere. Each
 * parameter has a random key of its own, by its position in the list of shapes.
 *
 * @param config The model.
 * @param seed A whole number from 0 to 2^53 - 1.
 * @returns Parameters by checkpoint name.
 * @throws {RangeError} for another seed.
 */
export async function initViT(config: ViTConfig, seed: number): Promise<Record<string, HostTensor>> {
  const key = keyFromSeed(seed);
  const shapes = Object.entries(viTShapes(config));
  const draw = truncatedNormalInit(config.initializer_range);
  using device = await openDevice("cpu");
  const drawn = await device.read((): Record<string, Tensor> => {
    const root = literal(key);
    return Object.fromEntries(shapes.map(([name, shape], site): [string, Tensor] => [
      name,
      name.endsWith(".bias")
        ? constant(0, shape)
        : isNormWeight(name)
        ? constant(1, shape)
        : draw(foldIn(root, site), shape),
    ]));
  });
  return Object.fromEntries(shapes.map(([name, shape]) => {
    const value = drawn[name]!;
    return [name, typeof value === "number" ? hostTensor(Float32Array.of(value), shape) : value];
  }));
}

function isNormWeight(name: string): boolean {
  return /\.layernorm(_before|_after)?\.weight$/.test(name);
}
