import assert from "node:assert/strict";
import { readJson, readJsonLines } from "../../../models/text/json_records.ts";
import type { Table } from "../../../models/text/table.ts";

const error = (message: RegExp): object => ({ name: "DataError", message });
const rowsOf = (table: Table): unknown[] => Array.from({ length: table.count }, (_, i) => table.row(i));
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const json = (text: string): Table => readJson(encode(text), "f.json");
const lines = (text: string): Table => readJsonLines(encode(text), "f.jsonl");

Deno.test("readJson() reads arrays, objects of objects, and lines; rows have all keys", () => {
  const expected = { header: ["a", "b"], rows: [["x", undefined], ["y", 2]] };
  for (
    const text of [
      '[{"a": "x"}, {"a": "y", "b": 2}]',
      '{"0": {"a": "x"}, "1": {"a": "y", "b": 2}}',
      '{"a": "x"}\n{"a": "y", "b": 2}\n',
      '{"a": "x"}\r\n\r\n{"b": 2, "a": "y"}',
    ]
  ) {
    const table = json(text);
    assert.deepEqual({ header: table.header, rows: rowsOf(table) }, expected, text);
  }
  assert.deepEqual(rowsOf(json('{"a": "x"}\n')), [["x"]]);
  assert.throws(() => json('[{"a": 1}, 2]'), error(/^f.json: record 2 is 2, no object; give an array/));
  assert.throws(() => json('{"a": {"b": 1}, "c": 2}'), error(/record 2 is 2/));
  assert.throws(() => json("[1,"), error(/^f.json: is no JSON/));
  assert.throws(() => json("7"), error(/record 1 is 7/));
});

Deno.test("records with odd keys stay data", () => {
  const table = lines('{"__proto__": "x", "constructor": "y"}\n{"toString": "z"}');
  assert.deepEqual(table.header, ["__proto__", "constructor", "toString"]);
  assert.deepEqual(rowsOf(table), [["x", "y", undefined], [undefined, undefined, "z"]]);
});

Deno.test("readJsonLines() keeps the numbers of lines, and names the line that is wrong", () => {
  const table = lines('{"a": 1}\n\n{"a": 2}\n');
  assert.deepEqual([table.where(0), table.where(1)], ["line 1", "line 3"]);
  assert.throws(
    () => lines('{"a": 1}\n\n["a"]'),
    error(/^f.jsonl line 3: \["a"\] is no object; give one \{...\} a line$/),
  );
  assert.throws(() => lines('{"a": 1}\n{"a": '), error(/^f.jsonl line 2: is no JSON \(.*\); correct it$/));
});
