/**
 * F1: the harmonic mean of precision and recall.
 *
 * @module
 */
import { type Confusion, ofConfusion } from "./confusion.ts";
import { type Metric, running } from "./metric.ts";

/** F1 of one class against the rest: 2 TP / (2 TP + FP + FN), 0 where the class neither occurs nor is predicted. */
function f1Of(confusion: Confusion, positive: number): number {
  const all = confusion.rows(positive) + confusion.predictions(positive);
  return all === 0 ? 0 : 2 * confusion.count(positive, positive) / all;
}

/** F1 of class 1 of two, as GLUE's MRPC and QQP have it: 0 where no row is rightly positive, as scikit-learn's. */
export const f1: Metric = {
  name: "f1",
  description: "F1 of class 1 of two; 0 where it neither occurs nor is predicted",
  greaterIsBetter: true,
  needs: "classes",
  classes: 2,
  open: () => running("f1", "classes", ofConfusion((confusion) => f1Of(confusion, 1)), 2),
};

/** Mean of the F1 of all classes that occur or are predicted, each against the rest, as scikit-learn's `macro`. */
export const f1Macro: Metric = {
  name: "f1-macro",
  description: "mean F1 of the classes that occur or are predicted",
  greaterIsBetter: true,
  needs: "classes",
  open: () =>
    running(
      "f1-macro",
      "classes",
      ofConfusion((confusion) => {
        let sum = 0;
        let present = 0;
        for (let c = 0; c < confusion.classes; c++) {
          if (confusion.rows(c) + confusion.predictions(c) === 0) continue;
          present++;
          sum += f1Of(confusion, c);
        }
        return present === 0 ? 0 : sum / present;
      }),
    ),
};
