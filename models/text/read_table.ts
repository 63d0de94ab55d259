/**
 * Files of rows, by format.
 *
 * @module
 */
import { readCsv } from "./csv.ts";
import { readJson, readJsonLines } from "./json_records.ts";
import { openParquet } from "./parquet.ts";
import type { Cell, Column, Table } from "./table.ts";
import { readTsv } from "./tsv.ts";

/** A format of files of rows. */
export type TextFormat = "tsv" | "csv" | "jsonl" | "json" | "parquet";

const endings: Readonly<Record<string, TextFormat>> = {
  tsv: "tsv",
  txt: "tsv",
  csv: "csv",
  jsonl: "jsonl",
  ndjson: "jsonl",
  json: "json",
  parquet: "parquet",
};

/** The format that the end of a file's name says, or nothing. */
export function formatOf(path: string): TextFormat | undefined {
  const ending = path.slice(path.lastIndexOf(".") + 1).toLowerCase();
  return Object.hasOwn(endings, ending) ? endings[ending] : undefined;
}

async function parquetTable(bytes: Uint8Array, name: string, wanted: readonly Column[]): Promise<Table> {
  const parquet = await openParquet(bytes, name);
  const columns = parquet.columns.filter((column, i) => wanted.includes(column) || wanted.includes(i));
  const values = await parquet.read(columns);
  const places = parquet.columns.map((column) => columns.indexOf(column));
  return {
    name,
    header: parquet.columns,
    count: parquet.count,
    row: (index) => places.map((place) => place < 0 ? undefined : values[index]![place] as Cell),
    where: (index) => `row ${index + 1}`,
    classNames: parquet.classNames,
  };
}

/**
 * Reads a file of rows.
 *
 * @param bytes The file.
 * @param name Its name, for errors.
 * @param format What it is.
 * @param header Whether the first line of a TSV or CSV file names the columns.
 * @param wanted The columns that will be looked at: of a parquet file the others are not read.
 * @returns Its rows.
 * @throws {DataError} when it is not in that format.
 */
export async function readTable(
  bytes: Uint8Array,
  name: string,
  format: TextFormat,
  header: boolean,
  wanted: readonly Column[],
): Promise<Table> {
  switch (format) {
    case "tsv":
      return readTsv(bytes, name, header);
    case "csv":
      return await readCsv(bytes, name, header);
    case "jsonl":
      return readJsonLines(bytes, name);
    case "json":
      return readJson(bytes, name);
    case "parquet":
      return await parquetTable(bytes, name, wanted);
  }
}
