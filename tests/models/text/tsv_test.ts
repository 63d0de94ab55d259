import assert from "node:assert/strict";
import fc from "fast-check";
import type { Table } from "../../../models/text/table.ts";
import { readTsv } from "../../../models/text/tsv.ts";

const error = (message: RegExp): object => ({ name: "DataError", message });
const rowsOf = (table: Table): unknown[] => Array.from({ length: table.count }, (_, i) => table.row(i));
const read = (text: string, header = true): Table => readTsv(new TextEncoder().encode(text), "f.tsv", header);

const field = fc.string({ unit: "grapheme", maxLength: 8 }).filter((text) => !/[\t\r\n]/.test(text));

Deno.test("readTsv() gives back any fields without tabs and line ends, whatever ends the lines", () => {
  const lines = fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { maxLength: 6 });
  fc.assert(
    fc.property(
      lines,
      fc.constantFrom("\n", "\r\n"),
      fc.boolean(),
      fc.boolean(),
      (rows, end, last, mark) => {
        const text = (mark ? "\ufeff" : "") + rows.map((row) => row.join("\t")).join(end) + (last ? end : "");
        const first = rows[0]?.[0] ?? "";
        fc.pre(!first.startsWith("\ufeff"));
        assert.deepEqual(rowsOf(read(text, false)), rows);
      },
    ),
  );
});

Deno.test("readTsv() leaves out empty lines, keeps the numbers of lines, and knows no quotes", () => {
  const table = read('a\tb\n\n"x\t1\n\r\ny"\t2\t3\n');
  assert.deepEqual([table.header, rowsOf(table)], [["a", "b"], [['"x', "1"], ['y"', "2", "3"]]]);
  assert.deepEqual([table.where(0), table.where(1)], ["line 3", "line 5"]);
  assert.throws(() => read(""), error(/^f.tsv: is empty/));
  assert.equal((read("", false)).count, 0);
});
