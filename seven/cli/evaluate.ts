/**
 * The command `evaluate`: a model's metrics on the whole evaluation data of a task.
 *
 * @module
 */
import type { Command } from "commander";
import { openDecoder } from "../../models/mod.ts";
import { commandDevice } from "./device.ts";
import { UsageError } from "./errors.ts";
import type { Io } from "./io.ts";
import { judgeParams } from "./judge.ts";
import { loadModel } from "./model.ts";
import { modelDefaults, modelOptionLines, type ModelOptions } from "./model_options.ts";
import { addOptions } from "./option_lines.ts";
import { count, metricText, table } from "./table.ts";
import { checkData, findTask } from "./task.ts";

/** What `evaluate` was asked for. */
interface EvaluateOptions extends ModelOptions {
  /** Name of the task, or a file that describes one. */
  readonly task: string;
  /** Folder or repository of the task's data. */
  readonly data?: string;
}

/**
 * Adds the command.
 *
 * @param root The program.
 * @param io Where results and progress go.
 */
export function addEvaluateCommand(root: Command, io: Io): void {
  const command = root.command("evaluate")
    .description("Prints the metrics of a model on the whole evaluation data of a task.")
    .requiredOption("--model <folder>", "checkpoint, or hf:owner/name of the hub")
    .requiredOption("--task <name>", "name of the task, or a JSON file that describes one")
    .option("--data <folder>", "data of the task, or hf:owner/name of the hub")
    .action((given: Pick<EvaluateOptions, "model" | "task">) => evaluateCommand({ ...modelDefaults, ...given }, io));
  addOptions(command, "Options:", modelOptionLines);
}

/**
 * Evaluates.
 *
 * @param options What was asked for.
 * @param io Where results and progress go.
 * @throws as `loadModel`.
 */
async function evaluateCommand(options: EvaluateOptions, io: Io): Promise<void> {
  const say = (line: string): void => options.quiet ? undefined : io.err(line);
  const task = await findTask(options.task);
  checkData(task, options.data);
  const { model: path, data, maxLength, imageSize } = options;
  using decoder = openDecoder();
  const model = await loadModel(task, {
    path,
    ...(data === undefined ? {} : { data }),
    ...(maxLength === undefined ? {} : { maxLength }),
    ...(imageSize === undefined ? {} : { imageSize }),
    images: { decoder, skipBroken: options.skipBroken },
    zeroShot: options.zeroShot,
    seed: 1,
    fresh: false,
    say,
  });
  const { fresh } = model.network;
  if (fresh.length > 0) {
    throw new UsageError(
      `--model ${path}: has no trained ${fresh.join(", ")} for task ${task.name}; use a model fine-tuned on the task`,
    );
  }
  model.notes.forEach(say);
  using device = await commandDevice(options.device);
  say(`device: ${device.kind} (${device.description}), ${device.reason}`);
  const start = performance.now();
  const metrics = await judgeParams(model, { device, evalBatch: options.evalBatch, io });
  const seconds = (performance.now() - start) / 1000;
  const rows = Object.fromEntries(Object.entries(model.data.evaluation).map(([name, split]) => [name, split.count]));
  if (options.json) {
    io.out(JSON.stringify({ model: path, task: task.name, metrics, rows, seconds }, null, 2));
    return;
  }
  const names = Object.keys(Object.values(metrics)[0]!);
  const lines = Object.entries(metrics).map(([split, values]) =>
    [split, count(rows[split]!), ...names.map((name) => metricText(name, values[name]!))] as const
  );
  for (const line of table([["split", "rows", ...names], ...lines])) io.out(line);
}
