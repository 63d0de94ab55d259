/**
 * Top-k accuracy, the metric of ImageNet.
 *
 * @module
 */
import { type Metric, running } from "./metric.ts";

/**
 * Share of the rows whose class is among the `k` greatest outputs; of equal outputs, earlier classes are greater. With
 * `k` classes or fewer every row is right, except that a row with NaN is wrong.
 *
 * @param k How many outputs count, 1 or more.
 * @returns The metric, named `top-<k>`.
 * @throws {RangeError} when `k` is no such number.
 */
export function topK(k: number): Metric {
  if (!Number.isSafeInteger(k) || k < 1) throw new RangeError(`topK: k is ${k}; give a whole number, 1 or more`);
  const name = `top-${k}`;
  return {
    name,
    description: `share of rows whose class is among the ${k} greatest outputs`,
    greaterIsBetter: true,
    needs: "logits",
    open: () => {
      let correct = 0;
      return running(name, "logits", {
        row: (outputs, from, width, label) => {
          const own = outputs[from + label]!;
          let greater = 0;
          for (let c = 0; c < width; c++) {
            const value = outputs[from + c]!;
            if (Number.isNaN(value)) return;
            if (value > own || (value === own && c < label)) greater++;
          }
          if (greater < k) correct++;
        },
        value: (count) => correct / count,
      });
    },
  };
}
