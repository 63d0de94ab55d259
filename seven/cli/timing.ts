/**
 * What a run measures when it is done: where the time of a step goes, and whether zeros make a forward pass faster.
 *
 * @module
 */
import { DeviceError, type HostTensor } from "../../engine/mod.ts";
import { latencies, type Latency, type Split } from "../../models/mod.ts";
import type { StepProfile } from "../profile.ts";
import type { Model } from "./model.ts";
import { type Phase, type PhaseResult, profilePhase, type Setting, withParams } from "./train.ts";

/** Name of the file. */
export const timingFile = "timing.json";

/** `timing.json`. What could not be measured is absent. */
export interface Timing {
  /** Number of this layout. */
  readonly schema: 1;
  /** The kernels of a training step. */
  readonly step?: StepTiming;
  /** Forward passes of the dense and of the pruned model. */
  readonly latency?: LatencyTiming;
}

/** Time of the kernels of the step that the run ended with. */
export interface StepTiming extends StepProfile {
  /** Rows of its batch. */
  readonly rows: number;
  /** Batches of a step; the kernels are those of the last of them. */
  readonly batches: number;
}

/** Time of a forward pass before and after, in turn on the same batch. */
export interface LatencyTiming {
  /** Rows of the batch. */
  readonly rows: number;
  /** Passes of each model. */
  readonly passes: number;
  /** With the parameters that the run began with. */
  readonly dense: LatencySpread;
  /** With those that it ended with. */
  readonly pruned: LatencySpread;
}

/** The middle of several times, the shortest, and the ends of their middle half, in milliseconds. */
export type LatencySpread = Pick<Latency, "median" | "least" | "lower" | "upper">;

/** A run whose results are read. */
export interface TimedRun {
  /** The model that it began with. */
  readonly model: Model;
  readonly phase: Phase;
  /** What the phase left behind. */
  readonly result: PhaseResult;
  /** The parameters of its state, read from it. */
  readonly params: Readonly<Record<string, HostTensor>>;
}

/** Rows of the batch that is measured, or all that there are. */
const usualRows = 32;

/**
 * Measures, and releases the state of the run, which does not survive it. It is released before two copies of the
 * parameters are placed, so that memory holds no more than it did while the run went on.
 *
 * @throws {Interrupted} when a signal came.
 */
export async function timeRun(run: TimedRun, setting: Setting): Promise<Timing> {
  const { result, phase, model } = run;
  const { options: { batch: rows, gradientAccumulation: batches } } = setting;
  using state = result.state;
  const profile = await ifPossible("kernels", () => profilePhase(model, phase, setting, result), setting);
  state[Symbol.dispose]();
  const latency = await ifPossible("latency", () => latencyOf(run, setting), setting);
  return {
    schema: 1,
    ...(profile ? { step: { turn: profile.turn, rows, batches, kernels: profile.kernels } } : {}),
    ...(latency ? { latency } : {}),
  };
}

async function latencyOf({ model, params }: TimedRun, { device }: Setting): Promise<LatencyTiming> {
  const [split] = Object.values(model.data.evaluation) as [Split];
  const rows = Math.min(usualRows, split.count);
  const batch = await split.gather(Array.from({ length: rows }, (_, row) => row), rows);
  const networks = [model.network, withParams(model, params).network];
  const [dense, pruned] = await latencies(networks, { device, batch }) as [Latency, Latency];
  return { rows, passes: dense.all.length, dense: spreadOf(dense), pruned: spreadOf(pruned) };
}

function spreadOf({ median, least, lower, upper }: Latency): LatencySpread {
  return { median, least, lower, upper };
}

/** A finished run does not fail for lack of memory to measure it. */
async function ifPossible<T>(
  what: string,
  measure: () => Promise<T>,
  { io, options }: Setting,
): Promise<T | undefined> {
  io.signal?.throwIfAborted();
  try {
    return await measure();
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    if (!options.quiet) io.err(`${timingFile}: no ${what} (${error.message})`);
    return undefined;
  }
}
