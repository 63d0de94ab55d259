/**
 * The command `prune`: a model, pruned by one method or by several from the same weights under the same budget.
 *
 * @module
 */
import { taskNamed } from "../../models/mod.ts";
import { type Method, methodNamed } from "../methods.ts";
import type { StepEvent } from "../reports.ts";
import { commandDevice } from "./device.ts";
import { UsageError } from "./errors.ts";
import type { Io } from "./io.ts";
import { freshModel, loadModel, type Model } from "./model.ts";
import { scheduleNamed } from "./optimizers.ts";
import type { PruneOptions } from "./options.ts";
import { type FinishedRun, type Result, writeRun } from "./record.ts";
import { checkPlace, openRunFolder } from "./run_folder.ts";
import { count, duration, percent, table } from "./table.ts";
import { accuracyIn, accuracyOf, readMasks, readParams, runPhase, type Setting, trainModel } from "./train.ts";

/**
 * Prunes. Everything that can be wrong with the options or the input is found before anything runs.
 *
 * @param options What was asked for.
 * @param io Where results and progress go.
 * @throws {UsageError} and the errors of models and data for input that cannot be used; {@linkcode NonFiniteError} and
 * {@linkcode DeviceError} when the run fails; {@linkcode Interrupted} when a signal stops it.
 */
export async function prune(options: PruneOptions, io: Io): Promise<void> {
  const task = taskNamed(options.task);
  const plans = options.method.map((name) => planned(name, options));
  if (options.out !== undefined) await checkPlace(options.out);
  const loaded = options.model === undefined
    ? await freshModel(task, options.data, options.seed)
    : await loadModel(options.model, task, options.data);
  using folder = options.out === undefined ? undefined : await openRunFolder(options.out);
  using device = await commandDevice(options.device);
  const say = (line: string): void => options.quiet ? undefined : io.err(line);
  say(`device: ${device.kind} (${device.description}), ${device.reason}`);
  const setting: Setting = { options, device, io };

  const model = options.model === undefined ? await trainModel(loaded, setting) : loaded;
  const dense = await accuracyOf(model, setting);
  say(`${model.name}: ${percent(dense)} ${task.metric} on ${count(model.data.test.count)} test images before pruning`);
  const results: { readonly name: string; readonly result: Result; readonly seconds: number }[] = [];
  for (const method of plans) {
    const run = await pruneBy(method, model, { metric: task.metric, dense }, setting);
    results.push({ name: method.name, result: run.record.result, seconds: run.record.seconds.pruning });
    if (folder && plans.length === 1) writeRun(folder.staging, model, run);
    else if (folder) {
      folder.inner(method.name);
      writeRun(`${folder.staging}/${method.name}`, model, run);
    }
  }

  const [{ result: { prunable } }] = results as [typeof results[number]];
  io.out(
    `${model.name} on ${task.name}, ${task.metric} on all ${count(model.data.test.count)} test images, ` +
      `${count(prunable)} prunable weights`,
  );
  const rows = results.map(({ name, result: { sparsity, kept, dense, pruned }, seconds }) =>
    [name, percent(sparsity), count(kept), percent(dense), percent(pruned), duration(seconds)] as const
  );
  for (const line of table([["method", "sparsity", "kept", "dense", "pruned", "time"], ...rows])) io.out(line);
  folder?.commit(); // last: should it fail, the results have been seen
  if (options.out !== undefined) io.out(`written to ${options.out}`);
}

/** The method of that name. @throws {UsageError} when its pruning window ends after the last step. */
function planned(name: string, { sparsity, pruneSteps, pruneStart, steps, ...seven }: PruneOptions): Method {
  const start = pruneStart === undefined ? {} : { start: pruneStart };
  const method = methodNamed(name, { sparsity, pruneSteps, seven, ...start });
  const { end } = method.schedule;
  if (end <= steps) return method;
  throw new UsageError(
    `--method ${name}: prunes until step ${end}, after the ${steps} of --steps; give fewer --prune-steps or more --steps`,
  );
}

async function pruneBy(
  method: Method,
  model: Model,
  { metric, dense }: Pick<Result, "metric" | "dense">,
  setting: Setting,
): Promise<FinishedRun> {
  const { options, device } = setting;
  const events: StepEvent[] = [];
  const start = performance.now();
  const run = await runPhase(model, {
    label: method.name,
    method,
    steps: options.steps,
    learningRate: scheduleNamed(options.lrSchedule, { ...options, total: options.steps }),
    firstBatch: options.trainSteps,
    onEvent: (event) => void events.push(event),
  }, setting);
  using state = run.state;
  await device.idle();
  const trained = performance.now();
  const pruned = await accuracyIn(model, state, setting);
  const judged = performance.now();
  const { prunable, kept } = run;
  return {
    record: {
      method: method.name,
      seed: options.seed,
      device: device.kind,
      deviceDescription: `${device.description}; ${device.reason}`,
      result: { metric, dense, pruned, sparsity: 1 - kept / prunable, prunable, kept },
      options: { ...options, method: [method.name] },
      seconds: { pruning: (trained - start) / 1000, evaluation: (judged - trained) / 1000 },
      dispatches: run.dispatches,
    },
    events,
    params: await readParams(state),
    masks: await readMasks(state),
  };
}
