/**
 * Comma-separated files with quotes (RFC 4180).
 *
 * @module
 */
import { DataError } from "../data/error.ts";
import { type Table, textOf } from "./table.ts";

/**
 * Reads a comma-separated file; quoted fields may hold commas, quotes and line ends.
 *
 * @param bytes The file, UTF-8, with or without a byte order mark.
 * @param name Its name, for errors.
 * @param header Whether the first record names the columns.
 * @returns Its rows.
 * @throws {DataError} when it is not UTF-8, a quote is not closed, or rows differ in length.
 */
export async function readCsv(bytes: Uint8Array, name: string, header: boolean): Promise<Table> {
  // Imported when it is wanted: the library needs the Buffer of Node and Deno, which pages have to bring.
  const { parse } = await import("csv-parse/sync");
  const text = textOf(bytes, name);
  let records: string[][];
  try {
    records = parse(text, { skip_empty_lines: true }) as unknown as string[][];
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replace(/\s+/g, " ") : String(cause);
    throw new DataError(`${name}: is no CSV file (${reason}); correct it, or read it as tsv`, { cause });
  }
  if (header && records.length === 0) throw new DataError(`${name}: is empty; fetch it again`);
  const first = header ? 1 : 0;
  return {
    name,
    ...(header ? { header: records[0]! } : {}),
    count: records.length - first,
    row: (index) => records[index + first]!,
    where: (index) => `row ${index + 1}`,
  };
}
