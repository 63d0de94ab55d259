/**
 * What a metric is: a number over a whole set, fed batch by batch, so that the outputs of all rows are never held.
 *
 * @module
 */
import { DataError } from "../data/error.ts";

/** Takes rows and gives the value over all of them. Sums are in f64. */
export interface RunningMetric {
  /**
   * Takes the next rows.
   *
   * @param outputs Outputs of the model, `[count, width]` row by row; what lies beyond is padding and is not read.
   * @param width Outputs per row: classes, or 1 for a regression.
   * @param labels Label of each row: a class from 0, or a number for a regression; `count` of them are read.
   * @param count Number of rows.
   * @throws {DataError} when the outputs are too few, a label is no class, or the width does not suit the metric.
   */
  add(outputs: ArrayLike<number>, width: number, labels: ArrayLike<number>, count: number): void;
  /**
   * The value over all rows so far; more may be added afterwards.
   *
   * @throws {DataError} when there were none.
   */
  value(): number;
}

/**
 * What a metric looks at: the class with the greatest output (`classes`), all outputs of a classifier (`logits`), or the
 * one output of a regression (`numbers`).
 */
export type MetricNeeds = "classes" | "logits" | "numbers";

/** A metric. Adding one is adding a record to the registry. */
export interface Metric {
  /** Name in records and on the command line. */
  readonly name: string;
  /** One line for people, with what it gives where it is not defined. */
  readonly description: string;
  /** Whether a greater value is a better model. */
  readonly greaterIsBetter: boolean;
  /** What it looks at. */
  readonly needs: MetricNeeds;
  /** Number of classes that it is for; any where absent. */
  readonly classes?: number;
  /** Begins with no rows. */
  open(): RunningMetric;
}

/** What {@linkcode running} makes a metric of. */
export interface RowMetric {
  /** Called once per batch before its rows, with the number of outputs per row. */
  readonly begin?: (width: number) => void;
  /**
   * Takes one row.
   *
   * @param outputs Outputs; those of the row are `outputs[from]` to `outputs[from + width - 1]`.
   * @param from Where the row begins.
   * @param width Outputs of the row.
   * @param label Its label.
   */
  readonly row: (outputs: ArrayLike<number>, from: number, width: number, label: number) => void;
  /** The value over `count` rows, at least one. */
  readonly value: (count: number) => number;
}

/**
 * Checks what every metric has to check, and hands over row by row.
 *
 * @param name Name of the metric, for errors.
 * @param needs Whether labels are classes or numbers.
 * @param metric What to do with rows.
 * @param classes Number of classes that the metric is for.
 * @returns The running metric.
 */
export function running(name: string, needs: MetricNeeds, metric: RowMetric, classes?: number): RunningMetric {
  let seen = 0;
  let widthSeen: number | undefined;
  const checkWidth = (width: number): void => {
    if (!Number.isSafeInteger(width) || width < 1) throw new DataError(`${name}: ${width} outputs per row are too few`);
    if (needs === "numbers" && width !== 1) {
      throw new DataError(`${name}: is for one output per row, not ${width}; judge a classifier by its classes`);
    }
    if (classes !== undefined && width !== classes) {
      throw new DataError(`${name}: is for ${classes} classes, not ${width}; use f1-macro, accuracy or matthews`);
    }
    if (width !== (widthSeen ??= width)) {
      throw new DataError(`${name}: ${width} outputs per row after rows of ${widthSeen}; give batches of one model`);
    }
  };
  return {
    add: (outputs, width, labels, count) => {
      checkWidth(width);
      if (!Number.isSafeInteger(count) || count < 0 || outputs.length < count * width || labels.length < count) {
        throw new DataError(
          `${name}: ${count} rows of ${width} outputs take ${count * width} numbers and ${count} labels, ` +
            `not ${outputs.length} and ${labels.length}`,
        );
      }
      metric.begin?.(width);
      for (let i = 0; i < count; i++, seen++) {
        const label = labels[i]!;
        if (needs !== "numbers" && !(Number.isInteger(label) && label >= 0 && label < width)) {
          throw new DataError(`${name}: row ${seen} has label ${label}, but classes are 0 to ${width - 1}`);
        }
        metric.row(outputs, i * width, width, label);
      }
    },
    value: () => {
      if (seen === 0) throw new DataError(`${name}: there are no rows to take it over; give a split that has some`);
      return metric.value(seen);
    },
  };
}

/**
 * The class with the greatest output, the first of equals.
 *
 * @param outputs Outputs, from `from` on.
 * @param from Where the row begins.
 * @param width Number of classes.
 * @returns The class; `width`, which is none, where an output is NaN, so that such a row is never right.
 */
export function predictedClass(outputs: ArrayLike<number>, from: number, width: number): number {
  let best = 0;
  let greatest = outputs[from]!;
  for (let c = 0; c < width; c++) {
    const value = outputs[from + c]!;
    if (Number.isNaN(value)) return width;
    if (value > greatest) [best, greatest] = [c, value];
  }
  return best;
}
