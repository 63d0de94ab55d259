/**
 * The command `sensitivity`: how much a model minds when parts of it are pruned, each alone and without training.
 *
 * @module
 */
import type { Command } from "commander";
import { type Batch, holdOut, openDecoder, type Split, type Task, trainingBatches } from "../../models/mod.ts";
import { namePredicate } from "../names.ts";
import { commandDevice } from "./device.ts";
import { UsageError } from "./errors.ts";
import type { Io } from "./io.ts";
import { loadModel, type Model } from "./model.ts";
import { addOptions } from "./option_lines.ts";
import { weightGroups } from "./sensitivity/groups.ts";
import { measure } from "./sensitivity/measure.ts";
import { sensitivityDefaults, type SensitivityOptions, sensitivityOptions, usualRows } from "./sensitivity/options.ts";
import { needsBatches, weightScores } from "./sensitivity/scores.ts";
import { limitsAdvised, sensitivityLines } from "./sensitivity/table.ts";
import { count, duration, metricText } from "./table.ts";
import { checkData, findTask } from "./task.ts";

export type { SensitivityOptions } from "./sensitivity/options.ts";

const examples = `
Examples:
  deno task prune sensitivity --model vit-mnist --task mnist --data mnist
  deno task prune sensitivity --model runs/sst2 --task sst2 --data glue/SST-2 --by kind --criterion seven
  deno task prune sensitivity --model vit-mnist --task mnist --data mnist --by tensor --sparsities 0.5,0.9 --json

Of the n weights of a group, round(s n) are set to 0, those of the smallest scores; nothing else changes, and nothing is
trained. Equal scores go by position, as in prune; zeros of the checkpoint go first.`;

/**
 * Adds the command.
 *
 * @param root The program.
 * @param io Where results and progress go.
 */
export function addSensitivityCommand(root: Command, io: Io): void {
  const command = root.command("sensitivity")
    .description(
      "Prunes each part of a model alone, without training, and evaluates: which parts a model can least do without.",
    )
    .requiredOption("--model <folder>", "checkpoint or run folder, or hf:owner/name of the hub")
    .requiredOption("--task <name>", "name of the task, or a JSON file that describes one")
    .addHelpText("after", examples)
    .action((given: Partial<SensitivityOptions> & Pick<SensitivityOptions, "model" | "task">) =>
      sensitivityCommand({ ...sensitivityDefaults, ...given }, io)
    );
  addOptions(command, "Options:", sensitivityOptions);
}

/**
 * Measures.
 *
 * @param options What was asked for.
 * @param io Where results and progress go.
 * @throws as `loadModel`; {@linkcode UsageError} and {@linkcode OptionError} for options that do not suit the model or
 * the task; {@linkcode Interrupted} when a signal stops it.
 */
export async function sensitivityCommand(options: SensitivityOptions, io: Io): Promise<void> {
  const say = (line: string): void => options.quiet ? undefined : io.err(line);
  const task = await findTask(options.task);
  checkData(task, options.data);
  const metric = metricOf(task, options.metric);
  checkRows(task, options.rows);
  using decoder = openDecoder();
  const model = await load(task, options, decoder, say);
  const { network } = model;
  const filter = { ...(options.include ? { include: options.include } : {}), exclude: options.exclude ?? [] };
  const all = Object.keys(network.params);
  const names = all.filter(namePredicate(filter, all, network.isPrunable));
  if (names.length === 0) throw new UsageError(`--exclude: nothing is left to prune of ${network.name}; exclude less`);
  const groups = weightGroups(options.by, network, names);
  const split = rowsOf(model, task, options);
  const [total] = Object.values(model.data.evaluation) as [Split];
  model.notes.forEach(say);
  using device = await commandDevice(options.device);
  say(`device: ${device.kind} (${device.description}), ${device.reason}`);
  const start = performance.now();
  const scores = await weightScores(options.criterion, {
    network,
    names,
    device,
    batches: batchesOf(model, options),
    seed: options.seed,
    ...(io.signal ? { signal: io.signal } : {}),
  });
  const measured = await measure(
    model,
    split,
    { groups, scores, metric, sparsities: options.sparsities },
    { device, evalBatch: options.evalBatch, io },
    say,
  );
  const seconds = (performance.now() - start) / 1000;
  say(`${count(groups.length * options.sparsities.length)} evaluations in ${duration(seconds)}`);
  const advice = limitsAdvised(measured, options.tolerance);
  if (options.json) {
    const { model, by, criterion, sparsities, tolerance } = options;
    const rows = { count: split.count, of: total.count };
    const told = { model, task: task.name, by, criterion, metric, rows, sparsities, tolerance, seconds };
    io.out(JSON.stringify({ ...told, ...measured, advice }, null, 2));
    return;
  }
  io.out(
    `${network.name} on ${task.name}: ${metricText(metric, measured.dense[metric]!)} ${metric} on ` +
      `${split.count === total.count ? "all" : `${count(split.count)} of`} ${count(total.count)} rows, as it is`,
  );
  io.out(`each group alone pruned by ${options.criterion}, not trained; the most sensitive first`);
  for (const line of sensitivityLines(measured, options.sparsities)) io.out(line);
  if (advice.length === 0) return;
  io.out(`to lose no more than ${metricText(metric, options.tolerance)} by one group alone, before training:`);
  for (const { pattern, sparsity } of advice) io.out(`  --most-sparsity '${pattern}=${sparsity}'`);
}

function metricOf({ name, metrics }: Task, asked: string | undefined): string {
  if (asked === undefined || metrics.includes(asked)) return asked ?? metrics[0]!;
  throw new UsageError(`--metric ${asked}: is none of task ${name}; give one of ${metrics.join(", ")}`);
}

function checkRows({ head, name }: Task, rows: number | undefined): void {
  if (head === "span" && rows !== undefined) {
    throw new UsageError(
      `--rows ${rows}: answers of task ${name} are found over all windows of a question; leave out --rows`,
    );
  }
}

async function load(
  task: Task,
  { model: path, data, maxLength, imageSize, skipBroken, zeroShot }: SensitivityOptions,
  decoder: ReturnType<typeof openDecoder>,
  say: (line: string) => void,
): Promise<Model> {
  const model = await loadModel(task, {
    path,
    ...(data === undefined ? {} : { data }),
    ...(maxLength === undefined ? {} : { maxLength }),
    ...(imageSize === undefined ? {} : { imageSize }),
    images: { decoder, skipBroken },
    zeroShot,
    seed: 1,
    fresh: false,
    say,
  });
  const { fresh } = model.network;
  if (fresh.length === 0) return model;
  throw new UsageError(
    `--model ${path}: has no trained ${fresh.join(", ")} for task ${task.name}; use a model fine-tuned on the task`,
  );
}

/** The rows that all evaluations share: files may be in the order of their classes, so they are drawn. */
function rowsOf({ data }: Model, { head }: Task, { rows = usualRows, seed }: SensitivityOptions): Split {
  const [split] = Object.values(data.evaluation) as [Split];
  return head === "span" || rows >= split.count ? split : holdOut(split, rows, seed).heldOut;
}

/** The first training batches of the seed. They are not made where no criterion looks at them. */
async function* batchesOf({ data }: Model, options: SensitivityOptions): AsyncGenerator<Batch, void, void> {
  if (!needsBatches(options.criterion)) return;
  let left = options.batches;
  for await (const batch of trainingBatches(data.train, options.batch, options.seed)) {
    yield batch;
    if (--left === 0) return;
  }
}
