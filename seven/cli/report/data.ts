/**
 * What a report is made of.
 *
 * @module
 */
import type { StepEvent } from "../../reports.ts";
import type { HistogramEdges } from "../../sentinel_histogram.ts";
import type { Result, RunRecord } from "../record.ts";
import type { Timing } from "../timing.ts";
import type { ValidationPoint } from "../validation.ts";

/** How much of a tensor is left. */
export interface TensorDensity {
  /** Name in the checkpoint. */
  readonly name: string;
  /** Weights that are not pruned. */
  readonly kept: number;
  /** All of its weights. */
  readonly size: number;
}

/** What is compared of a run; a {@linkcode RunRecord} has it all. */
export interface RunPoint {
  /** Name of the method. */
  readonly method: string;
  /** Seed of everything random. */
  readonly seed: number;
  /** What came out. */
  readonly result: Pick<Result, "metric" | "dense" | "pruned" | "sparsity">;
}

/** Where the weights lie by sensitivity and steadiness: a {@linkcode SentinelHistogram} that JSON can hold. */
export interface HistogramData {
  /** Numbers of kept weights, `[sensitivity bins, steadiness bins]` row by row. */
  readonly kept: ArrayLike<number>;
  /** Numbers of pruned weights, likewise. */
  readonly pruned: ArrayLike<number>;
  /** Lower ends of all bins but the first of both axes. */
  readonly edges: HistogramEdges;
  /** Least steadiness of a sentinel weight; 0.5. */
  readonly threshold?: number;
}

/** Bytes of a model's weights on disk. */
export interface FileSizes {
  /** `model.safetensors`. */
  readonly dense: number;
  /** The same file through gzip. */
  readonly gzip?: number;
  /** One bit per prunable weight, and the values of those that are kept. */
  readonly packed?: number;
}

/** Sizes before and after pruning. */
export interface Sizes {
  /** Of the model that was pruned. */
  readonly before: FileSizes;
  /** Of what came out. */
  readonly after: FileSizes;
}

/** What a report is made of. What is absent leaves no trace in it. */
export interface ReportData {
  /** `run.json`. */
  readonly record: RunRecord;
  /** What to call the model; its folder or repository where it is absent. */
  readonly model?: string;
  /** Logged steps, in their order. */
  readonly events: readonly StepEvent[];
  /** Prunable tensors. */
  readonly densities: readonly TensorDensity[];
  /** First and last step that may prune. */
  readonly window?: { readonly start: number; readonly end: number };
  /** What the model was worth on held-out rows during the run. */
  readonly validation?: readonly Pick<ValidationPoint, "step" | "validation">[];
  /** Runs to compare with, of the same task; this one may be among them. */
  readonly runs?: readonly RunPoint[];
  /** The sentinel picture. */
  readonly histogram?: HistogramData;
  /** What the run measured when it was done. */
  readonly timing?: Timing;
  /** Sizes of the files. */
  readonly sizes?: Sizes;
  /** The command line that repeats the run. */
  readonly command?: string;
}
