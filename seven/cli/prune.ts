/**
 * The command `prune`: a model, pruned by one method or by several from the same weights under the same budget.
 *
 * @module
 */
import { parseSafetensors } from "../../engine/mod.ts";
import { type ImageDecoder, openDecoder, type Split, type Task } from "../../models/mod.ts";
import type { Method } from "../methods.ts";
import { modelCard } from "./card.ts";
import { collapsedOf, collapseNote } from "./collapse.ts";
import { commandDevice } from "./device.ts";
import { dryRun } from "./dry_run.ts";
import { exitCodes, UsageError } from "./errors.ts";
import { Interrupted, type Io } from "./io.ts";
import { type Bench, judgeParams, judgeState, type Metrics, primary } from "./judge.ts";
import { checkTeacher } from "./loss.ts";
import { augmentationOf, planned } from "./method.ts";
import { freshModel, loadModel, type Model } from "./model.ts";
import { flagOf, type GivenOptions, type PruneOptions, resolveOptions } from "./options.ts";
import { type BestResult, readRecord, type RunRecord, versions, writeModel, writeRun } from "./record.ts";
import { sentinelsFile, writeReport } from "./report/command.ts";
import { histogramData } from "./report/mod.ts";
import {
  canGoOn,
  checkPlace,
  checkResumable,
  foldersOf,
  goOn,
  makeRunFolder,
  readRecipe,
  storeAt,
} from "./run_folder.ts";
import type { RunStore } from "./store.ts";
import { count, duration, metricText, percent, table } from "./table.ts";
import { checkData, findTask } from "./task.ts";
import { timeRun, timingFile } from "./timing.ts";
import {
  type Phase,
  type PhaseResult,
  pruningPhase,
  readMasks,
  readParams,
  runPhase,
  type Setting,
  trainModel,
  withParams,
} from "./train.ts";
import { heldOutOf, Validation } from "./validation.ts";
import { jsonText, makeFolder, readJson, WriteError, writeFile } from "./write.ts";

/**
 * Prunes. Everything that can be wrong with the options or the input is found before anything runs.
 *
 * @param given What was asked for.
 * @param io Where results and progress go.
 * @throws {UsageError} and the errors of models and data for input that cannot be used; {@linkcode NonFiniteError},
 * {@linkcode DeviceError} and {@linkcode WriteError} when the run fails; {@linkcode Interrupted} when a signal stops it.
 */
export async function prune(given: GivenOptions, io: Io): Promise<void> {
  const options = given.resume === undefined ? resolveOptions(given) : await resumedOptions(given);
  const { out } = options;
  try {
    await run(options, { resumes: given.resume !== undefined, dry: given.dryRun === true }, io);
  } catch (error) {
    if (out === undefined || given.dryRun || !canGoOn(out)) throw error;
    if (error instanceof WriteError) throw error.withNext(goOn(out));
    throw error instanceof Interrupted ? new Interrupted(error.signal, exitCodes.resumable, goOn(out)) : error;
  }
}

/** The options of a run that goes on: its own, but for what does not change what comes out. */
async function resumedOptions({ resume, quiet, logFormat: _, ...others }: GivenOptions): Promise<PruneOptions> {
  const [other] = Object.keys(others);
  if (other !== undefined) {
    throw new UsageError(`--resume ${resume}: goes on with the options of the run; leave out ${flagOf(other)}`);
  }
  const out = resume!.replace(/(?<=.)\/+$/, "");
  const { options } = await readRecipe(out);
  return { ...options, out, quiet: quiet ?? options.quiet };
}

async function run(
  options: PruneOptions,
  { resumes, dry }: { readonly resumes: boolean; readonly dry: boolean },
  io: Io,
): Promise<void> {
  const { out } = options;
  const task = await findTask(options.task);
  checkData(task, options.data);
  const folders = out === undefined ? [] : foldersOf(out, options);
  if (out !== undefined) resumes ? checkResumable(out, [out, `${out}/dense`, ...folders]) : await checkPlace(out);
  const say = (line: string): void => options.quiet ? undefined : io.err(line);
  using decoder = openDecoder();
  const whole = await load(task, options, decoder, say);
  whole.notes.forEach(say);
  checkTeacher(whole, options);
  const plans = options.method.map((name) => planned(name, whole.network, options));
  const { model: loaded, heldOut } = withHeldOut(whole, options);
  if (out !== undefined && !resumes && !dry) await makeRunFolder(out, { schema: 1, options, versions: versions() });
  using device = await commandDevice(options.device);
  say(`device: ${device.kind} (${device.description}), ${device.reason}`);
  const setting: Setting = { options, device, io };
  if (dry) return await dryRun(loaded, plans, setting, io);
  const bench: Bench = { device, io, evalBatch: options.evalBatch };

  const { model, metrics: dense } = await denseModel(loaded, setting, bench);
  const metric = task.metrics[0]!;
  const { name } = model.network;
  const [[split, { count: rows }]] = Object.entries(model.data.evaluation) as [[string, Split]];
  const judged = `all ${count(rows)} rows of ${split}`;
  say(`${name}: ${metricText(metric, primary(dense, metric))} ${metric} on ${judged} before pruning`);
  const records: RunRecord[] = [];
  for (const [i, method] of plans.entries()) {
    const path = folders[i];
    const known = path === undefined ? undefined : readRecord(path);
    if (known && path !== undefined) {
      say(`${method.name}: is finished`);
      storeAt(path).clean(); // a kill may have come between the record and this
    }
    const record = known ?? await pruneBy({ method, model, task, dense, heldOut, path }, setting, bench);
    const note = collapseNote(record.method, record.result.collapsed ?? []);
    if (note !== undefined) say(note);
    records.push(record);
  }

  for (const folder of folders) await writeReport(folder, records.length > 1 ? records : []);

  if (io.log) {
    for (const [i, record] of records.entries()) {
      io.out(JSON.stringify({ ...record, ...(out === undefined ? {} : { folder: folders[i] }) }));
    }
    return;
  }
  const [{ result: { prunable } }] = records as [RunRecord];
  io.out(`${name} on ${task.name}, ${metric} on ${judged}, ${count(prunable)} prunable weights`);
  const shown = (value: number) => metricText(metric, value);
  const lines = records.map(({ method, result: { sparsity, kept, dense, pruned }, seconds }) =>
    [method, percent(sparsity), count(kept), shown(dense), shown(pruned), duration(seconds.pruning)] as const
  );
  for (const line of table([["method", "sparsity", "kept", "dense", "pruned", "time"], ...lines])) io.out(line);
  for (const { method, result: { best } } of records) {
    if (best) io.out(`${method}: best by held-out rows after step ${best.step}: ${shown(best.pruned)}`);
  }
  if (out !== undefined) io.out(`written to ${out}`);
}

/** Takes rows for validation out of the training rows, where a run is to look at some. */
function withHeldOut(
  model: Model,
  { validateEvery, holdOut, seed }: PruneOptions,
): { readonly model: Model; readonly heldOut?: Split } {
  if (validateEvery === undefined) return { model };
  const { train, heldOut } = heldOutOf(model, holdOut, seed);
  const { evaluation, scorer } = model.data;
  return { model: { ...model, data: { train, evaluation, scorer } }, heldOut };
}

/** The model before pruning and what it is worth: trained where it is to be, or as an earlier part of the run left it. */
async function denseModel(
  loaded: Model,
  setting: Setting,
  bench: Bench,
): Promise<{ readonly model: Model; readonly metrics: Metrics }> {
  const { trainSteps, out } = setting.options;
  const file = `${out}/dense.json`, folder = `${out}/dense`;
  const known = out === undefined ? undefined : readJson<{ readonly metrics: Metrics }>(file);
  if (known && trainSteps === 0) return { model: loaded, metrics: known.metrics };
  if (known) {
    const weights = `${folder}/model.safetensors`;
    const { tensors } = parseSafetensors(await Deno.readFile(weights), weights);
    storeAt(folder).clean(); // a kill may have come between the metrics and this
    return { model: withParams(loaded, tensors), metrics: known.metrics };
  }
  const store = out !== undefined && trainSteps > 0 ? storeAt(folder) : undefined;
  const model = trainSteps > 0 ? await trainModel(loaded, setting, store) : loaded;
  const metrics = await judgeParams(model, bench);
  if (store) writeModel(folder, model, model.network.params);
  if (out !== undefined) writeFile(file, jsonText({ metrics }));
  store?.clean();
  return { model, metrics };
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

/** One method of a command. */
interface Job {
  readonly method: Method;
  readonly model: Model;
  readonly task: Task;
  readonly dense: Metrics;
  /** Rows for validation. */
  readonly heldOut: Split | undefined;
  /** Folder of the run. */
  readonly path: string | undefined;
}

async function pruneBy(job: Job, setting: Setting, bench: Bench): Promise<RunRecord> {
  const { method, model, task, dense, heldOut, path } = job;
  const { options, device } = setting;
  const metric = task.metrics[0]!;
  const store = path === undefined ? undefined : storeAt(path);
  const looks = { every: options.validateEvery!, from: method.schedule.end };
  const patience = options.patience === undefined ? {} : { patience: options.patience };
  const phase: Phase = {
    ...pruningPhase(method, options),
    ...(store ? { store } : {}),
    ...(heldOut
      ? { watch: (points) => new Validation(model, heldOut, task, { ...looks, ...patience }, bench, points) }
      : {}),
  };
  const start = performance.now();
  const run = await runPhase(model, phase, setting);
  using state = run.state;
  await device.idle();
  const trained = performance.now();
  const pruned = await judgeState(model, state, bench);
  const judged = performance.now();
  const best = await bestOf(run, pruned, store, model, metric, bench);
  const { prunable, kept } = run;
  const masks = await readMasks(state);
  const collapsed = collapsedOf(masks);
  const record: RunRecord = {
    schema: 1,
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
      ...(collapsed.length > 0 ? { collapsed } : {}),
      metrics: { dense, pruned },
      ...(best ? { best: best.result } : {}),
    },
    steps: run.steps,
    options: { ...options, method: [method.name] },
    seconds: { pruning: (trained - start) / 1000, evaluation: (judged - trained) / 1000 },
    dispatches: run.dispatches,
    versions: versions(),
  };
  if (path !== undefined) {
    if (best) {
      makeFolder(`${path}/best`);
      writeModel(`${path}/best`, model, best.params);
    }
    writeFile(`${path}/README.md`, modelCard(model, task, record));
    if (run.sentinels) writeFile(`${path}/${sentinelsFile}`, JSON.stringify(histogramData(run.sentinels)));
    const params = await readParams(state, masks);
    const timing = await timeRun({ model, phase, result: run, params }, setting);
    writeFile(`${path}/${timingFile}`, jsonText(timing));
    writeRun(path, model, { record, params, masks });
    store?.clean();
  }
  return record;
}

/** What the best state by validation is worth, where there is one; the last one was judged already. */
async function bestOf(
  { best, steps }: PhaseResult,
  last: Metrics,
  store: RunStore | undefined,
  model: Model,
  metric: string,
  bench: Bench,
): Promise<{ readonly result: BestResult; readonly params: Model["network"]["params"] } | undefined> {
  const params = store?.best();
  if (!best || !params) return undefined;
  const metrics = best.step === steps ? last : await judgeParams(withParams(model, params), bench);
  return { result: { ...best, pruned: primary(metrics, metric), metrics }, params };
}
