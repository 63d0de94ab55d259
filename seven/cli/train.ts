/**
 * Training and pruning a model: what the library offers, fed from a model and options.
 *
 * @module
 */
import {
  type Device,
  type HostTensor,
  linearSchedule,
  type Placed,
  type Schedule,
  sum,
  type Tensor,
} from "../../engine/mod.ts";
import { type Batch, type BatchTensors, readAhead, trainingBatches } from "../../models/mod.ts";
import { magnitude } from "../criteria/magnitude.ts";
import { trainingSteps } from "../agenda.ts";
import type { Method } from "../methods.ts";
import type { PruningState } from "../state.ts";
import { profileStep, type StepProfile } from "../profile.ts";
import { type RunOptions, runPruning, type RunResult } from "../run.ts";
import type { Io } from "./io.ts";
import { distils, lossOf } from "./loss.ts";
import { choiceOf } from "./method.ts";
import type { Model } from "./model.ts";
import { optimizerNamed, scheduleNamed } from "./optimizers.ts";
import type { PruneOptions } from "./options.ts";
import { openProgress } from "./progress.ts";
import type { RunStore } from "./store.ts";
import type { Validation, ValidationPoint } from "./validation.ts";

/** What all steps of a command have in common. */
export interface Setting {
  readonly options: PruneOptions;
  readonly device: Device;
  readonly io: Io;
}

/** One phase of training. */
export interface Phase {
  /** Name in progress. */
  readonly label: string;
  readonly method: Method;
  /** Whether it prunes, with all that goes with it: a teacher, sentinels. */
  readonly prunes: boolean;
  readonly steps: number;
  readonly learningRate: Schedule;
  /** Number of its first batch: phases go on where the one before ended. */
  readonly firstBatch: number;
  /** Where it keeps its events and states; it keeps none where there is none. */
  readonly store?: RunStore;
  /** Ends it after some steps, and marks the end of each: to judge how long it would take. */
  readonly trial?: { readonly steps: number; mark(): void };
  /** What looks at it while it runs. */
  readonly watch?: (points: readonly ValidationPoint[]) => Validation;
}

/** The phase in which a method prunes, after the training before it. */
export function pruningPhase(method: Method, options: PruneOptions): Phase {
  const { steps, lrSchedule, trainSteps } = options;
  return {
    label: method.name,
    method,
    prunes: true,
    steps,
    learningRate: scheduleNamed(lrSchedule, { ...options, total: steps }),
    firstBatch: trainSteps,
  };
}

/** What a phase leaves behind. */
export interface PhaseResult extends RunResult {
  /** What validation saw. */
  readonly points: readonly ValidationPoint[];
  /** The best of it. */
  readonly best?: ValidationPoint;
}

/**
 * Runs a phase on a model's parameters; goes on with it where its store has a state.
 *
 * @returns What it leaves behind; the state is on the device and is the caller's.
 * @throws {NonFiniteError} when the loss does not stay finite, {@linkcode Interrupted} when a signal stopped it: its
 * store then has the state of the last step.
 */
export async function runPhase(model: Model, phase: Phase, setting: Setting): Promise<PhaseResult> {
  const { options, io } = setting;
  const { store } = phase;
  const saved = store?.saved();
  const start = saved?.step ?? 0;
  store?.forget(start);
  using validation = phase.watch?.(saved?.validation ?? []);
  using progress = openProgress(io, phase.label, trainingSteps(phase.method, phase.steps), options.quiet);
  let kept = saved?.step;
  const save = async (step: number, state: Placed<PruningState<Tensor>>): Promise<void> => {
    if (kept === step) return;
    store?.save({ step, state: withoutTeacher(await state.readAll()), validation: validation?.points ?? [] });
    kept = step;
  };
  const result = await runPruning<BatchTensors>({
    ...stepOptions(model, phase, setting),
    batches: readAhead(batchesAfter(start, model, phase, options), batchesAhead),
    onReport: (event) => {
      progress.show(event);
      store?.log(event);
    },
    evaluateEvery: phase.trial
      ? 1
      : greatestCommonDivisor(options.saveEvery, validation ? options.validateEvery! : options.saveEvery),
    onEvaluate: async (at) => {
      let enough = at.step === phase.trial?.steps;
      phase.trial?.mark();
      if (validation?.isDue(at.step)) {
        const seen = await validation.look(at);
        store?.log(seen.point);
        progress.note(seen.point);
        if (seen.isBest) store?.saveBest(await readParams(at.state));
        enough = seen.enough;
      }
      if (at.step % options.saveEvery === 0) await save(at.step, at.state);
      return enough ? "stop" : undefined;
    },
    ...(saved ? { start, state: saved.state } : {}),
    ...(io.signal ? { signal: io.signal } : {}),
  });
  try {
    await save(result.steps, result.state);
    io.signal?.throwIfAborted();
  } catch (error) {
    result.state[Symbol.dispose]();
    throw error;
  }
  const best = validation?.best;
  return { ...result, points: validation?.points ?? [], ...(best ? { best } : {}) };
}

/**
 * Does the step that a phase ended with once more, to time its kernels.
 *
 * @param result What the phase left behind. Its state is spoiled.
 * @returns as {@linkcode profileStep}.
 */
export async function profilePhase(
  model: Model,
  phase: Phase,
  setting: Setting,
  result: PhaseResult,
): Promise<StepProfile | undefined> {
  const batches = batchesAfter(result.steps - 1, model, phase, setting.options);
  return await profileStep<BatchTensors>({ ...stepOptions(model, phase, setting), batches }, result);
}

/** What the steps of a phase are made of. */
function stepOptions(
  { network }: Model,
  phase: Phase,
  { options, device }: Setting,
): Omit<RunOptions<BatchTensors>, "batches"> {
  const { seed, optimizer, weightDecay, clipNorm, gradientAccumulation: accumulate, sentinels } = options;
  return {
    device,
    params: network.params,
    loss: lossOf(network, options),
    ...choiceOf(network, options),
    keepsZeros: !options.regrowZeros,
    optimizer: optimizerNamed(optimizer, weightDecay, clipNorm),
    method: phase.method,
    steps: phase.steps,
    learningRate: phase.learningRate,
    accumulate,
    rows: ({ valid }) => sum(valid!),
    seed,
    logEvery: options.logEvery,
    checkFinite: options.checkFinite,
    ...(phase.prunes && distils(options) ? { teacher: network.params } : {}),
    ...(phase.prunes && sentinels !== undefined ? { sentinels: { every: sentinels } } : {}),
  };
}

/** The batches of a phase's steps after the first `done`. */
function batchesAfter(
  done: number,
  { data }: Model,
  { firstBatch }: Phase,
  { batch, seed, gradientAccumulation, groupByLength }: PruneOptions,
): AsyncGenerator<Batch, never, void> {
  const start = (firstBatch + done) * gradientAccumulation;
  return trainingBatches(data.train, batch, seed, { start, groupByLength });
}

/** The teacher is the model as it was, which a run that goes on has anyway. */
function withoutTeacher(leaves: Readonly<Record<string, HostTensor>>): Record<string, HostTensor> {
  return Object.fromEntries(Object.entries(leaves).filter(([path]) => !path.startsWith("teacher/")));
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** Batches that are made while a step runs. */
const batchesAhead = 2;

/** Never prunes: training as every other method does it, under full masks. */
const dense: Method = {
  name: "dense",
  criterion: magnitude(),
  schedule: { start: 1, end: 0, sparsity: 0, at: () => undefined },
};

/**
 * Trains a model before it is pruned: `trainSteps` steps, the learning rate rising to `trainLearningRate` over an eighth
 * of them and falling after.
 *
 * @param store Where it keeps its states, if anywhere.
 * @returns The model with trained parameters.
 * @throws as {@linkcode runPhase}.
 */
export async function trainModel(model: Model, setting: Setting, store?: RunStore): Promise<Model> {
  const { trainSteps, trainLearningRate } = setting.options;
  const learningRate = linearSchedule({
    learningRate: trainLearningRate,
    warmup: Math.round(trainSteps / 8),
    total: trainSteps,
  });
  const { state } = await runPhase(model, {
    label: "training",
    method: dense,
    prunes: false,
    steps: trainSteps,
    learningRate,
    firstBatch: 0,
    ...(store ? { store } : {}),
  }, setting);
  using _state = state;
  return withParams(model, await readParams(state));
}

/** A model with other parameters: trained ones, of which none is from the seed. */
export function withParams(model: Model, params: Readonly<Record<string, HostTensor>>): Model {
  return { ...model, network: { ...model.network, params, fresh: [] } };
}

/**
 * Parameters of a state as the model sees them, by name: 0 where pruned, also of methods that keep pruned weights aside.
 *
 * @param state The state.
 * @param masks Its masks, where they were read already.
 */
export async function readParams(
  state: Placed<PruningState<Tensor>>,
  masks?: Readonly<Record<string, HostTensor>>,
): Promise<Record<string, HostTensor>> {
  const params = await readNamed(state, "params");
  for (const [name, { data: words }] of Object.entries(masks ?? await readMasks(state))) {
    const { data } = params[name]!;
    for (let i = 0; i < data.length; i++) if (!((words[i >>> 5]! >>> (i & 31)) & 1)) data[i] = 0;
  }
  return params;
}

/** Packed masks of a state, by name. */
export async function readMasks(state: Placed<PruningState<Tensor>>): Promise<Record<string, HostTensor>> {
  return await readNamed(state, "masks");
}

async function readNamed(state: Placed<PruningState<Tensor>>, part: string): Promise<Record<string, HostTensor>> {
  const leaves = Object.entries(await state.readAll(part));
  return Object.fromEntries(leaves.map(([path, tensor]) => [path.slice(part.length + 1), tensor]));
}
