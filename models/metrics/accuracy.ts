/**
 * Accuracy: the share of rows whose class is predicted.
 *
 * @module
 */
import { type Metric, predictedClass, running } from "./metric.ts";

/** Share of the rows whose class has the greatest output, the first of equals; a row with NaN is wrong. */
export const accuracy: Metric = {
  name: "accuracy",
  description: "share of rows whose class is predicted",
  greaterIsBetter: true,
  needs: "classes",
  open: () => {
    let correct = 0;
    return running("accuracy", "classes", {
      row: (outputs, from, width, label) => {
        if (predictedClass(outputs, from, width) === label) correct++;
      },
      value: (count) => correct / count,
    });
  },
};
