/**
 * Parquet files, the format of data sets on the hub: columns that are not nested, as rows.
 *
 * @module
 */
import type { Compressors, FileMetaData, SchemaElement } from "hyparquet";
import { DataError } from "../data/error.ts";
import { checkPages } from "./parquet_pages.ts";
import { readThrift } from "./parquet_thrift.ts";

/** Columns of a parquet file. */
export interface Parquet {
  /** Names of the columns that can be read: those that are not nested. */
  readonly columns: readonly string[];
  /** Number of rows. */
  readonly count: number;
  /** Names of the classes, by column, where the file says them as the `datasets` library of Hugging Face does. */
  readonly classNames: ReadonlyMap<string, readonly string[]>;
  /**
   * Reads columns.
   *
   * @param names Which; each one of `columns`.
   * @returns Rows of values in that order: text, numbers, bigints of 64-bit integers, booleans, bytes, or null.
   * @throws {DataError} when the file is damaged or packed or encoded in a way that is not read here.
   */
  read(names: readonly string[]): Promise<readonly (readonly unknown[])[]>;
}

const magic = 0x31524150; // PAR1

/** A page may not unpack to more than this many times its bytes, above a megabyte: gzip reaches 1032. */
const greatestRatio = 1100;

/** A row takes a share of a byte at least, beyond a number of rows that costs nothing. */
const rowsPerByte = 64;

const valueSizes: Readonly<Record<string, number>> = {
  BOOLEAN: 1 / 8,
  INT32: 4,
  INT64: 8,
  INT96: 12,
  FLOAT: 4,
  DOUBLE: 8,
  BYTE_ARRAY: 4,
};

/** The unpackers of the library, none of which may make more than is asked of it. */
async function unpackers(): Promise<Compressors> {
  const { compressors: all, decompressZstd } = await import("hyparquet-compressors");
  const bounded = (unpack: (packed: Uint8Array, size: number) => Uint8Array) => (packed: Uint8Array, size: number) => {
    if (size > 2 ** 20 + greatestRatio * packed.length) {
      throw new Error(`a page of ${packed.length} bytes unpacks to ${size}`);
    }
    const page = unpack(packed, size);
    if (page.length !== size) throw new Error(`a page unpacks to ${page.length} bytes, not ${size}`);
    return page;
  };
  return {
    SNAPPY: bounded(all.SNAPPY!),
    GZIP: bounded(all.GZIP!),
    BROTLI: bounded(all.BROTLI!),
    LZ4: bounded(all.LZ4!),
    LZ4_RAW: bounded(all.LZ4_RAW!),
    ZSTD: bounded((packed, size) => decompressZstd(packed, new Uint8Array(size))),
  };
}

/** Finds and checks the footer, and gives where it begins. */
function checkFooter(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || view.getUint32(0, true) !== magic || view.getUint32(bytes.length - 4, true) !== magic) {
    throw new Error("it does not begin and end with PAR1");
  }
  const size = view.getUint32(bytes.length - 8, true);
  if (size > bytes.length - 12) throw new Error(`its footer of ${size} bytes is longer than the file`);
  const start = bytes.length - 8 - size;
  readThrift(bytes, start, bytes.length - 8);
  return start;
}

/** Names of classes that the `datasets` library wrote into the file. */
function classNamesOf(metadata: FileMetaData): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, readonly string[]>();
  const text = metadata.key_value_metadata?.find(({ key }) => key === "huggingface")?.value;
  if (text === undefined) return names;
  try {
    const features = (JSON.parse(text) as { info?: { features?: Record<string, { names?: unknown }> } }).info?.features;
    for (const [column, feature] of Object.entries(features ?? {})) {
      const given = feature?.names;
      if (Array.isArray(given) && given.every((name) => typeof name === "string")) names.set(column, given);
    }
  } catch {
    // Not the library's text after all: then the numbers are what there is.
  }
  return names;
}

/** Checks the pages of one column in every row group. */
function checkColumn(
  bytes: Uint8Array,
  end: number,
  metadata: FileMetaData,
  element: SchemaElement,
  unpackers: Compressors,
): void {
  for (const group of metadata.row_groups) {
    const chunks = group.columns.filter(({ meta_data }) => meta_data?.path_in_schema[0] === element.name);
    const meta = chunks[0]?.meta_data;
    if (chunks.length !== 1 || meta === undefined) throw new Error(`a row group has no single column ${element.name}`);
    const start = Number(meta.dictionary_page_offset || meta.data_page_offset);
    const stop = start + Number(meta.total_compressed_size);
    if (!(start >= 4 && stop >= start && stop <= end)) throw new Error(`bytes ${start} to ${stop} are not in the file`);
    if (meta.type !== element.type) throw new Error(`type ${meta.type} where the schema has ${element.type}`);
    const codec = meta.codec;
    if (codec !== "UNCOMPRESSED" && unpackers[codec] === undefined) {
      throw new Error(`packing ${codec} is not read here`);
    }
    checkPages(bytes, {
      start,
      end: stop,
      rows: Number(group.num_rows),
      nullable: element.repetition_type !== "REQUIRED",
      valueSize: valueSizes[element.type!] ?? Math.max(1, element.type_length ?? 1),
      unpack: (packed, size) => {
        if (codec !== "UNCOMPRESSED") return unpackers[codec]!(packed, size);
        if (packed.length !== size) throw new Error(`a page of ${packed.length} bytes that should have ${size}`);
        return packed;
      },
    });
  }
}

/**
 * Opens a parquet file: reads and checks its footer.
 *
 * @param bytes The file.
 * @param label Its name, for errors.
 * @returns Its columns.
 * @throws {DataError} when it is no parquet file or its footer is damaged.
 */
export async function openParquet(bytes: Uint8Array, label: string): Promise<Parquet> {
  const fault = (error: unknown, what = "the parquet file"): DataError => {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `${label}: ${what} cannot be read (${reason}); fetch or write it again`;
    // Names of damaged columns may hold line ends.
    return new DataError(message.replace(/\s+/g, " "), { cause: error });
  };
  const { parquetMetadata, parquetReadObjects, parquetSchema } = await import("hyparquet");
  try {
    const end = checkFooter(bytes);
    const metadata = parquetMetadata(bytes, { geoparquet: false });
    const leaves = parquetSchema(metadata).children
      .filter(({ element, children }) =>
        children.length === 0 && element.repetition_type !== "REPEATED" && element.type
      )
      .map(({ element }) => element);
    const groupRows = metadata.row_groups.map(({ num_rows }) => Number(num_rows));
    const count = groupRows.reduce((sum, rows) => sum + rows, 0);
    if (!(groupRows.every((rows) => rows >= 0) && count <= 2 ** 20 + rowsPerByte * bytes.length)) {
      throw new Error(`it claims ${count} rows in ${bytes.length} bytes`);
    }
    return {
      columns: leaves.map(({ name }) => name),
      count,
      classNames: classNamesOf(metadata),
      read: async (names) => {
        const compressors = await unpackers();
        const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
        for (const name of names) {
          try {
            checkColumn(bytes, end, metadata, leaves.find((leaf) => leaf.name === name)!, compressors);
          } catch (error) {
            throw fault(error, `column "${name}"`);
          }
        }
        try {
          const rows = await parquetReadObjects({
            file: { byteLength: bytes.length, slice: (from, to) => new Uint8Array(bytes.subarray(from, to)).buffer },
            metadata,
            columns: [...names],
            compressors,
            geoparquet: false,
            parsers: { stringFromBytes: (text) => utf8.decode(text) },
          });
          if (rows.length !== count) throw new Error(`${rows.length} of ${count} rows were found`);
          return rows.map((row) =>
            names.map((name) => {
              if (row[name] === undefined) throw new Error(`a value of column "${name}" is not in its dictionary`);
              return row[name];
            })
          );
        } catch (error) {
          throw fault(error);
        }
      },
    };
  } catch (error) {
    throw fault(error);
  }
}
