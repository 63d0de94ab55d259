/**
 * Training, pruning and judging a model: what the library offers, fed from a model and options.
 *
 * @module
 */
import {
  crossEntropy,
  type Device,
  div,
  type HostTensor,
  linearSchedule,
  type Placed,
  type Schedule,
  type Tensor,
} from "../../engine/mod.ts";
import { type Batch, batchTypes, evaluate, isViTPrunable, trainingBatches, viT } from "../../models/mod.ts";
import { magnitude } from "../criteria/magnitude.ts";
import { trainingSteps } from "../agenda.ts";
import type { Method } from "../methods.ts";
import { sparseParams } from "../pruning.ts";
import type { PruningState } from "../state.ts";
import { runPruning, type RunResult } from "../run.ts";
import type { StepEvent } from "../reports.ts";
import type { Io } from "./io.ts";
import type { Model } from "./model.ts";
import { optimizerNamed } from "./optimizers.ts";
import type { PruneOptions } from "./options.ts";
import { openProgress } from "./progress.ts";

/** What steps take of a batch; every training batch is full. */
type TrainingBatch<T> = { readonly images: T; readonly labels: T };

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
  const { train } = model.data;
  const { images, labels } = batchTypes(train, options.batch);
  using progress = openProgress(io, phase.label, trainingSteps(phase.method, phase.steps), options.quiet);
  const result = await runPruning<TrainingBatch<Tensor>>({
    device,
    params: model.params,
    loss: (params, { images, labels }, { temperature }) => {
      const logits = viT(params, model.config, images);
      return crossEntropy(temperature === 1 ? logits : div(logits, temperature), labels);
    },
    prunable: isViTPrunable,
    optimizer: optimizerNamed(options.optimizer, options.weightDecay),
    method: phase.method,
    steps: phase.steps,
    learningRate: phase.learningRate,
    batches: withoutValid(trainingBatches(train, options.batch, options.seed, phase.firstBatch)),
    dataTypes: { images, labels },
    seed: options.seed,
    logEvery: options.logEvery,
    checkFinite: options.checkFinite,
    onReport: (event) => {
      progress.show(event);
      phase.onEvent?.(event);
    },
    ...(io.signal ? { signal: io.signal } : {}),
  });
  if (io.signal?.aborted) {
    result.state[Symbol.dispose]();
    io.signal.throwIfAborted();
  }
  return result;
}

function* withoutValid(batches: Iterable<Batch>): Generator<TrainingBatch<HostTensor>, void, void> {
  for (const { images, labels } of batches) yield { images, labels };
}

/** Never prunes: training as every other method does it, under full masks. */
const dense: Method = {
  name: "dense",
  criterion: magnitude(),
  schedule: { start: 1, end: 0, sparsity: 0, at: () => undefined },
};

/** Greatest learning rate of the small ViT's own training. */
const denseRate = 4e-3;

/**
 * Trains a fresh model: `trainSteps` steps, the learning rate rising to 0.004 over an eighth of them and falling after.
 *
 * @returns The model with trained parameters.
 * @throws as {@linkcode runPhase}.
 */
export async function trainModel(model: Model, setting: Setting): Promise<Model> {
  const { trainSteps } = setting.options;
  const learningRate = linearSchedule({
    learningRate: denseRate,
    warmup: Math.round(trainSteps / 8),
    total: trainSteps,
  });
  const phase: Phase = { label: "training", method: dense, steps: trainSteps, learningRate, firstBatch: 0 };
  const { state } = await runPhase(model, phase, setting);
  using _state = state;
  return { ...model, params: await readParams(state) };
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

/** Accuracy of a model's own parameters on the whole test set. */
export async function accuracyOf(model: Model, setting: Setting): Promise<number> {
  using params = setting.device.place(model.params);
  return await judge(model, params as Placed<Readonly<Record<string, Tensor>>>, (params) => params, setting);
}

/** Accuracy of a pruned state on the whole test set. */
export function accuracyIn(model: Model, state: Placed<PruningState<Tensor>>, setting: Setting): Promise<number> {
  return judge(model, state, sparseParams, setting);
}

async function judge<S>(
  { config, data }: Model,
  state: Placed<S>,
  paramsOf: (state: S) => Readonly<Record<string, Tensor>>,
  { device, io }: Setting,
): Promise<number> {
  const { accuracy } = await evaluate<S>({
    device,
    state,
    logits: (state, images) => viT(paramsOf(state), config, images),
    split: data.test,
    ...(io.signal ? { signal: io.signal } : {}),
  });
  return accuracy;
}
