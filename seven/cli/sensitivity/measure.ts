/**
 * Evaluating a model with one group of its weights pruned at a time.
 *
 * @module
 */
import type { Tensor } from "../../../engine/mod.ts";
import { metricNamed, type Split } from "../../../models/mod.ts";
import { type Bench, Judge } from "../judge.ts";
import type { Model } from "../model.ts";
import { metricText } from "../table.ts";
import { rankWeights } from "./cut.ts";
import type { WeightGroup } from "./groups.ts";
import type { Measured, MeasuredGroup, Point } from "./table.ts";

/** What is measured, and how. */
export interface MeasurePlan {
  /** The groups. */
  readonly groups: readonly WeightGroup[];
  /** Scores of their weights, by the name of the tensor. */
  readonly scores: Readonly<Record<string, Float32Array>>;
  /** The metric that groups are compared by. */
  readonly metric: string;
  /** Shares to remove. */
  readonly sparsities: readonly number[];
}

/**
 * Evaluates every group at every sparsity: one program, one set of parameters of which one group at a time changes.
 *
 * @param model The model.
 * @param split The rows.
 * @param plan What is measured.
 * @param bench Where.
 * @param say Told what came out, a line for each group.
 * @throws {Interrupted} when a signal stops it.
 */
export async function measure(
  { network, data }: Model,
  split: Split,
  { groups, scores, metric, sparsities }: MeasurePlan,
  bench: Bench,
  say: (line: string) => void,
): Promise<Measured> {
  type Params = Readonly<Record<string, Tensor>>;
  using params = bench.device.place(network.params);
  using judge = new Judge<Params>(network, (params) => params, bench);
  const dense = await judge.one(params, data, split);
  const results: MeasuredGroup[] = [];
  for (const { pattern, tensors } of groups) {
    const named = <T>(of: (name: string) => T) => Object.fromEntries(tensors.map((name) => [name, of(name)]));
    const weights = named((name) => network.params[name]!.data as Float32Array);
    const ranked = rankWeights(weights, named((name) => scores[name]!));
    const points: Point[] = [];
    for (const sparsity of sparsities) {
      const removed = Math.round(sparsity * ranked.size);
      for (const [name, values] of Object.entries(ranked.cut(removed))) params.write(name, values);
      points.push({ sparsity, removed, metrics: await judge.one(params, data, split) });
    }
    for (const [name, values] of Object.entries(weights)) params.write(name, values);
    results.push({ pattern, weights: ranked.size, points });
    const values = points.map(({ metrics }) => metricText(metric, metrics[metric]!));
    say(`${results.length}/${groups.length} ${pattern}: ${values.join(", ")}`);
  }
  return { metric, greaterIsBetter: isBetterGreater(metric), dense, groups: results };
}

/** Metrics of spans are no metrics of labelled rows, but shares as well. */
function isBetterGreater(metric: string): boolean {
  return metric === "exact" || metricNamed(metric).greaterIsBetter;
}
