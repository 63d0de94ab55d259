/**
 * The options of `sensitivity`.
 *
 * @module
 */
import { modelDefaults, modelOptionLines, type ModelOptions } from "../model_options.ts";
import type { OptionLine } from "../option_lines.ts";
import { listOf, oneOf, positive, whole } from "../values.ts";
import { type GroupBy, groupings } from "./groups.ts";
import { criterionNames } from "./scores.ts";
import { shareList } from "./shares.ts";

/** What `sensitivity` was asked for. */
export interface SensitivityOptions extends ModelOptions {
  /** Name of the task, or a file that describes one. */
  readonly task: string;
  /** Folder or repository of the task's data. */
  readonly data?: string;
  /** Shares to remove, ascending. */
  readonly sparsities: readonly number[];
  /** What is pruned together. */
  readonly by: GroupBy;
  /** What says which weights go first. */
  readonly criterion: string;
  /** Patterns of names: other weights are left alone. */
  readonly include?: readonly string[];
  /** Patterns of names of weights that are left alone. */
  readonly exclude?: readonly string[];
  /** Rows to evaluate on; all where the head is for spans. */
  readonly rows?: number;
  /** The metric; the task's first. */
  readonly metric?: string;
  /** How much of the metric may be lost where limits are advised. */
  readonly tolerance: number;
  /** Training batches that a criterion looks at. */
  readonly batches: number;
  /** Rows of such a batch. */
  readonly batch: number;
  /** Seed of the choice of rows, of batches and of random scores. */
  readonly seed: number;
}

/** Rows to evaluate on. */
export const usualRows = 500;

/** What is done where nothing else is asked for. */
export const sensitivityDefaults: Omit<SensitivityOptions, "model" | "task"> = {
  ...modelDefaults,
  sparsities: [0.2, 0.4, 0.6, 0.8, 0.9],
  by: "layer",
  criterion: "magnitude",
  tolerance: 0.01,
  batches: 8,
  batch: 32,
  seed: 1,
};

/** The options as the help shows them. */
export const sensitivityOptions: readonly OptionLine[] = [
  ["--data <folder>", "data of the task, or hf:owner/name of the hub"],
  ["--sparsities <shares>", `shares to remove (default: ${sensitivityDefaults.sparsities.join()})`, shareList()],
  ["--by <kind>", `what is pruned together, of ${groupings.join(", ")} (default: layer)`, oneOf(groupings)],
  [
    "--criterion <name>",
    `what goes first, by ${criterionNames.join(", ")} (default: magnitude)`,
    oneOf(criterionNames),
  ],
  ["--include <patterns>", "only weights of these names: * and ? stand for letters, or /regex/", listOf()],
  ["--exclude <patterns>", "no weights of these names", listOf()],
  ["--rows <count>", `rows to evaluate on, drawn by the seed (default: ${usualRows})`, whole(1)],
  ["--metric <name>", "metric of the task (default: its first)"],
  ["--tolerance <amount>", "what may be lost where limits are advised (default: 0.01)", positive({ zero: true })],
  ["--batches <count>", "training batches that gradients are taken of (default: 8)", whole(1, 65536)],
  ["--batch <rows>", "rows of such a batch (default: 32)", whole(1, 65536)],
  ["--seed <number>", "seed of rows, batches and random scores (default: 1)", whole(0)],
  ...modelOptionLines,
];
