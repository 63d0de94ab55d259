/**
 * Where the weights of a run lie in the plane of sensitivity and steadiness, kept ones and pruned ones apart: the
 * picture of what a method keeps.
 *
 * @module
 */
import {
  abs,
  add,
  cast,
  constant,
  greaterEqual,
  type HostTensor,
  iota,
  mul,
  rem,
  reshape,
  scatterAdd,
  sizeOf,
  type Step,
  sum,
  take,
  type Tensor,
} from "../engine/mod.ts";
import { unpackMasks } from "./mask.ts";
import { OptionError } from "./schedule.ts";
import type { PruningState, StepBatch } from "./state.ts";
import { steadiness } from "./statistics.ts";

/** Bins of both axes. */
export interface HistogramOptions {
  /** Lower end of the second bin of sensitivity, and lower end of its last; 1e-12 and 1. Bins are spaced by logarithm. */
  readonly sensitivity?: readonly [from: number, to: number];
  /** Bins of sensitivity, the first down to 0 and the last without an end; 26, two for each factor of 10. */
  readonly sensitivityBins?: number;
  /** Bins of steadiness, evenly from 0 to 1; what lies above 1 is in the last; 20. */
  readonly steadinessBins?: number;
}

/** Lower ends of the bins of both axes, but the first of each, which begins at 0. Rounded to f32, as they are compared. */
export interface HistogramEdges {
  /** Of sensitivity, `sensitivityBins - 1`. */
  readonly sensitivity: readonly number[];
  /** Of steadiness, `steadinessBins - 1`. */
  readonly steadiness: readonly number[];
}

/** Numbers of weights, u32 `[sensitivityBins, steadinessBins]`. */
export interface SentinelCounts<T> {
  /** Of weights that are kept. */
  readonly kept: T;
  /** Of weights that were pruned. */
  readonly pruned: T;
}

/** Counts with their axes. */
export type SentinelHistogram = SentinelCounts<HostTensor> & { readonly edges: HistogramEdges };

/**
 * The bins.
 *
 * @throws {OptionError} when there is no bin, or no range.
 */
export function histogramEdges(options: HistogramOptions = {}): HistogramEdges {
  const { sensitivity: [from, to] = [1e-12, 1], sensitivityBins = 26, steadinessBins = 20 } = options;
  for (const [name, bins] of Object.entries({ sensitivityBins, steadinessBins })) {
    if (!Number.isInteger(bins) || bins < 3 || bins > 128) {
      throw new OptionError(`histogram: ${name} ${bins} is none of 3 to 128`);
    }
  }
  if (!(from > 1e-37 && to > from && to < 1e37)) {
    throw new OptionError(`histogram: sensitivity from ${from} to ${to} is no range; give 0 < from < to`);
  }
  const inner = sensitivityBins - 2;
  return {
    sensitivity: Array.from({ length: inner + 1 }, (_, i) => Math.fround(from * (to / from) ** (i / inner))),
    steadiness: Array.from({ length: steadinessBins - 1 }, (_, i) => Math.fround((i + 1) / steadinessBins)),
  };
}

/**
 * A step function that leaves the state alone and counts the weights of a run that keeps statistics of its own
 * (`sentinels` of {@linkcode PruningSpec}). It takes the same batch as the other steps; of it only corrections are used.
 * Weights lie by |theta m_hat| and |m_hat| / sqrt(v_hat): theta of a pruned weight is its last value. NaN is in the
 * first bins. Counts are exact, up to values that lie within rounding of an edge.
 *
 * @throws {OptionError} when it is compiled for a state without those statistics, or bins are none.
 */
export function sentinelHistogram<D>(
  options: HistogramOptions = {},
): Step<PruningState<Tensor>, StepBatch<D, Tensor>, SentinelCounts<Tensor>> {
  const edges = histogramEdges(options);
  const shape = [2, edges.sensitivity.length + 1, edges.steadiness.length + 1] as const;
  return (state, { inputs }) => {
    const { m, v, weights } = state.sentinels;
    const { correction1, correction2 } = inputs.sentinels ?? {};
    if (!m || !v || !weights || !correction1 || !correction2) {
      throw new OptionError("the histogram is of the run's own statistics; this state has none: set `sentinels`");
    }
    const masks = unpackMasks(state.masks, weights);
    const counts = Object.entries(weights).map(([name, theta]) => {
      const sensitivity = abs(mul(theta, mul(m[name]!, correction1)));
      const steady = steadiness({ m: m[name]!, v: v[name]! }, correction1, correction2);
      const side = cast(masks[name]!, "u32");
      const bin = add(mul(binOf(sensitivity, edges.sensitivity), shape[2]), binOf(steady, edges.steadiness));
      return countIds(add(mul(side, shape[1] * shape[2]), bin), shape[0] * shape[1] * shape[2]);
    }).reduce((a, b) => add(a, b));
    const sides = reshape(counts, shape);
    return { state, metrics: { kept: take(sides, 0, 1), pruned: take(sides, 0, 0) } };
  };
}

/** How many edges a value has reached. */
function binOf(x: Tensor, edges: readonly number[]): Tensor {
  return edges.map((edge) => cast(greaterEqual(x, edge), "u32")).reduce((a, b) => add(a, b));
}

/** Weights that are added up one after the other at the most, as long as there are not too many such runs. */
const RUN = 4096, MOST_RUNS = 64;

/** How often each id below `bins` occurs, u32 `[bins]`: counted in runs side by side, so that no sum is long. */
function countIds(ids: Tensor, bins: number): Tensor {
  const size = sizeOf(ids), runs = Math.max(1, Math.min(MOST_RUNS, Math.ceil(size / RUN)));
  const place = add(mul(rem(iota([size]), runs), bins), reshape(ids, [size]));
  return sum(reshape(scatterAdd(place, constant(1, [size], "u32"), runs * bins), [runs, bins]), 0);
}
