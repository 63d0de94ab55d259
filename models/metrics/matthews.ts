/**
 * Matthews' correlation coefficient, the metric of GLUE's CoLA.
 *
 * @module
 */
import { ofConfusion } from "./confusion.ts";
import { type Metric, running } from "./metric.ts";

/**
 * Matthews' correlation of labels and predicted classes, of two classes or more (Gorodkin's R_K): -1 to 1, and 0 where
 * all rows have one class or one prediction, as scikit-learn's.
 */
export const matthews: Metric = {
  name: "matthews",
  description: "Matthews correlation of labels and predictions; 0 where either is constant",
  greaterIsBetter: true,
  needs: "classes",
  open: () =>
    running(
      "matthews",
      "classes",
      ofConfusion((confusion) => {
        const { classes } = confusion;
        let total = 0, right = 0, both = 0, rowSquares = 0;
        let predictionSquares = confusion.predictions(classes) ** 2;
        for (let c = 0; c < classes; c++) {
          const rows = confusion.rows(c);
          const predictions = confusion.predictions(c);
          total += rows;
          right += confusion.count(c, c);
          both += rows * predictions;
          rowSquares += rows ** 2;
          predictionSquares += predictions ** 2;
        }
        const rowSpread = total ** 2 - rowSquares;
        const predictionSpread = total ** 2 - predictionSquares;
        if (rowSpread === 0 || predictionSpread === 0) return 0;
        return (right * total - both) / (Math.sqrt(rowSpread) * Math.sqrt(predictionSpread));
      }),
    ),
};
