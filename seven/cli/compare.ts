/**
 * The command `compare`: finished runs side by side.
 *
 * @module
 */
import type { Command } from "commander";
import type { Io } from "./io.ts";
import { readRecord, type RunRecord } from "./record.ts";
import { finishedRuns } from "./report/command.ts";
import { count, duration, metricText, percent, table } from "./table.ts";

/** Registers `compare`. */
export function addCompareCommand(root: Command, io: Io): void {
  root.command("compare")
    .description("Prints finished runs side by side: the best of each task and sparsity first.")
    .argument("<folders...>", "run folders, or folders of run folders")
    .option("--json", "prints JSON")
    .action(async (paths: readonly string[], { json = false }: { readonly json?: boolean }) => {
      const folders = await finishedRuns("compare", paths);
      const runs = folders.map((folder) => ({ folder, record: readRecord(folder)! })).sort(order);
      if (json) io.out(JSON.stringify(runs, null, 2));
      else table([heading, ...runs.map(rowOf)], "left").forEach(io.out);
    });
}

interface Run {
  readonly folder: string;
  readonly record: RunRecord;
}

const heading = ["task", "method", "sparsity", "kept", "metric", "dense", "pruned", "seed", "steps", "time", "folder"];

function rowOf({ folder, record: { method, seed, steps, seconds, options, result } }: Run): readonly string[] {
  const { metric, dense, pruned, sparsity, kept } = result;
  const [before, after] = [dense, pruned].map((value) => metricText(metric, value)) as [string, string];
  const numbers = [percent(sparsity), count(kept), metric, before, after, `${seed}`, count(steps)];
  return [options.task, method, ...numbers, duration(seconds.pruning), folder];
}

/** By task, by sparsity, the best first. */
function order({ record: a }: Run, { record: b }: Run): number {
  const sign = a.result.metric === "loss" || a.result.metric === "mse" ? -1 : 1;
  return a.options.task.localeCompare(b.options.task, "en") || a.options.sparsity - b.options.sparsity ||
    sign * (b.result.pruned - a.result.pruned);
}
