/**
 * The command `sweep` and what it has below it.
 *
 * @module
 */
import { type Command, Option } from "commander";
import type { Io } from "../io.ts";
import { listOf, oneOf, whole } from "../values.ts";
import { cellCommand, type CellOptions } from "./cell.ts";
import { planCommand } from "./plan.ts";
import { reportCommand, type ReportOptions } from "./report.ts";
import { runCommand, type RunOptions } from "./run.ts";
import { statusCommand } from "./status.ts";
import { submitCommand, type SubmitOptions } from "./submit.ts";
import { settingsKinds } from "./tuning.ts";

const examples = `
Examples:
  deno task sweep plan grid.json --out sweeps/vit
  deno task sweep run sweeps/vit --jobs 2
  deno task sweep submit sweeps/vit --engine slurm --time 02:00:00 --cpus 4 --concurrency 20
  deno task sweep status sweeps/vit
  deno task sweep report sweeps/vit

Everything of a sweep lies in its folder: cells.json, and runs/<id> for each cell, named by what it is and not by when it
ran. Any of these commands may be stopped and given again; what is finished is never run twice.`;

const planHelp = `
grid.json:
  {
    "base": { "model": "vit-mnist", "data": "mnist", "task": "mnist", "steps": 300 },
    "grid": { "method": ["seven-pre", "magnitude", "random"], "sparsity": [0.8, 0.9, 0.95], "seed": [1, 2, 3] },
    "cells": [{ "method": "lottery", "sparsity": 0.9, "rounds": 3 }]
  }

Options are those of --config files. Under "grid" every option has a list, and every combination is a cell; "cells" are
further ones. A name that is no option has objects, whose options are set together:
    "on": [{ "task": "sst2", "data": "glue/SST-2" }, { "task": "rte", "data": "glue/RTE" }]
The first name varies slowest, but for the seed, which is the slowest of all, so that every method has one seed before
any has two; "order": ["task", "seed"] says otherwise. Relative paths begin where the sweep was planned.

To plan again with another grid keeps the runs of cells that both have, and says which are new or gone.`;

const cellHelp = `
The number is that of --index, or of SLURM_ARRAY_TASK_ID, or of JOB_COMPLETION_INDEX. A cell that is finished is not run
again; one that was stopped goes on, to the same bits. On SIGTERM it saves its state and exits by 75. One process at a
time has a cell: another exits by 75 as well, and may be tried again. A lock counts while its process gives a sign of
life; after 60 s without one it is taken over, and on the same machine at once.

As an Indexed Job of Kubernetes, on a volume that all pods share:
  spec: { completionMode: Indexed, completions: 27, parallelism: 9, backoffLimitPerIndex: 6, template: { spec: {
    restartPolicy: Never, terminationGracePeriodSeconds: 120, containers: [{ name: cell, image: ...,
    command: [deno, task, sweep, cell, /sweeps/vit], volumeMounts: [{ name: sweeps, mountPath: /sweeps }] }], ... } } }`;

const settingsText = "other options that vary: tables, rows, tuned (default: tables)";

const reportHelp = `
Where cells of a method differ in other options than sparsity, seed and task, --settings says what becomes of these:
  tables  a table for each setting
  rows    a row for each setting in one table, compared with the setting that most cells have: for ablations
  tuned   of the settings of a method at a sparsity the one whose mean over seeds is best on training rows that were held
          out, judged by the data that are reported only then; cells need "validateEvery"

Examples:
  deno task sweep report sweeps/vit --baseline platon,movement
  deno task sweep report sweeps/rates --settings tuned`;

const submitHelp = `
Examples:
  deno task sweep submit sweeps/vit --engine slurm --time 02:00:00 --cpus 4 --partition gpu --sbatch=--gres=gpu:1
  deno task sweep submit sweeps/vit --engine slurm --print | sbatch

The array has the cells that are neither finished nor being run. A minute before its time is up a cell saves its state
and is queued again, as it is when its node goes down. Folder, models, data and Deno have to be where all nodes see them.
The greatest number of a cell is below the cluster's MaxArraySize.`;

/**
 * Adds the command.
 *
 * @param root The program.
 * @param io Where results and progress go.
 */
export function addSweepCommand(root: Command, io: Io): void {
  const sweep = root.command("sweep")
    .description("Runs methods, sparsities, tasks and seeds against each other, here or on a cluster, and reports.")
    .addHelpText("after", examples);
  sweep.command("plan").argument("<grid.json>", "what varies")
    .description("Makes the list of cells and checks every one of them.")
    .requiredOption("--out <folder>", "folder of the sweep")
    .addHelpText("after", planHelp)
    .action((path: string, given: { readonly out: string }) => planCommand(path, given, io));
  sweep.command("cell").argument("<folder>", "folder of the sweep")
    .description("Runs one cell, or goes on with it.")
    .addOption(option("--index <number>", "number of the cell, from 0 (default: that of the array task)", whole(0)))
    .option("--quiet", "no progress, results only")
    .addHelpText("after", cellHelp)
    .action((path: string, given: CellOptions) => cellCommand(path, given, io));
  sweep.command("run").argument("<folder>", "folder of the sweep")
    .description("Runs all cells on this machine. One that fails does not stop the others.")
    .addOption(option("--jobs <count>", "cells at a time, each in a process of its own (default: 1)", whole(1, 1024)))
    .option("--quiet", "no progress within cells")
    .action((path: string, given: RunOptions) => runCommand(path, given, io));
  sweep.command("status").argument("<folder>", "folder of the sweep")
    .description("Says which cells are finished, and which are left to run.")
    .option("--json", "prints JSON")
    .action((path: string, given: { readonly json?: boolean }) => statusCommand(path, given, io));
  sweep.command("report").argument("<folder>", "folder of the sweep")
    .description("Tables and figures of the cells that are finished: Markdown, CSV, SVG.")
    .option("--out <file>", "Markdown file; the others lie beside it (default: report.md in the folder)")
    .addOption(option("--method <names>", "methods to report on (default: all that were run)", listOf()))
    .addOption(option("--baseline <names>", "methods to compare with (default: magnitude and random)", listOf()))
    .addOption(option("--settings <kind>", settingsText, oneOf(settingsKinds)))
    .addHelpText("after", reportHelp)
    .action((path: string, given: ReportOptions) => reportCommand(path, given, io));
  sweep.command("submit").argument("<folder>", "folder of the sweep")
    .description("Submits the cells that are left as an array of Slurm.")
    .addOption(option("--engine <name>", "what runs them: slurm", oneOf(["slurm"])).makeOptionMandatory())
    .option("--print", "print the script, and submit nothing")
    .option("--time <time>", "time of a cell at most, as Slurm has it, such as 02:00:00")
    .addOption(option("--cpus <count>", "cores of a cell", whole(1, 4096)))
    .option("--partition <name>", "partition of the cluster")
    .addOption(option("--concurrency <count>", "cells at a time", whole(1)))
    .addOption(option("--sbatch <option>", "a further option of sbatch; may be given again", (
      text: string,
      before: readonly string[] = [],
    ) => [...before, text]))
    .addHelpText("after", submitHelp)
    .action((path: string, given: SubmitOptions) => submitCommand(path, given, io));
}

function option(flags: string, description: string, parser: unknown): Option {
  return new Option(flags, description).argParser(parser as (text: string, previous: unknown) => unknown);
}
