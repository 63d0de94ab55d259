/**
 * The command `sensitivity`: how much a model minds when parts of it are pruned, each alone and without training.
 *
 * @module
 */
import type { Command } from "commander";
import type { Device, DeviceChoice, Tensor } from "../../engine/mod.ts";
import {
  type Batch,
  holdOut,
  metricNamed,
  openDecoder,
  type Split,
  type Task,
  trainingBatches,
} from "../../models/mod.ts";
import { namePredicate } from "../names.ts";
import { commandDevice } from "./device.ts";
import { UsageError } from "./errors.ts";
import type { Io } from "./io.ts";
import { Judge } from "./judge.ts";
import { loadModel, type Model } from "./model.ts";
import { addOptions, inputOptions, type OptionLine, runningOptions } from "./option_lines.ts";
import { rankWeights } from "./sensitivity/cut.ts";
import { type GroupBy, groupings, type WeightGroup, weightGroups } from "./sensitivity/groups.ts";
import { shareList } from "./sensitivity/shares.ts";
import { limitsAdvised, type Measured, sensitivityLines } from "./sensitivity/table.ts";
import { criterionNames, needsBatches, weightScores } from "./sensitivity/scores.ts";
import { count, duration, metricText } from "./table.ts";
import { checkData, findTask } from "./task.ts";
import { listOf, oneOf, positive, whole } from "./values.ts";

/** What `sensitivity` was asked for. */
export interface SensitivityOptions {
  /** Folder or repository of the checkpoint, or a run folder. */
  readonly model: string;
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
  /** Tokens of a text at most. */
  readonly maxLength?: number;
  /** Height and width of images. */
  readonly imageSize?: number;
  /** Whether a CLIP knows the classes by their names alone. */
  readonly zeroShot: boolean;
  /** Whether pictures that cannot be read are left out. */
  readonly skipBroken: boolean;
  /** Which device. */
  readonly device: DeviceChoice;
  /** Rows per evaluation batch. */
  readonly evalBatch: number;
  /** Whether the result is JSON. */
  readonly json: boolean;
  /** Whether only results are shown. */
  readonly quiet: boolean;
}

const usualRows = 512;

const defaults = {
  sparsities: [0.2, 0.4, 0.6, 0.8, 0.9],
  by: "layer",
  criterion: "magnitude",
  tolerance: 0.01,
  batches: 8,
  batch: 32,
  seed: 1,
  zeroShot: false,
  skipBroken: false,
  device: "auto",
  evalBatch: 100,
  json: false,
  quiet: false,
} as const;

const options: readonly OptionLine[] = [
  ["--data <folder>", "data of the task, or hf:owner/name of the hub"],
  ["--sparsities <shares>", `shares to remove (default: ${defaults.sparsities.join()})`, shareList()],
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
  ...inputOptions,
  ...runningOptions,
  ["--json", "prints JSON"],
  ["--quiet", "no progress, results only"],
];

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
      sensitivityCommand({ ...defaults, ...given }, io)
    );
  addOptions(command, "Options:", options);
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
  const [whole] = Object.values(model.data.evaluation) as [Split];
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
  const measured = await measure(model, split, { groups, scores, metric, ...options }, device, io, say);
  const seconds = (performance.now() - start) / 1000;
  say(`${count(groups.length * options.sparsities.length)} evaluations in ${duration(seconds)}`);
  const advice = limitsAdvised(measured, options.tolerance);
  if (options.json) {
    const { model, by, criterion, sparsities, tolerance } = options;
    const rows = { count: split.count, of: whole.count };
    const told = { model, task: task.name, by, criterion, metric, rows, sparsities, tolerance, seconds };
    io.out(JSON.stringify({ ...told, ...measured, advice }, null, 2));
    return;
  }
  io.out(
    `${network.name} on ${task.name}: ${metricText(metric, measured.dense[metric]!)} ${metric} on ` +
      `${split.count === whole.count ? "all" : `${count(split.count)} of`} ${count(whole.count)} rows, nothing pruned`,
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

interface Plan extends SensitivityOptions {
  readonly groups: readonly WeightGroup[];
  readonly scores: Readonly<Record<string, Float32Array>>;
  readonly metric: string;
}

/** Evaluates every group at every sparsity: one program, one set of parameters of which one group at a time changes. */
async function measure(
  { network, data }: Model,
  split: Split,
  { groups, scores, metric, sparsities, evalBatch }: Plan,
  device: Device,
  io: Io,
  say: (line: string) => void,
): Promise<Measured> {
  type Params = Readonly<Record<string, Tensor>>;
  using params = device.place(network.params);
  using judge = new Judge<Params>(network, (params) => params, { device, evalBatch, io });
  const dense = await judge.one(params, data, split);
  const results: Measured["groups"][number][] = [];
  for (const { pattern, tensors } of groups) {
    const named = <T>(of: (name: string) => T) => Object.fromEntries(tensors.map((name) => [name, of(name)]));
    const weights = named((name) => network.params[name]!.data as Float32Array);
    const ranked = rankWeights(weights, named((name) => scores[name]!));
    const points: Measured["groups"][number]["points"][number][] = [];
    for (const sparsity of sparsities) {
      const removed = Math.round(sparsity * ranked.size);
      for (const [name, values] of Object.entries(ranked.cut(removed))) params.write(name, values);
      points.push({ sparsity, removed, metrics: await judge.one(params, data, split) });
    }
    for (const [name, values] of Object.entries(weights)) params.write(name, values);
    results.push({ pattern, weights: ranked.size, points });
    const values = points.map(({ metrics }) => metricText(metric, metrics[metric]!));
    say(`${results.length}/${groups.length} ${pattern}: ${values.join(", ")}`);
  }
  return { metric, greaterIsBetter: isBetterGreater(metric), dense, groups: results };
}

/** Metrics of spans are no metrics of labelled rows, but shares as well. */
function isBetterGreater(metric: string): boolean {
  return metric === "exact" || metricNamed(metric).greaterIsBetter;
}
