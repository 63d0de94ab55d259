/** Sweeps whose cells have come to what a test says, without any run. */

import type { Cell } from "../../../seven/cli/sweep/cells.ts";
import { recordWith } from "../report/support.ts";

/** What a cell came to. */
export type Outcome = readonly [options: Record<string, unknown>, pruned: number, dense?: number, heldOut?: HeldOut];

/** What its best state came to on held-out rows and on the others. */
export type HeldOut = readonly [validation: number, pruned: number];

/** Writes a sweep whose cells have come to something; those without a number are not finished. */
export async function sweepOf(folder: string, outcomes: readonly Outcome[]): Promise<void> {
  const cells = outcomes.map(([options], index): Cell => ({ index, id: `${index}`.padStart(16, "0"), options }));
  await Deno.writeTextFile(`${folder}/cells.json`, JSON.stringify({ schema: 1, directory: folder, cells }));
  for (const [i, [given, pruned, dense = 0.9, heldOut]] of outcomes.entries()) {
    if (Number.isNaN(pruned)) continue;
    const { metric = "accuracy", ...told } = given as {
      readonly metric?: string;
      readonly method: string;
      seed: number;
    };
    const base = recordWith();
    const options = { ...base.options, ...told, method: [told.method] } as typeof base.options;
    const { sparsity } = options;
    const best = heldOut
      ? { best: { step: 30, sparsity, validation: { [metric]: heldOut[0] }, pruned: heldOut[1], metrics: {} } }
      : {};
    const result = { ...base.result, metric, pruned, dense, sparsity, ...best };
    const record = { ...base, method: told.method, seed: told.seed, result, options };
    await Deno.mkdir(`${folder}/runs/${cells[i]!.id}`, { recursive: true });
    await Deno.writeTextFile(`${folder}/runs/${cells[i]!.id}/run.json`, JSON.stringify(record));
  }
}
