/**
 * Counts of predicted classes by class, of which F1 and Matthews' coefficient are made.
 *
 * @module
 */
import { predictedClass, type RowMetric } from "./metric.ts";

/** How often each class was predicted for each. */
export interface Confusion {
  /** Number of classes. */
  readonly classes: number;
  /** Rows of a class for which another was predicted: one column more than classes, for rows without a prediction. */
  count(label: number, predicted: number): number;
  /** Rows of a class. */
  rows(label: number): number;
  /** Rows for which a class was predicted; `classes` stands for no prediction. */
  predictions(predicted: number): number;
}

/**
 * A metric that is a function of the counts.
 *
 * @param value The function.
 * @returns The metric, to be checked and fed by `running`.
 */
export function ofConfusion(value: (confusion: Confusion) => number): RowMetric {
  let classes = 0;
  let counts = new Float64Array(0);
  const sum = (from: number, step: number, length: number): number => {
    let total = 0;
    for (let i = 0; i < length; i++) total += counts[from + i * step]!;
    return total;
  };
  return {
    begin: (width) => {
      if (classes === width) return;
      classes = width;
      counts = new Float64Array(width * (width + 1));
    },
    row: (outputs, from, width, label) => {
      counts[label * (width + 1) + predictedClass(outputs, from, width)]!++;
    },
    value: () =>
      value({
        classes,
        count: (label, predicted) => counts[label * (classes + 1) + predicted]!,
        rows: (label) => sum(label * (classes + 1), 1, classes + 1),
        predictions: (predicted) => sum(predicted, classes + 1, classes),
      }),
  };
}
