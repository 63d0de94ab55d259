/**
 * Judging outputs by metrics of labelled rows.
 *
 * @module
 */
import type { Split } from "./data/split.ts";
import { DataError } from "./data/error.ts";
import type { Scorer } from "./evaluate.ts";
import { metricNamed } from "./metrics/registry.ts";

/**
 * Judges the `logits` of a classifier or of a regression.
 *
 * @param split The rows, with labels.
 * @param names Names of the metrics.
 * @returns A scorer for one evaluation of the split.
 * @throws {DataError} when a metric is not known, or the split has no labels.
 */
export function labelScorer(split: Split, names: readonly string[]): Scorer {
  if (split.labels.length !== split.count) {
    throw new DataError(`${split.name}: the rows have no labels to judge by; use a split that has them`);
  }
  const metrics = names.map((name) => ({ name, metric: metricNamed(name).open() }));
  return {
    add(rows, { logits }) {
      if (!logits) throw new DataError(`${split.name}: the model gives no logits; use one for this task`);
      const labels = Float64Array.from(rows, (row) => split.labels[row]);
      const width = logits.data.length / logits.shape[0];
      for (const { metric } of metrics) metric.add(logits.data, width, labels, rows.length);
    },
    values: () => Object.fromEntries(metrics.map(({ name, metric }) => [name, metric.value()])),
  };
}
