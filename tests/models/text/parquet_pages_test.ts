import assert from "node:assert/strict";
import { checkPages, type ColumnChunk } from "../../../models/text/parquet_pages.ts";
import { readThrift } from "../../../models/text/parquet_thrift.ts";

/** A struct of Thrift's compact protocol: integers and structs by field number, which is below 16. */
type Fields = { readonly [field: number]: number | boolean | Fields };

function varint(value: number): number[] {
  return value < 128 ? [value] : [value % 128 + 128, ...varint(Math.floor(value / 128))];
}

function encode(fields: Fields): number[] {
  let last = 0;
  const bytes = Object.entries(fields).flatMap(([key, value]) => {
    const step = Number(key) - last;
    last = Number(key);
    if (typeof value === "boolean") return [step << 4 | (value ? 1 : 2)];
    if (typeof value === "object") return [step << 4 | 12, ...encode(value)];
    return [step << 4 | 5, ...varint(value < 0 ? -2 * value - 1 : 2 * value)];
  });
  return [...bytes, 0];
}

/** Checks pages of a column of `rows` values that are not packed. */
function check(bytes: number[], rows: number, more: Partial<ColumnChunk> = {}): void {
  const unpack = (packed: Uint8Array): Uint8Array => packed;
  const chunk = { start: 0, end: bytes.length, rows, nullable: true, valueSize: 4, unpack, ...more };
  checkPages(Uint8Array.from(bytes), chunk);
}

const page = (size: number, values: number, encoding = 0): number[] =>
  encode({ 1: 0, 2: size, 3: size, 5: { 1: values, 2: encoding, 3: 3, 4: 3 } });
/** Levels of `count` values, of which none is null. */
const levels = (count: number): number[] => [2, 0, 0, 0, 2 * count, 1];

Deno.test("checkPages() accepts pages that are what they say", () => {
  check([...page(14, 2), ...levels(2), 1, 0, 0, 0, 2, 0, 0, 0], 2);
  check([...page(9, 4, 8), ...levels(4), 1, 8, 0], 4);
  check([...page(6, 0 + 5, 8), 2, 0, 0, 0, 10, 0], 5); // all are null
  const second = encode({ 1: 3, 2: 6, 3: 6, 8: { 1: 1, 2: 0, 3: 1, 4: 0, 5: 2, 6: 0, 7: false } });
  check([...second, 2, 1, 7, 0, 0, 0], 1);
});

Deno.test("checkPages() refuses sizes and counts that would cost more than the file has", () => {
  const values = [...levels(2), 1, 0, 0, 0, 2, 0, 0, 0];
  assert.throws(() => check([...page(14, 3), ...values], 2), /a page of 3 values where 2 are left/);
  assert.throws(() => check([...page(15, 2), ...values], 2), /a page of 15 bytes where 14 are left/);
  assert.throws(() => check([...page(-1, 2), ...values], 2), /size of page is -1/);
  assert.throws(() => check([...page(14, 2), ...values], 3), /1 of 3 values are missing/);
  assert.throws(
    () => check([...encode({ 1: 0, 2: 14, 5: { 1: 2, 2: 0 } }), ...values], 2),
    /packed size of page is missing/,
  );
  assert.throws(() => check([...encode({ 1: 0, 2: 14, 3: 14 }), ...values], 2), /header of values is missing/);
  assert.throws(() => check([...encode({ 1: 1, 2: 14, 3: 14 }), ...values], 2), /a page of type 1/);
  assert.throws(
    () => check([...page(14, 2), ...levels(9), ...values.slice(6)], 2),
    /a run of 9 values where 2 are left/,
  );
  assert.throws(() => check([...page(10, 2), ...values.slice(0, 10)], 2), /2 values in 4 bytes/);
  const dictionary = encode({ 1: 2, 2: 4, 3: 4, 7: { 1: 2 ** 30, 2: 0 } });
  assert.throws(() => check([...dictionary, 0, 0, 0, 0], 2), /1073741824 values in 4 bytes/);
  const second = encode({ 1: 3, 2: 6, 3: 6, 8: { 1: 1, 2: 0, 3: 1, 4: 0, 5: 7, 6: 0, 7: false } });
  assert.throws(() => check([...second, 2, 1, 7, 0, 0, 0], 1), /levels are larger than their page/);
});

Deno.test("readThrift() ends on any bytes: long numbers, long lists, deep structs", () => {
  const read = (bytes: number[]) => readThrift(Uint8Array.from(bytes), 0, bytes.length);
  assert.deepEqual([...read(encode({ 1: 300, 2: -5, 15: true })).value], [[1, 300], [2, -5], [15, true]]);
  assert.throws(() => read([0x15, ...Array(100000).fill(0xff)]), /a number has more than 5 bytes/);
  assert.throws(() => read([0x16, ...Array(100000).fill(0xff)]), /a number has more than 10 bytes/);
  assert.throws(() => read([0x19, 0xf5, 0xff, 0xff, 0xff, 0xff, 0x0f, 0]), /a list of 4294967295 values has/);
  assert.throws(() => read(Array(100000).fill(0x1c)), /nested too deeply/);
  assert.throws(() => read([0x18, 0xff, 0xff, 0x7f]), /2097151 bytes are wanted where 0 are left/);
  assert.throws(() => read([0x15]), /cut off/);
  assert.throws(() => read([0x1b, 0]), /type 11/);
});
