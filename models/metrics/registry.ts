/**
 * Metrics by name.
 *
 * @module
 */
import { DataError } from "../data/error.ts";
import { accuracy } from "./accuracy.ts";
import { pearson, spearman } from "./correlation.ts";
import { f1, f1Macro } from "./f1.ts";
import { crossEntropyLoss, meanSquaredError } from "./loss.ts";
import { matthews } from "./matthews.ts";
import type { Metric } from "./metric.ts";
import { topK } from "./top_k.ts";

/** All metrics, by name. */
export const metrics: Readonly<Record<string, Metric>> = Object.fromEntries(
  [accuracy, topK(1), topK(5), f1, f1Macro, matthews, pearson, spearman, crossEntropyLoss, meanSquaredError]
    .map((metric) => [metric.name, metric]),
);

/**
 * The metric of that name.
 *
 * @example Two batches, the second padded to the size of the first.
 * ```ts
 * import { metricNamed } from "@sentinel/seven/models";
 *
 * const running = metricNamed("accuracy").open();
 * running.add(new Float32Array([0.2, 0.8, 1.5, -1]), 2, [1, 1], 2);
 * running.add(new Float32Array([3, 2, 0, 0]), 2, [0, 0], 1);
 * console.assert(running.value() === 2 / 3);
 * ```
 *
 * @param name The name.
 * @returns The metric.
 * @throws {DataError} when there is none; the message lists those that there are.
 */
export function metricNamed(name: string): Metric {
  if (!Object.hasOwn(metrics, name)) {
    throw new DataError(`metric "${name}" is not known; there are ${Object.keys(metrics).join(", ")}`);
  }
  return metrics[name]!;
}
