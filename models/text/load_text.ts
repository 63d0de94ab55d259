/**
 * Loading the data of a task on texts.
 *
 * @module
 */
import { DataError } from "../data/error.ts";
import type { Folder } from "../folder.ts";
import { readTable } from "./read_table.ts";
import { type Cell, columnOf, findColumn, shortened, type Table } from "./table.ts";
import { collectLabels, labelNumbers, type RawRow } from "./text_labels.ts";
import { isTestSplit, type LoadedText, type TextRow, type TextSource, type TextTask } from "./text_task.ts";

/** The first source of a split whose files are all there. */
async function findSource(sources: readonly TextSource[], folder: Folder): Promise<TextSource | undefined> {
  for (const source of sources) {
    const there = await Promise.all(source.paths.map((path) => folder.exists(path)));
    if (there.every((found) => found)) return source;
  }
  return undefined;
}

/** A label as text; nothing where the file has none. */
function labelText(cell: Cell, where: string, classNames: readonly string[] | undefined): string | undefined {
  if (cell === undefined || cell === null) return undefined;
  if (typeof cell === "object") {
    throw new DataError(`${where}: the label is no text and no number; choose a column of them`);
  }
  const text = String(cell);
  if (classNames === undefined || typeof cell === "string" || Number(cell) < 0) return text;
  const name = classNames[Number(cell)];
  if (name !== undefined) return name;
  throw new DataError(`${where}: label ${text} is none of the file's ${classNames.length} classes; write it again`);
}

/** Rows of one file, and what to say about those that were left out. */
function rowsOf(task: TextTask, split: string, source: TextSource, table: Table): { rows: RawRow[]; notes: string[] } {
  const text = columnOf(table, source.text);
  const pair = source.pair === undefined ? undefined : columnOf(table, source.pair);
  const label = source.label === undefined
    ? undefined
    : isTestSplit(split)
    ? findColumn(table, source.label)
    : columnOf(table, source.label);
  const names = label === undefined || table.header === undefined
    ? undefined
    : table.classNames?.get(table.header[label]!);
  const rows: RawRow[] = [];
  let left = 0;
  let first = "";
  for (let i = 0; i < table.count; i++) {
    const cells = table.row(i);
    const where = `${table.name} ${table.where(i)}`;
    const absent = (column: number | undefined): boolean =>
      column !== undefined && (cells[column] === undefined || cells[column] === null);
    const odd = table.header !== undefined && cells.length !== table.header.length;
    if (absent(text) || absent(pair) || !isTestSplit(split) && absent(label) || odd && task.incomplete === "refuse") {
      if (task.incomplete === "refuse") {
        throw new DataError(`${where}: ${faultOf(cells, table, [text, pair, label])}; correct the row`);
      }
      if (left++ === 0) first = table.where(i);
      continue;
    }
    for (const column of pair === undefined ? [text] : [text, pair]) {
      if (typeof cells[column] !== "string") {
        throw new DataError(`${where}: ${shortened(String(cells[column]))} is no text; choose a column of texts`);
      }
    }
    const raw = label === undefined ? undefined : labelText(cells[label], where, names);
    rows.push({
      text: cells[text] as string,
      ...(pair === undefined ? {} : { pair: cells[pair] as string }),
      ...(raw === undefined ? {} : { label: raw }),
      where,
    });
  }
  if (rows.length === 0) {
    const reason = table.count === 0 ? "has no rows" : `has no row with all the columns, of ${table.count}`;
    throw new DataError(`${table.name}: ${reason}; is it the file of task ${task.name}?`);
  }
  const notes = left === 0
    ? []
    : [`${table.name}: ${left} of ${table.count} rows left out, the first at ${first}: they lack a column`];
  return { rows, notes };
}

function faultOf(cells: readonly Cell[], table: Table, columns: readonly (number | undefined)[]): string {
  if (table.header !== undefined && table.header.length !== cells.length) {
    return `has ${cells.length} columns where the header has ${table.header.length}`;
  }
  const column = columns.find((column) => column !== undefined && (cells[column] ?? undefined) === undefined)!;
  return `has nothing in column ${table.header === undefined ? column : `"${table.header[column]}"`}`;
}

function absentSplit(task: TextTask, split: string, folder: Folder): DataError {
  const places = task.splits[split]!.map(({ paths }) => paths.join(" + "));
  return new DataError(
    `${folder.name}: there is no file of the ${split} rows of task ${task.name}; looked for ${places.join(", ")}`,
  );
}

/**
 * Loads the data of a task: every split whose files are there.
 *
 * @example A task of two classes in memory.
 * ```ts
 * import { customTextTask, loadTextTask, memoryFolder } from "@sentinel/seven/models";
 *
 * const task = customTextTask({
 *   name: "reviews",
 *   kind: "classification",
 *   files: { train: "train.csv", validation: "dev.csv" },
 *   text: "review",
 *   label: "stars",
 *   labels: ["bad", "good"],
 * }, "reviews.json");
 * const folder = memoryFolder({
 *   "train.csv": 'review,stars\n"good, really",good\nawful,bad\n',
 *   "dev.csv": "review,stars\nfine,good\n",
 * });
 * const { splits } = await loadTextTask(task, folder);
 * console.assert(splits.train.length === 2 && splits.train[0].label === 1 && splits.train[0].text === "good, really");
 * ```
 *
 * @param task The task.
 * @param folder Holds its files.
 * @param options `require`: the splits that must be there; `train` and `validation` unless given.
 * @returns Rows by split, the names of the classes, the files that were read, and notes for people.
 * @throws {DataError} when a required split is missing, or a file is not what it should be; the message names file, row,
 *   value and remedy.
 */
export async function loadTextTask(
  task: TextTask,
  folder: Folder,
  options: { readonly require?: readonly string[] } = {},
): Promise<LoadedText> {
  const { require = ["train", "validation"] } = options;
  const unknown = require.find((split) => !Object.hasOwn(task.splits, split));
  if (unknown !== undefined) {
    throw new DataError(`task ${task.name} has no split "${unknown}"; it has ${Object.keys(task.splits).join(", ")}`);
  }
  const found = new Map<string, TextSource>();
  const notes: string[] = [];
  for (const [split, sources] of Object.entries(task.splits)) {
    const source = await findSource(sources, folder);
    if (source !== undefined) found.set(split, source);
    else if (require.includes(split)) throw absentSplit(task, split, folder);
    else notes.push(`${folder.name}: no file of the ${split} rows`);
  }
  const raw = new Map<string, readonly RawRow[]>();
  const files: Record<string, readonly string[]> = {};
  for (const [split, source] of found) {
    const rows: RawRow[][] = [];
    const wanted = [source.text, source.pair, source.label].filter((column) => column !== undefined);
    for (const path of source.paths) {
      const name = `${folder.name}/${path}`;
      const table = await readTable(await folder.read(path), name, source.format, source.header, wanted);
      const read = rowsOf(task, split, source, table);
      rows.push(read.rows);
      notes.push(...read.notes);
    }
    if (source.note !== undefined) notes.push(`${split}: ${source.note}`);
    files[split] = source.paths;
    raw.set(split, rows.flat());
  }
  const labels = task.kind === "classification" && task.labels.length === 0
    ? collectLabels(raw.get("train") ?? [], task.name)
    : task.labels;
  const splits: Record<string, readonly TextRow[]> = {};
  for (const [split, rows] of raw) {
    const values = labelNumbers(task, labels, split, rows);
    splits[split] = rows.map(({ text, pair }, i) => ({
      text,
      ...(pair === undefined ? {} : { pair }),
      ...(values[i] === undefined ? {} : { label: values[i] }),
    }));
  }
  return { splits, labels, files, notes };
}
