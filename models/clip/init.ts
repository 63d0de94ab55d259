/**
 * Parameters of a CLIP that has not been trained.
 *
 * @module
 */
import { type HostTensor, type Initializer, normalInit } from "../../engine/mod.ts";
import type { ClipConfig } from "./config.ts";
import { clipClassifierShapes, clipShapes } from "./names.ts";
import { drawParameters } from "../vit/init.ts";

/**
 * Draws fresh parameters from normals whose deviations depend on width and depth, as Hugging Face starts a CLIP; biases
 * 0, norms the identity, `logit_scale` its `logit_scale_init_value`.
 *
 * The numbers are always drawn on the cpu device, whichever device they go to then: a seed is one model everywhere. Each
 * parameter has a random key of its own, by its position in the list of shapes.
 *
 * @param config The model.
 * @param seed A whole number from 0 to 2^53 - 1.
 * @returns Parameters by checkpoint name: those of `clipShapes`.
 * @throws {RangeError} for another seed.
 */
export function initClip(config: ClipConfig, seed: number): Promise<Record<string, HostTensor>> {
  return drawParameters(clipShapes(config), (name) => clipStart(config, name), seed, () => true);
}

/**
 * Draws fresh parameters of a classifier over the tower of images, as {@linkcode initClip} does.
 *
 * @param config The model.
 * @param seed A whole number from 0 to 2^53 - 1.
 * @param wanted Names to draw; all by default. The same numbers, and nothing else is drawn.
 * @returns Parameters by checkpoint name: those of `clipClassifierShapes`.
 * @throws {RangeError} for another seed.
 */
export function initClipClassifier(
  config: ClipConfig,
  seed: number,
  wanted: (name: string) => boolean = () => true,
): Promise<Record<string, HostTensor>> {
  return drawParameters(clipClassifierShapes(config), (name) => clipStart(config, name), seed, wanted);
}

function clipStart(config: ClipConfig, name: string): Initializer | number {
  if (name === "logit_scale") return config.logit_scale_init_value;
  if (name.endsWith(".bias")) return 0;
  if (/(^|[._])(layer_?norm|layrnorm)[12]?\.weight$/.test(name)) return 1;
  return normalInit(clipDeviation(config, name));
}

/** Standard deviation of a fresh weight. */
export function clipDeviation(config: ClipConfig, name: string): number {
  const isText = name.startsWith("text_");
  const tower = isText ? config.text_config : config.vision_config;
  const width = tower.hidden_size ** -0.5;
  // Each layer adds to the residual stream twice: what enters it is kept small by the number of such sums.
  const depth = (2 * tower.num_hidden_layers) ** -0.5;
  const factor = tower.initializer_factor;
  if (/_projection\.weight$|^classifier\.weight$/.test(name)) return width * config.initializer_factor;
  if (/\.class_embedding$/.test(name)) return width * factor;
  if (/_embedding\.weight$/.test(name)) return (isText ? 0.02 : tower.initializer_range) * factor;
  if (/\.([qkv]_proj|fc2)\.weight$/.test(name)) return width * depth * factor;
  return /\.fc1\.weight$/.test(name) ? width * Math.SQRT1_2 * factor : width * factor;
}
