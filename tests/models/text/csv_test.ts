import assert from "node:assert/strict";
import fc from "fast-check";
import { readCsv } from "../../../models/text/csv.ts";
import type { Table } from "../../../models/text/table.ts";

const error = (message: RegExp): object => ({ name: "DataError", message });
const rowsOf = (table: Table): unknown[] => Array.from({ length: table.count }, (_, i) => table.row(i));
const read = (text: string, header = true): Promise<Table> => readCsv(new TextEncoder().encode(text), "f.csv", header);

Deno.test("readCsv() gives back any fields, quoted", async () => {
  const any = fc.string({ unit: "grapheme", maxLength: 8 });
  const rows = fc.integer({ min: 2, max: 4 }).chain((width) =>
    fc.array(fc.array(any, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 5 })
  );
  await fc.assert(
    fc.asyncProperty(rows, async (rows) => {
      const text = rows.map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(",")).join("\n");
      assert.deepEqual(rowsOf(await read(text, false)), rows);
    }),
  );
});

Deno.test("readCsv() drops a byte order mark and empty lines, and says what is wrong", async () => {
  const table = await read('\ufeffa,b\r\n\r\n"x\ny",2\r\n');
  assert.deepEqual([table.header, rowsOf(table), table.where(0)], [["a", "b"], [["x\ny", "2"]], "row 1"]);
  await assert.rejects(
    read("a,b\n1\n"),
    error(/^f.csv: is no CSV file \(Invalid Record Length: .*\); correct it, or read/),
  );
  await assert.rejects(read('a,b\n1,"2'), error(/^f.csv: is no CSV file \(Quote Not Closed: /));
  await assert.rejects(read(""), error(/^f.csv: is empty/));
});
