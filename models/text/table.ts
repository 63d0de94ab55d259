/**
 * Rows of cells, whatever file they come from.
 *
 * @module
 */
import { DataError } from "../data/error.ts";

/** A value of a file. Nothing where the row has none. */
export type Cell = string | number | bigint | boolean | null | undefined | object;

/** A column: its name, or its number from 0. */
export type Column = string | number;

/** Rows of cells. */
export interface Table {
  /** Name of the file, for errors. */
  readonly name: string;
  /** Names of the columns, where the file has them. */
  readonly header?: readonly string[];
  /** Number of rows, the header not counted. */
  readonly count: number;
  /** Cells of a row; fewer or more than the header where the file is so. */
  row(index: number): readonly Cell[];
  /** What to call a row in errors, such as `line 7`. */
  where(index: number): string;
  /** Names of classes by number, where the file says them, by column. */
  readonly classNames?: ReadonlyMap<string, readonly string[]>;
}

/**
 * Text of a file.
 *
 * @param bytes UTF-8, with or without a byte order mark.
 * @param name Name of the file, for errors.
 * @returns The text, without the mark.
 * @throws {DataError} when it is not UTF-8.
 */
export function textOf(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new DataError(`${name}: is not UTF-8 text; save it in that encoding`, { cause });
  }
}

/** Names in a message: the first twenty, none too long. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, 20).map((name) => shortened(name, 40));
  return shown.join(", ") + (names.length > shown.length ? ` and ${names.length - shown.length} more` : "");
}

/** A value in a message: on one line, and not too long. */
export function shortened(value: string, length = 60): string {
  const line = value.replace(/\s+/g, " ");
  return line.length > length ? `${line.slice(0, length)}...` : line;
}

/**
 * Finds a column.
 *
 * @param table The table.
 * @param column Its name or number.
 * @returns Its number, or nothing where the table does not have it. A table without a header has every number.
 * @throws {DataError} when a name is asked of a table without a header.
 */
export function findColumn({ name, header }: Table, column: Column): number | undefined {
  if (typeof column === "number") return header !== undefined && column >= header.length ? undefined : column;
  if (header === undefined) {
    throw new DataError(`${name}: has no header, so no column "${column}"; give the number of the column, from 0`);
  }
  const index = header.indexOf(column);
  return index < 0 ? undefined : index;
}

/**
 * Finds a column that has to be there.
 *
 * @param table The table.
 * @param column Its name or number.
 * @returns Its number.
 * @throws {DataError} when it is not there; the message lists the columns.
 */
export function columnOf(table: Table, column: Column): number {
  const index = findColumn(table, column);
  if (index !== undefined) return index;
  const wanted = typeof column === "number" ? `column ${column} (they count from 0)` : `column "${column}"`;
  throw new DataError(
    `${table.name}: there is no ${wanted}; its columns are ${listed(table.header!)}; correct the name or the file`,
  );
}
