/** Sweeps of a tiny ViT, and what is compared of them. */

import assert from "node:assert/strict";
import { contents, run, writeTiny } from "../support.ts";

/** A grid of a tiny model that learns a little in a second. */
export function tinyGrid(folder: string, grid: Readonly<Record<string, unknown>>, steps = 24): unknown {
  return {
    base: {
      model: `${folder}/tiny`,
      task: "digits",
      trainSteps: 12,
      trainLearningRate: 0.02,
      learningRate: 0.02,
      steps,
      pruneSteps: steps / 2,
      batch: 8,
      saveEvery: 4,
      device: "cpu",
    },
    grid,
  };
}

/** Writes the tiny model and a grid, and plans sweeps of it in folders. */
export async function planned(folder: string, grid: unknown, ...sweeps: readonly string[]): Promise<void> {
  await writeTiny(`${folder}/tiny`);
  await Deno.writeTextFile(`${folder}/grid.json`, JSON.stringify(grid));
  for (const sweep of sweeps) {
    const { code, err } = await run(["sweep", "plan", `${folder}/grid.json`, "--out", `${folder}/${sweep}`]);
    assert.equal(code, 0, err.join("\n"));
  }
}

/** The state of a sweep as `sweep status --json` has it. */
export async function statusOf(sweep: string): Promise<Record<string, unknown>> {
  const { code, out, err } = await run(["sweep", "status", sweep, "--json"]);
  assert.equal(code, 0, err.join("\n"));
  return JSON.parse(out.join("\n"));
}

/** What must be the same of two sweeps of one grid, however they were run: weights, masks, records, reports. */
export async function comparable(sweep: string): Promise<Record<string, string>> {
  const { code, err } = await run(["sweep", "report", sweep]);
  assert.equal(code, 0, err.join("\n"));
  const all = Object.entries(contents(sweep)).filter(([path]) => /^(runs|report)/.test(path));
  return Object.fromEntries(all.flatMap(([path, content]) => {
    if (path.endsWith("report.cells.csv")) return [[path, content.replaceAll(/,[^,\n]*$/gm, "")]];
    if (path.endsWith("report.md")) return [[path, content.replace(/ took .* in all/, "")]];
    // These have the place of the run, its times, and steps that only a break logs.
    if (/(recipe\.json|events\.jsonl|report\.html|timing\.json)$/.test(path)) return [];
    if (!path.endsWith("run.json")) return [[path, content]];
    const { seconds: _, dispatches: _d, options: { out: _o, quiet: _q, ...options }, ...record } = JSON.parse(content);
    return [[path, JSON.stringify({ ...record, options })]];
  }));
}
