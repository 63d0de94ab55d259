/**
 * Tab-separated files as GLUE's are read: split at line ends and tabs, and nothing else. Quotes are text: many of them
 * are not closed, and a reader of CSV would swallow rows.
 *
 * @module
 */
import { DataError } from "../data/error.ts";
import { type Table, textOf } from "./table.ts";

/**
 * Reads a tab-separated file. Lines end with LF or CRLF, the last one also without; empty lines are left out; a byte
 * order mark is dropped.
 *
 * @param bytes The file, UTF-8.
 * @param name Its name, for errors.
 * @param header Whether the first line names the columns.
 * @returns Its rows. A row has as many cells as its line has fields.
 * @throws {DataError} when it is not UTF-8, or is to have a header and has no line.
 */
export function readTsv(bytes: Uint8Array, name: string, header: boolean): Table {
  const lines: string[] = [];
  const numbers: number[] = [];
  textOf(bytes, name).split("\n").forEach((line, i) => {
    const content = line.endsWith("\r") ? line.slice(0, -1) : line;
    if (content === "") return;
    lines.push(content);
    numbers.push(i + 1);
  });
  if (header && lines.length === 0) throw new DataError(`${name}: is empty; fetch it again`);
  const first = header ? 1 : 0;
  return {
    name,
    ...(header ? { header: lines[0]!.split("\t") } : {}),
    count: lines.length - first,
    // Lines are split when they are asked for: the fields of MNLI, with its parse trees, are many times the text used.
    row: (index) => lines[index + first]!.split("\t"),
    where: (index) => `line ${numbers[index + first]}`,
  };
}
