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
import { type BatchTensors, readAhead, trainingBatches } from "../../models/mod.ts";
import { magnitude } from "../criteria/magnitude.ts";
import { trainingSteps } from "../agenda.ts";
import type { Method } from "../methods.ts";
import type { PruningState } from "../state.ts";
import { runPruning, type RunResult } from "../run.ts";
import type { StepEvent } from "../reports.ts";
import type { Io } from "./io.ts";
import { distils, lossOf } from "./loss.ts";
import { choiceOf } from "./method.ts";
import type { Model } from "./model.ts";
import { optimizerNamed } from "./optimizers.ts";
import type { PruneOptions } from "./options.ts";
import { openProgress } from "./progress.ts";

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
  /** Called with each logged step. */
  readonly onEvent?: (event: StepEvent) => void;
}

/**
 * Runs a phase on a model's parameters.
 *
 * @returns What it leaves behind; the state is on the device and is the caller's.
 * @throws {NonFiniteError} when the loss does not stay finite, {@linkcode Interrupted} when a signal stopped it.
 */
export async function runPhase(model: Model, phase: Phase, { options, device, io }: Setting): Promise<RunResult> {
  const { network, data } = model;
  const { batch, seed, optimizer, weightDecay, clipNorm, gradientAccumulation: accumulate, sentinels } = options;
  using progress = openProgress(io, phase.label, trainingSteps(phase.method, phase.steps), options.quiet);
  const result = await runPruning<BatchTensors>({
    device,
    params: network.params,
    loss: lossOf(network, options),
    ...choiceOf(network, options),
    keepsZeros: !options.regrowZeros,
    optimizer: optimizerNamed(optimizer, weightDecay, clipNorm),
    method: phase.method,
    steps: phase.steps,
    learningRate: phase.learningRate,
    batches: readAhead(trainingBatches(data.train, batch, seed, phase.firstBatch * accumulate), batchesAhead),
    accumulate,
    rows: ({ valid }) => sum(valid!),
    seed,
    logEvery: options.logEvery,
    checkFinite: options.checkFinite,
    onReport: (event) => {
      progress.show(event);
      phase.onEvent?.(event);
    },
    ...(phase.prunes && distils(options) ? { teacher: network.params } : {}),
    ...(phase.prunes && sentinels !== undefined ? { sentinels: { every: sentinels } } : {}),
    ...(io.signal ? { signal: io.signal } : {}),
  });
  if (io.signal?.aborted) {
    result.state[Symbol.dispose]();
    io.signal.throwIfAborted();
  }
  return result;
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
 * @returns The model with trained parameters.
 * @throws as {@linkcode runPhase}.
 */
export async function trainModel(model: Model, setting: Setting): Promise<Model> {
  const { trainSteps, trainLearningRate } = setting.options;
  const learningRate = linearSchedule({
    learningRate: trainLearningRate,
    warmup: Math.round(trainSteps / 8),
    total: trainSteps,
  });
  const phase: Phase = {
    label: "training",
    method: dense,
    prunes: false,
    steps: trainSteps,
    learningRate,
    firstBatch: 0,
  };
  const { state } = await runPhase(model, phase, setting);
  using _state = state;
  return { ...model, network: { ...model.network, params: await readParams(state) } };
}

/**
 * Parameters of a state as the model sees them, by name: 0 where pruned, also of methods that keep pruned weights aside.
 */
export async function readParams(state: Placed<PruningState<Tensor>>): Promise<Record<string, HostTensor>> {
  const params = await readNamed(state, "params");
  for (const [name, { data: words }] of Object.entries(await readMasks(state))) {
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
