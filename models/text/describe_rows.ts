/**
 * What the data of a task on texts are, in numbers.
 *
 * @module
 */
import type { LoadedText, TextRow, TextTask } from "./text_task.ts";

/** One split in numbers. */
export interface SplitDescription {
  /** Name of the split. */
  readonly split: string;
  /** Files that it was read from. */
  readonly files: readonly string[];
  /** Number of rows. */
  readonly rows: number;
  /** How many of them have no label. */
  readonly unlabelled: number;
  /** Rows of each class, in the order of the classes; empty for a regression. */
  readonly labels: readonly { readonly label: string; readonly rows: number }[];
  /** Least, greatest and mean label of a regression; absent where no row has a label. */
  readonly range?: { readonly min: number; readonly max: number; readonly mean: number };
  /** Mean and greatest number of characters of a row, both texts together. */
  readonly characters: { readonly mean: number; readonly max: number };
}

/** The data of a task in numbers. */
export interface TextDescription {
  /** Name of the task. */
  readonly task: string;
  /** Whether labels are classes or numbers. */
  readonly kind: "classification" | "regression";
  /** Names of the classes in order. */
  readonly labels: readonly string[];
  /** Whether rows are pairs of texts. */
  readonly pairs: boolean;
  /** The splits that were found. */
  readonly splits: readonly SplitDescription[];
  /** What people should know. */
  readonly notes: readonly string[];
}

function describeSplit(split: string, loaded: LoadedText, rows: readonly TextRow[]): SplitDescription {
  const counts = loaded.labels.map((label) => ({ label, rows: 0 }));
  let labelled = 0, sum = 0, min = Infinity, max = -Infinity, characters = 0, longest = 0;
  for (const { text, pair, label } of rows) {
    const length = text.length + (pair?.length ?? 0);
    characters += length;
    longest = Math.max(longest, length);
    if (label === undefined) continue;
    labelled++;
    if (counts.length > 0) counts[label]!.rows++;
    sum += label;
    min = Math.min(min, label);
    max = Math.max(max, label);
  }
  return {
    split,
    files: loaded.files[split] ?? [],
    rows: rows.length,
    unlabelled: rows.length - labelled,
    labels: counts,
    ...(counts.length > 0 || labelled === 0 ? {} : { range: { min, max, mean: sum / labelled } }),
    characters: { mean: rows.length === 0 ? 0 : characters / rows.length, max: longest },
  };
}

/**
 * Describes the data of a task: rows and labels of each split.
 *
 * @param task The task.
 * @param loaded Its data.
 * @returns Numbers, to be shown or recorded.
 */
export function describeRows(task: TextTask, loaded: LoadedText): TextDescription {
  const splits = Object.entries(loaded.splits);
  return {
    task: task.name,
    kind: task.kind,
    labels: loaded.labels,
    pairs: splits.some(([, rows]) => rows.some(({ pair }) => pair !== undefined)),
    splits: splits.map(([split, rows]) => describeSplit(split, loaded, rows)),
    notes: loaded.notes,
  };
}
