/**
 * The pages of a parquet column, checked before the library decodes them: it trusts the sizes and counts that it reads,
 * so that damaged or hostile ones would cost any time and memory.
 *
 * @module
 */
import { checkRuns } from "./parquet_runs.ts";
import { readThrift, type ThriftStruct, type ThriftValue } from "./parquet_thrift.ts";

/** One column of one row group: where its pages are, and what they hold. */
export interface ColumnChunk {
  /** Where the first page begins. */
  readonly start: number;
  /** Where the last page ends. */
  readonly end: number;
  /** Rows of the group: a column that is not nested has as many values, nulls included. */
  readonly rows: number;
  /** Whether values may be null. */
  readonly nullable: boolean;
  /** Bytes that a plain value takes at least; 1/8 for a boolean. */
  readonly valueSize: number;
  /** Unpacks a page, given the size that it must have. */
  unpack(packed: Uint8Array, size: number): Uint8Array;
}

const encodings = [
  "PLAIN",
  "GROUP_VAR_INT",
  "PLAIN_DICTIONARY",
  "RLE",
  "BIT_PACKED",
  "DELTA_BINARY_PACKED",
  "DELTA_LENGTH_BYTE_ARRAY",
  "DELTA_BYTE_ARRAY",
  "RLE_DICTIONARY",
  "BYTE_STREAM_SPLIT",
];

/** Most bytes of a page header: statistics in it hold whole values. */
const longestHeader = 2 ** 20;

/** A count or size: a whole number, 0 or more. */
function natural(value: ThriftValue | undefined, what: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw new Error(`${what} is ${value === undefined ? "missing" : value}`);
  }
  return value;
}

function structOf(value: ThriftValue | undefined, what: string): ThriftStruct {
  if (!(value instanceof Map)) throw new Error(`${what} is missing`);
  return value;
}

/** Checks `count` encoded values at `at`. */
function checkValues(page: Uint8Array, at: number, count: number, encoding: number, chunk: ColumnChunk): void {
  const left = page.length - at;
  switch (encodings[encoding]) {
    case "PLAIN":
      if (count * chunk.valueSize > left) throw new Error(`${count} values in ${left} bytes`);
      return;
    case "PLAIN_DICTIONARY":
    case "RLE_DICTIONARY":
      if (count === 0) return;
      if (left < 1) throw new Error("a page of numbers of a dictionary is empty");
      if (page[at]! > 0) checkRuns(page, at + 1, page.length, page[at]!, count);
      return;
    case "RLE":
      checkLevels(page, at, 1, count);
      return;
    default:
      throw new Error(`encoding ${encodings[encoding] ?? encoding} is not read here; write the file without it`);
  }
}

/** Checks runs behind their length in bytes, and gives where they end and how many values are 1. */
function checkLevels(page: Uint8Array, at: number, width: number, count: number): { end: number; ones: number } {
  if (page.length - at < 4) throw new Error("levels are cut off");
  const size = new DataView(page.buffer, page.byteOffset + at, 4).getUint32(0, true);
  if (size > page.length - at - 4) throw new Error(`levels of ${size} bytes where ${page.length - at - 4} are left`);
  return { end: at + 4 + size, ones: checkRuns(page, at + 4, at + 4 + size, width, count) };
}

/** Checks a data page of the first version, and gives how many rows it has. */
function checkData(packed: Uint8Array, size: number, header: ThriftStruct, left: number, chunk: ColumnChunk): number {
  const rows = natural(header.get(1), "number of values");
  if (rows > left) throw new Error(`a page of ${rows} values where ${left} are left`);
  const page = chunk.unpack(packed, size);
  const levels = chunk.nullable ? checkLevels(page, 0, 1, rows) : { end: 0, ones: rows };
  checkValues(page, levels.end, levels.ones, natural(header.get(2), "encoding"), chunk);
  return rows;
}

/** Checks a data page of the second version, whose levels are not packed, and gives how many rows it has. */
function checkData2(packed: Uint8Array, size: number, header: ThriftStruct, left: number, chunk: ColumnChunk): number {
  const rows = natural(header.get(1), "number of values");
  if (rows > left) throw new Error(`a page of ${rows} values where ${left} are left`);
  const nulls = natural(header.get(2), "number of nulls");
  const levels = natural(header.get(5), "size of levels");
  if (natural(header.get(3), "number of rows") !== rows || natural(header.get(6), "size of levels") !== 0) {
    throw new Error("a page of a column that is not nested has as many rows as values and no repetitions");
  }
  if (nulls > rows || levels > packed.length || levels > size) throw new Error("levels are larger than their page");
  if (chunk.nullable && checkRuns(packed, 0, levels, 1, rows) !== rows - nulls) {
    throw new Error(`levels do not leave out ${nulls} of ${rows} values`);
  }
  const rest = packed.subarray(levels);
  const page = header.get(7) === false ? rest : chunk.unpack(rest, size - levels);
  checkValues(page, 0, rows - nulls, natural(header.get(4), "encoding"), chunk);
  return rows;
}

/**
 * Checks all pages of a column that is not nested.
 *
 * @param bytes The file.
 * @param chunk The column.
 * @throws {Error} that says what is wrong: sizes beyond the column, more or fewer values than rows, runs that claim more
 *   values than there are, an encoding that is not read.
 */
export function checkPages(bytes: Uint8Array, chunk: ColumnChunk): void {
  let at = chunk.start;
  let left = chunk.rows;
  while (left > 0) {
    if (at >= chunk.end) throw new Error(`${left} of ${chunk.rows} values are missing`);
    const header = readThrift(bytes, at, Math.min(chunk.end, at + longestHeader));
    const type = natural(header.value.get(1), "type of page");
    const size = natural(header.value.get(2), "size of page");
    const packedSize = natural(header.value.get(3), "packed size of page");
    if (packedSize > chunk.end - header.end) {
      throw new Error(`a page of ${packedSize} bytes where ${chunk.end - header.end} are left`);
    }
    const packed = bytes.subarray(header.end, header.end + packedSize);
    at = header.end + packedSize;
    if (type === 0) left -= checkData(packed, size, structOf(header.value.get(5), "header of values"), left, chunk);
    else if (type === 3) {
      left -= checkData2(packed, size, structOf(header.value.get(8), "header of values"), left, chunk);
    } else if (type === 2) {
      const count = natural(structOf(header.value.get(7), "header of dictionary").get(1), "size of dictionary");
      checkValues(chunk.unpack(packed, size), 0, count, 0, chunk);
    } else throw new Error(`a page of type ${type}, which is not read here`);
  }
}
