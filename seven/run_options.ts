/**
 * What a run is told, and what it leaves behind.
 *
 * @module
 */
import type { Device, HostTensor, Optimizer, Placed, Schedule, Tensor } from "../engine/mod.ts";
import type { Turn } from "./agenda.ts";
import type { Batches } from "./batches.ts";
import type { Named } from "./criteria/criterion.ts";
import type { Method } from "./methods.ts";
import type { StepEvent } from "./reports.ts";
import type { SavedState } from "./resume.ts";
import type { HistogramOptions, SentinelHistogram } from "./sentinel_histogram.ts";
import type { Loss, PruningState } from "./state.ts";
import type { StatisticsOptions } from "./statistics.ts";

/** Where a run stands when it is evaluated. */
export interface Evaluation {
  /** Training step that was done last, from 1. */
  readonly step: number;
  /** The state after it, on the device, to compile evaluations over and to read from; not to be changed or released. */
  readonly state: Placed<PruningState<Tensor>>;
  /** Share of prunable weights that are 0. */
  readonly sparsity: number;
  /** Prunable weights that are left. */
  readonly kept: number;
}

/**
 * How sentinel weights are looked for. The run keeps averages of its own for it, so that methods compare: three more
 * tensors for each prunable one, updated at every training step; what they mean is in `sentinels.ts`. The steps at which
 * it looks are logged, and waited for. A watched run takes the same way up to rounding: kernels are joined differently.
 */
export interface SentinelWatch extends Partial<StatisticsOptions> {
  /** Looks every so many steps, and at the last. */
  readonly every: number;
  /** Least steadiness of a sentinel weight, in [0, 1]; 0.5. */
  readonly threshold?: number;
  /** Bins of the histogram at the end. */
  readonly histogram?: HistogramOptions;
}

/** What a run is made of. */
export interface RunOptions<D> {
  /** Where to run. */
  readonly device: Device;
  /** Parameters that the run begins with; the same ones when it goes on from a saved state. */
  readonly params: Named<HostTensor>;
  /** Mean loss of a batch. */
  readonly loss: Loss<D>;
  /** Which parameters may be pruned. */
  readonly prunable: (name: string) => boolean;
  /** Parameters that do not move; none. */
  readonly frozen?: (name: string) => boolean;
  /** Whether zeros of the initial parameters count as pruned before; true. */
  readonly keepsZeros?: boolean;
  /** Parameters that the loss gets as its teacher's, unchanged at every step; none. */
  readonly teacher?: Named<HostTensor>;
  /** Batches per step, whose gradients are averaged over all their rows; 1. Scores go by that gradient too. */
  readonly accumulate?: number;
  /** Rows of a batch that its mean loss is over, rank 0; by default all batches of a step weigh the same. */
  readonly rows?: (data: D) => Tensor;
  /** How weights move. */
  readonly optimizer: Optimizer;
  /** How weights are ranked, and when they are pruned. */
  readonly method: Method;
  /** Training steps, T; of each round, for lottery tickets. */
  readonly steps: number;
  /** Learning rate from the number of completed steps. */
  readonly learningRate: Schedule;
  /**
   * Training batches of the steps to come, as trees of host tensors. They may have several shapes: steps are compiled
   * once for each, so fill batches up to a few lengths rather than many.
   */
  readonly batches: Batches<D>;
  /** Seed of everything random inside the steps. */
  readonly seed: number;
  /** Report every so many steps; 10. The loss is checked as often. */
  readonly logEvery?: number;
  /** Tell which tensor went bad first when the loss does; costs a reduction per tensor. */
  readonly checkFinite?: boolean;
  /** Called with the report of every `logEvery`-th step, and of the first and the last. */
  readonly onReport?: (report: StepEvent) => void;
  /** Looks for sentinel weights during the run, under any method; does not by default. */
  readonly sentinels?: SentinelWatch;
  /** Calls `onEvaluate` after every so many steps; never by default. These steps are logged too. */
  readonly evaluateEvery?: number;
  /** Looks at the state between two steps, and is waited for; "stop" ends the run with the state of that step. */
  readonly onEvaluate?: (at: Evaluation) => Promise<"stop" | void> | "stop" | void;
  /** Stops the run between two steps. */
  readonly signal?: AbortSignal;
  /** Training steps that were done before, with `state` after them: the run goes on from there; 0. */
  readonly start?: number;
  /**
   * State after step `start`, as an earlier run left it. With the same options and the batches from that step on, the
   * run takes the very way that it would have taken without the break, bit for bit on the same device.
   */
  readonly state?: SavedState;
}

/** What a run leaves behind. The state is on the device: release it. */
export interface RunResult {
  /** Parameters, averages and masks after the last step. */
  readonly state: Placed<PruningState<Tensor>>;
  /** Training steps that are done, those before `start` included: all, unless the run was stopped. */
  readonly steps: number;
  /** What stopped the run early: its signal, or `onEvaluate`. */
  readonly stopped?: "signal" | "evaluation";
  /** Prunable weights. */
  readonly prunable: number;
  /** Of these, kept. */
  readonly kept: number;
  /** Where the weights lie by sensitivity and steadiness, of runs that look for sentinel weights. */
  readonly sentinels?: SentinelHistogram;
  /** Kernel launches of each kind of step that the run had. */
  readonly dispatches: { readonly [turn in Turn]?: number };
  /** Bytes of temporaries on the device, which all its programs share. */
  readonly slotBytes: number;
}
