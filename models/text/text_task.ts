/**
 * What a task on texts is: classes or numbers for one text or two, and the files that they come from.
 *
 * @module
 */
import type { TextFormat } from "./read_table.ts";
import type { Column } from "./table.ts";

/** One row: what a model reads, and what it should answer. */
export interface TextRow {
  /** The text, or the first of two. */
  readonly text: string;
  /** The second text, for tasks on pairs. */
  readonly pair?: string;
  /** Number of the class, or the number itself for a regression; absent where it is not known. */
  readonly label?: number;
}

/** A place where the rows of a split may be: files, and which of their columns are what. */
export interface TextSource {
  /** Files relative to the folder; all of them are needed, and their rows follow one another. */
  readonly paths: readonly string[];
  /** What the files are. */
  readonly format: TextFormat;
  /** Whether the first line names the columns; it is looked at for TSV and CSV only. */
  readonly header: boolean;
  /** Column of the text. */
  readonly text: Column;
  /** Column of the second text. */
  readonly pair?: Column;
  /** Column of the label. A split named `test` or `test_...` may lack it. */
  readonly label?: Column;
  /** What people should know about these files. */
  readonly note?: string;
}

/** A task on texts. */
export interface TextTask {
  /** Name on the command line and in records. */
  readonly name: string;
  /** One line for people. */
  readonly description: string;
  /** Where the task is described. */
  readonly source: string;
  /** Whether labels are classes or numbers. */
  readonly kind: "classification" | "regression";
  /** Names of the classes in order; for classification, none means those of the training file, sorted. */
  readonly labels: readonly string[];
  /**
   * Splits: `train`, `validation`, `test`, and others such as `validation_mismatched`. Each has alternatives, of which
   * the first whose files are there is read.
   */
  readonly splits: Readonly<Record<string, readonly TextSource[]>>;
  /** Labels of test files that mean that there is none, besides an empty one. */
  readonly unlabelled: readonly string[];
  /** What becomes of a row without one of the columns: it is left out and counted, as GLUE's readers do, or an error. */
  readonly incomplete: "leave out" | "refuse";
  /** Names of metrics; the first is the one by which models are chosen. */
  readonly metrics: readonly string[];
}

/** The data of a task. */
export interface LoadedText {
  /** Rows by split, for the splits that were found. */
  readonly splits: Readonly<Record<string, readonly TextRow[]>>;
  /** Names of the classes in order; none for a regression. */
  readonly labels: readonly string[];
  /** The files that were read, by split. */
  readonly files: Readonly<Record<string, readonly string[]>>;
  /** What people should know: rows that were left out, splits that were not found. */
  readonly notes: readonly string[];
}

/** True for splits whose rows may be without labels. */
export function isTestSplit(split: string): boolean {
  return split === "test" || split.startsWith("test_");
}
