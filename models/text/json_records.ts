/**
 * Records as JSON: one object a line, an array of objects, or an object of objects.
 *
 * @module
 */
import { DataError } from "../data/error.ts";
import { type Cell, shortened, type Table, textOf } from "./table.ts";

type JsonRecord = Readonly<Record<string, Cell>>;

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Records as a table: its columns are the keys of all of them, in the order in which they first occur. */
function tableOf(name: string, records: readonly JsonRecord[], where: (index: number) => string): Table {
  const keys = new Set<string>();
  for (const record of records) for (const key of Object.keys(record)) keys.add(key);
  const header = [...keys];
  return {
    name,
    header,
    count: records.length,
    row: (index) => header.map((key) => Object.hasOwn(records[index]!, key) ? records[index]![key] : undefined),
    where,
  };
}

function parse(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DataError(`${what}: is no JSON (${shortened(reason, 100)}); correct it`, { cause });
  }
}

/**
 * Reads a file of one JSON object a line; empty lines are left out.
 *
 * @param bytes The file, UTF-8.
 * @param name Its name, for errors.
 * @returns Its rows.
 * @throws {DataError} when it is not UTF-8, or a line is no JSON object.
 */
export function readJsonLines(bytes: Uint8Array, name: string): Table {
  const numbers: number[] = [];
  const records: JsonRecord[] = [];
  textOf(bytes, name).split("\n").forEach((line, i) => {
    if (line.trim() === "") return;
    const value = parse(line, `${name} line ${i + 1}`);
    if (!isRecord(value)) {
      throw new DataError(`${name} line ${i + 1}: ${shortened(line)} is no object; give one {...} a line`);
    }
    records.push(value);
    numbers.push(i + 1);
  });
  return tableOf(name, records, (index) => `line ${numbers[index]}`);
}

/**
 * Reads a JSON file: an array of objects, an object whose values are objects, or, as the `datasets` library names them
 * `.json` too, one object a line.
 *
 * @param bytes The file, UTF-8.
 * @param name Its name, for errors.
 * @returns Its rows.
 * @throws {DataError} when it is none of them.
 */
export function readJson(bytes: Uint8Array, name: string): Table {
  const text = textOf(bytes, name);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    if (/^\s*\{[^\n]*\}\s*\n/.test(text)) return readJsonLines(bytes, name);
    value = parse(text, name);
  }
  const records = Array.isArray(value) ? value : isRecord(value) ? Object.values(value) : [value];
  const wrong = records.findIndex((record) => !isRecord(record));
  if (wrong < 0) return tableOf(name, records as JsonRecord[], (index) => `record ${index + 1}`);
  // An object of one row is one line of a file of lines.
  if (isRecord(value) && !Object.values(value).some((item) => typeof item === "object" && item !== null)) {
    return readJsonLines(bytes, name);
  }
  throw new DataError(
    `${name}: record ${wrong + 1} is ${shortened(JSON.stringify(records[wrong]) ?? "nothing")}, no object; ` +
      "give an array of objects",
  );
}
