import assert from "node:assert/strict";
import fc from "fast-check";
import { formatOf, readTable, type TextFormat } from "../../../models/text/read_table.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

Deno.test("formatOf() goes by the end of the name", () => {
  const names = [
    "a.tsv",
    "b/c.TXT",
    "x.csv",
    "x.jsonl",
    "x.ndjson",
    "x.json",
    "x.parquet",
    "x.xlsx",
    "tsv",
    "x.toString",
  ];
  assert.deepEqual(names.map(formatOf), [
    "tsv",
    "tsv",
    "csv",
    "jsonl",
    "jsonl",
    "json",
    "parquet",
    undefined,
    "tsv",
    undefined,
  ]);
});

Deno.test("any bytes are read, or refused with a DataError of one line", async () => {
  const samples: readonly [TextFormat, string][] = [
    ["tsv", 'index\tsentence\tlabel\r\n0\tcaf\u00e9 \u4e2d\t1\r\n1\t"x\t0'],
    ["csv", 'id,text,label\n1,"a ""quote"", and\nmore",yes\n2,plain,no\n'],
    ["jsonl", '{"text": "a\\u00e9", "label": 1}\n{"text": "b", "label": null}\n'],
    ["json", '{"0": {"text": "a", "label": "x"}, "1": {"text": "b", "label": [1]}}'],
  ];
  const change = fc.record({ at: fc.nat(), byte: fc.oneof(fc.nat(255), fc.constantFrom(...encode('\t\n\r",{}[]\\'))) });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...samples),
      fc.array(change, { maxLength: 5 }),
      fc.nat(100),
      fc.boolean(),
      async ([format, text], changes, cut, header) => {
        const bytes = encode(text);
        for (const { at, byte } of changes) bytes[at % bytes.length] = byte;
        try {
          const table = await readTable(bytes.subarray(0, bytes.length - cut % bytes.length), "f", format, header, []);
          for (let i = 0; i < table.count; i++) {
            assert.ok(table.row(i).length <= bytes.length);
            assert.match(table.where(i), /^(line|row|record) \d+$/);
          }
        } catch (fault) {
          assert.ok(fault instanceof Error && fault.name === "DataError" && !/\n/.test(fault.message), `${fault}`);
        }
      },
    ),
    { numRuns: 2000 },
  );
});
