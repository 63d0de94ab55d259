/**
 * Tables of pictures: CSV files with a header that name files and their classes.
 *
 * @module
 */
import { parse } from "csv-parse/sync";
import { DataError } from "./error.ts";

/** A picture and the name, or number, of its class. */
export interface LabelledFile {
  /** Path of the file. */
  readonly file: string;
  /** Its class as it is written; nothing where it has none. */
  readonly label: string | undefined;
}

/** Headings of the columns, best first. */
const headings = {
  file: ["file", "file_name", "filename", "path", "image"],
  label: ["label", "class", "category"],
} as const;

/**
 * Reads a table of pictures.
 *
 * @param bytes The file: UTF-8, with a header that has `file` (or file_name, filename, path, image) and `label` (or
 *   class, category); other columns are ignored.
 * @param name Its name, for errors.
 * @returns The rows in their order.
 * @throws {DataError} when it is no such table, a row has no file or no label, a file comes twice, or its path leads out
 *   of the folder.
 */
export function readImageTable(bytes: Uint8Array, name: string): LabelledFile[] {
  let lines: string[][];
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    lines = parse(text, { bom: true, skip_empty_lines: true, trim: true });
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, " ");
    throw new DataError(`${name}: is no CSV file in UTF-8 (${reason}); correct it`, { cause: error });
  }
  const header = (lines.shift() ?? []).map((heading) => heading.toLowerCase());
  const column = (kind: keyof typeof headings): number => {
    const heading = headings[kind].find((one) => header.includes(one));
    if (heading === undefined) {
      throw new DataError(
        `${name}: the header has no column "${kind}" (${header.slice(0, 8).join(", ").slice(0, 200)}); add it`,
      );
    }
    return header.indexOf(heading);
  };
  const [files, labels] = [column("file"), column("label")];
  if (lines.length === 0) throw new DataError(`${name}: has a header but no rows; add some`);
  const seen = new Set<string>();
  return lines.map((line, i) => {
    const [file, label] = [line[files].replace(/^\.\//, ""), line[labels]];
    const fail = (what: string) => new DataError(`${name}: row ${i + 1} ${what}; correct or remove it`);
    if (file === "") throw fail("names no file");
    if (label === "") throw fail(`(${file}) has no label`);
    if (/^([/\\]|[a-z]:)|(^|[/\\])\.\.([/\\]|$)/i.test(file)) throw fail(`names ${file}, which is not in the folder`);
    if (seen.has(file)) throw fail(`names ${file} again`);
    seen.add(file);
    return { file, label };
  });
}
