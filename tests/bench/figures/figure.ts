/**
 * What a figure is, and what it needs to be measured.
 *
 * @module
 */
import type { OpenBench } from "../ours/task.ts";
import type { PeerName, Peers } from "../peers/mod.ts";
import type { Row } from "../result.ts";
import type { Work } from "../work.ts";
import type { Arrays } from "../data.ts";
import type { Contender } from "../race.ts";

/** Everything that figures share in a run. */
export interface BenchContext {
  /** Devices to measure. */
  readonly devices: readonly OpenBench[];
  readonly peers: Peers;
  /** Folder for the numbers of workloads. */
  readonly folder: string;
  /** Whether a GPU is measured: peers that need one are asked for then only. */
  readonly gpu: boolean;
  /** Whether sizes are to be tiny: to try the code, not to measure. */
  readonly tiny: boolean;
}

/** When a figure is measured: always, only when named by `--only`, or only with `--gpu`. */
export type When = "always" | "named" | "gpu";

/** A contender of this very process, such as plain JavaScript. */
export interface Reference {
  readonly contender: Contender;
  readonly check: readonly number[];
}

/** A workload raced against peers. */
export interface RacedFigure {
  readonly kind: "race";
  readonly name: string;
  readonly when: When;
  readonly work: Work;
  readonly peers: readonly PeerName[];
  /** Milliseconds for each contender. */
  readonly budgetMs: number;
  /** Relative difference of results that is allowed; 1e-3. */
  readonly tolerance?: number;
  /** Results that everyone must have, by position in the check. */
  readonly expected?: readonly (readonly [position: number, value: number])[];
  /** Contenders of this process. */
  readonly references?: (work: Work, arrays: Arrays) => readonly Reference[];
  /** With `--gpu`, measured too. */
  readonly alsoOnGpu?: boolean;
}

/** A figure with a way of its own. */
export interface OwnFigure {
  readonly kind: "own";
  readonly name: string;
  readonly when: When;
  readonly alsoOnGpu?: boolean;
  measure(context: BenchContext): Promise<readonly Row[]>;
}

/** Any figure. */
export type Figure = RacedFigure | OwnFigure;
