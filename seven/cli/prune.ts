/**
 * The command `prune`: a model, pruned by one method or by several from the same weights under the same budget.
 *
 * @module
 */
import { type ImageDecoder, openDecoder, type Split, type Task } from "../../models/mod.ts";
import type { Method } from "../methods.ts";
import type { StepEvent } from "../reports.ts";
import { commandDevice } from "./device.ts";
import { metricText } from "./evaluate.ts";
import type { Io } from "./io.ts";
import { type Bench, judgeParams, judgeState, type Metrics, primary } from "./judge.ts";
import { checkTeacher } from "./loss.ts";
import { augmentationOf, choiceOf, planned } from "./method.ts";
import { freshModel, loadModel, type Model } from "./model.ts";
import { scheduleNamed } from "./optimizers.ts";
import type { PruneOptions } from "./options.ts";
import { type FinishedRun, type Result, writeRun } from "./record.ts";
import { checkPlace, openRunFolder } from "./run_folder.ts";
import { count, duration, percent, table } from "./table.ts";
import { checkData, findTask } from "./task.ts";
import { readMasks, readParams, runPhase, type Setting, trainModel } from "./train.ts";

/**
 * Prunes. Everything that can be wrong with the options or the input is found before anything runs.
 *
 * @param options What was asked for.
 * @param io Where results and progress go.
 * @throws {UsageError} and the errors of models and data for input that cannot be used; {@linkcode NonFiniteError} and
 * {@linkcode DeviceError} when the run fails; {@linkcode Interrupted} when a signal stops it.
 */
export async function prune(options: PruneOptions, io: Io): Promise<void> {
  const task = await findTask(options.task);
  checkData(task, options.data);
  if (options.out !== undefined) await checkPlace(options.out);
  const say = (line: string): void => options.quiet ? undefined : io.err(line);
  using decoder = openDecoder();
  const loaded = await load(task, options, decoder, say);
  loaded.notes.forEach(say);
  checkTeacher(loaded, options);
  choiceOf(loaded.network, options);
  const plans = options.method.map((name) => planned(name, loaded.network, options));
  using folder = options.out === undefined ? undefined : await openRunFolder(options.out);
  using device = await commandDevice(options.device);
  say(`device: ${device.kind} (${device.description}), ${device.reason}`);
  const setting: Setting = { options, device, io };
  const bench: Bench = { device, io, evalBatch: options.evalBatch };

  const model = options.trainSteps > 0 ? await trainModel(loaded, setting) : loaded;
  const metric = task.metrics[0]!;
  const { name } = model.network;
  const [[split, { count: rows }]] = Object.entries(model.data.evaluation) as [[string, Split]];
  const judged = `all ${count(rows)} rows of ${split}`;
  const dense = await judgeParams(model, bench);
  say(`${name}: ${metricText(metric, primary(dense, metric))} ${metric} on ${judged} before pruning`);
  const results: { readonly name: string; readonly result: Result; readonly seconds: number }[] = [];
  for (const method of plans) {
    const run = await pruneBy(method, model, { metric, dense }, setting, bench);
    results.push({ name: method.name, result: run.record.result, seconds: run.record.seconds.pruning });
    if (folder && plans.length === 1) writeRun(folder.staging, model, run);
    else if (folder) {
      folder.inner(method.name);
      writeRun(`${folder.staging}/${method.name}`, model, run);
    }
  }

  const [{ result: { prunable } }] = results as [typeof results[number]];
  io.out(`${name} on ${task.name}, ${metric} on ${judged}, ${count(prunable)} prunable weights`);
  const lines = results.map(({ name, result: { sparsity, kept, dense, pruned }, seconds }) =>
    [
      name,
      percent(sparsity),
      count(kept),
      metricText(metric, dense),
      metricText(metric, pruned),
      duration(seconds),
    ] as const
  );
  for (const line of table([["method", "sparsity", "kept", "dense", "pruned", "time"], ...lines])) io.out(line);
  folder?.commit(); // last: should it fail, the results have been seen
  if (options.out !== undefined) io.out(`written to ${options.out}`);
}

async function load(
  task: Task,
  options: PruneOptions,
  decoder: ImageDecoder,
  say: (line: string) => void,
): Promise<Model> {
  const { model: path, data, maxLength, imageSize, seed, trainSteps, skipBroken, zeroShot } = options;
  const augment = augmentationOf(options.augment);
  const images = { decoder, skipBroken, ...(augment ? { augment } : {}) };
  if (path === undefined) return await freshModel(task, data, seed, images);
  return await loadModel(task, {
    path,
    ...(data === undefined ? {} : { data }),
    ...(maxLength === undefined ? {} : { maxLength }),
    ...(imageSize === undefined ? {} : { imageSize }),
    images,
    zeroShot,
    seed,
    fresh: trainSteps > 0,
    say,
  });
}

async function pruneBy(
  method: Method,
  model: Model,
  { metric, dense }: { readonly metric: string; readonly dense: Metrics },
  setting: Setting,
  bench: Bench,
): Promise<FinishedRun> {
  const { options, device } = setting;
  const events: StepEvent[] = [];
  const start = performance.now();
  const run = await runPhase(model, {
    label: method.name,
    method,
    prunes: true,
    steps: options.steps,
    learningRate: scheduleNamed(options.lrSchedule, { ...options, total: options.steps }),
    firstBatch: options.trainSteps,
    onEvent: (event) => void events.push(event),
  }, setting);
  using state = run.state;
  await device.idle();
  const trained = performance.now();
  const pruned = await judgeState(model, state, bench);
  const judged = performance.now();
  const { prunable, kept } = run;
  return {
    record: {
      method: method.name,
      seed: options.seed,
      device: device.kind,
      deviceDescription: `${device.description}; ${device.reason}`,
      result: {
        metric,
        dense: primary(dense, metric),
        pruned: primary(pruned, metric),
        sparsity: 1 - kept / prunable,
        prunable,
        kept,
        metrics: { dense, pruned },
      },
      options: { ...options, method: [method.name] },
      seconds: { pruning: (trained - start) / 1000, evaluation: (judged - trained) / 1000 },
      dispatches: run.dispatches,
    },
    events,
    params: await readParams(state),
    masks: await readMasks(state),
  };
}
