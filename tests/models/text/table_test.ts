import assert from "node:assert/strict";
import { columnOf, findColumn, listed, shortened, textOf } from "../../../models/text/table.ts";
import { readTsv } from "../../../models/text/tsv.ts";

const error = (message: RegExp): object => ({ name: "DataError", message });
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

Deno.test("columns are found by name or number, and those that are not are named", () => {
  const table = readTsv(encode("a\tb\n1\t2\n"), "f.tsv", true);
  assert.deepEqual([columnOf(table, "b"), columnOf(table, 1), findColumn(table, "c"), findColumn(table, 2)], [
    1,
    1,
    undefined,
    undefined,
  ]);
  assert.throws(() => columnOf(table, "c"), error(/^f.tsv: there is no column "c"; its columns are a, b; correct/));
  assert.throws(() => columnOf(table, 2), error(/there is no column 2 \(they count from 0\)/));
  const bare = readTsv(encode("1\t2\n"), "f.tsv", false);
  assert.equal(columnOf(bare, 7), 7);
  assert.throws(() => columnOf(bare, "a"), error(/has no header, so no column "a"; give the number/));
});

Deno.test("textOf() drops a byte order mark and refuses what is not UTF-8", () => {
  assert.equal(textOf(encode("\ufeffa\u00e9"), "f"), "a\u00e9");
  assert.throws(
    () => textOf(Uint8Array.of(0x61, 0xe9), "f"),
    error(/^f: is not UTF-8 text; save it in that encoding$/),
  );
});

Deno.test("listed() and shortened() keep messages on one line, and short", () => {
  assert.equal(listed(["a", "b\nc"]), "a, b c");
  assert.match(listed(Array.from({ length: 25 }, (_, i) => `${i}`)), /18, 19 and 5 more$/);
  assert.equal(shortened("x".repeat(70)), `${"x".repeat(60)}...`);
});
