/** The command `sensitivity` in tests, and a tiny ViT of two layers. */

import { type Network, networkOf } from "../../../models/mod.ts";
import { type Outcome, run, tinyConfig } from "../support.ts";

/** Runs the command. */
export async function sensitivity(...args: string[]): Promise<Outcome> {
  return await run(["sensitivity", "--device", "cpu", ...args]);
}

/** A ViT of two layers for ten classes. */
export async function tinyNetwork(): Promise<Network> {
  const config = { ...JSON.parse(tinyConfig), num_hidden_layers: 2 };
  const labels = Array.from({ length: 10 }, (_, i) => `${i}`);
  return await networkOf({ name: "tiny", config, params: {} }, { head: "classification", labels, seed: 1 });
}
