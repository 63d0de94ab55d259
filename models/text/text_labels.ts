/**
 * Labels as they stand in files, to classes or numbers.
 *
 * @module
 */
import { DataError } from "../data/error.ts";
import { listed, shortened } from "./table.ts";
import { isTestSplit, type TextTask } from "./text_task.ts";

/** A row as it was read: its label as text, absent where there is none. */
export interface RawRow {
  /** The text, or the first of two. */
  readonly text: string;
  /** The second text. */
  readonly pair?: string;
  /** The label as it stands in the file. */
  readonly label?: string;
  /** File and row, for errors. */
  readonly where: string;
}

const wholeNumber = /^(0|-?[1-9]\d*)$/;
const decimal = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/**
 * The classes of a training file: its distinct labels, in order of number where all are numbers, else of code units.
 *
 * @param rows The rows.
 * @param name Name of the task, for errors.
 * @returns Names of the classes.
 * @throws {DataError} when there are fewer than two, or so many that they cannot be classes.
 */
export function collectLabels(rows: readonly RawRow[], name: string): readonly string[] {
  const labels = [...new Set(rows.flatMap(({ label }) => label === undefined || label === "" ? [] : [label]))];
  if (labels.length < 2) {
    throw new DataError(`${name}: the training rows have ${labels.length} label, which is nothing to tell apart`);
  }
  if (labels.length > 1000 && 2 * labels.length > rows.length) {
    throw new DataError(
      `${name}: ${labels.length} different labels in ${rows.length} rows, such as "${shortened(labels[0]!)}", are no ` +
        'classes; correct the column of the label, or set kind to "regression"',
    );
  }
  return labels.every((label) => decimal.test(label))
    ? labels.sort((a, b) => Number(a) - Number(b) || (a < b ? -1 : 1))
    : labels.sort();
}

/** Reads the labels of one split. */
function reader(task: TextTask, labels: readonly string[]): (label: string) => number | undefined {
  if (task.kind === "regression") {
    return (label) => decimal.test(label.trim()) ? Number(label) : undefined;
  }
  const classes = new Map(labels.map((label, i) => [label, i]));
  // Files say a class by its name or by its number; where names are numbers themselves, only by name.
  const byNumber = !labels.some((label) => decimal.test(label));
  return (label) => {
    const known = classes.get(label);
    if (known !== undefined) return known;
    return byNumber && wholeNumber.test(label) && Number(label) >= 0 && Number(label) < labels.length
      ? Number(label)
      : undefined;
  };
}

/**
 * The labels of a split as numbers.
 *
 * @param task The task.
 * @param labels Names of its classes.
 * @param split Name of the split: where it is a test split, rows may be without labels.
 * @param rows Its rows.
 * @returns One entry per row, nothing where the row has no label.
 * @throws {DataError} that names the first row whose label is missing or not one of the task's, and how many there are.
 */
export function labelNumbers(
  task: TextTask,
  labels: readonly string[],
  split: string,
  rows: readonly RawRow[],
): readonly (number | undefined)[] {
  const read = reader(task, labels);
  const mayLack = isTestSplit(split);
  const none = new Set(["", ...task.unlabelled.filter((label) => !labels.includes(label))]);
  let wrong: RawRow | undefined;
  let count = 0;
  const values = rows.map((row) => {
    const { label } = row;
    if (mayLack && (label === undefined || none.has(label))) return undefined;
    const value = label === undefined || label === "" ? undefined : read(label);
    if (value !== undefined && Number.isFinite(value)) return value;
    wrong ??= row;
    count++;
    return undefined;
  });
  if (wrong === undefined) return values;
  const { label, where } = wrong;
  const fault = label === undefined || label === ""
    ? "has no label"
    : `has the label "${shortened(label)}", which is ${
      task.kind === "regression" ? "no number" : `none of ${listed(labels)}`
    }`;
  const others = count > 1 ? ` (so do ${count} rows in all)` : "";
  throw new DataError(`${where}: ${fault}${others}; correct the file or the labels of task ${task.name}`);
}
