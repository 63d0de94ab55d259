/**
 * Losses as metrics: averages over rows, not over batches.
 *
 * @module
 */
import { type Metric, running } from "./metric.ts";

/** Mean cross-entropy of the rows, natural logarithm: -log of the softmax of the outputs at the label. */
export const crossEntropyLoss: Metric = {
  name: "loss",
  description: "mean cross-entropy of the rows",
  greaterIsBetter: false,
  needs: "logits",
  open: () => {
    let total = 0;
    return running("loss", "logits", {
      row: (outputs, from, width, label) => {
        let greatest = -Infinity;
        for (let c = 0; c < width; c++) greatest = Math.max(greatest, outputs[from + c]!);
        let sum = 0;
        for (let c = 0; c < width; c++) sum += Math.exp(outputs[from + c]! - greatest);
        total += Math.log(sum) + greatest - outputs[from + label]!;
      },
      value: (count) => total / count,
    });
  },
};

/** Mean squared difference of output and label. */
export const meanSquaredError: Metric = {
  name: "mse",
  description: "mean squared difference of output and label",
  greaterIsBetter: false,
  needs: "numbers",
  open: () => {
    let total = 0;
    return running("mse", "numbers", {
      row: (outputs, from, _width, label) => {
        total += (outputs[from]! - label) ** 2;
      },
      value: (count) => total / count,
    });
  },
};
