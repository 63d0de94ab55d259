import assert from "node:assert/strict";
import fc from "fast-check";
import { openParquet } from "../../../models/text/parquet.ts";
import { checkRuns } from "../../../models/text/parquet_runs.ts";
import stored from "../../parity/parquet.json" with { type: "json" };

const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
const error = (message: RegExp): object => ({ name: "DataError", message });
const files = Object.fromEntries(Object.entries(stored.files).map(([name, base64]) => [name, bytesOf(base64)]));
const columns = Object.keys(stored.rows) as (keyof typeof stored.rows)[];

for (const [name, file] of Object.entries(files)) {
  Deno.test(`openParquet() reads what pyarrow wrote: ${name}`, async () => {
    const parquet = await openParquet(file, "f.parquet");
    assert.deepEqual(parquet.columns, columns, "the nested column is left out");
    assert.equal(parquet.count, 120);
    assert.deepEqual([...parquet.classNames], [["label", stored.names]]);
    const rows = await parquet.read(columns);
    const expected = Array.from(
      { length: 120 },
      (_, i) => columns.map((column) => column === "label" ? BigInt(stored.rows.label[i]!) : stored.rows[column][i]),
    );
    assert.deepEqual(rows, expected);
    assert.deepEqual(await parquet.read(["idx", "text"]), expected.map((row) => [row[4], row[0]]));
  });
}

Deno.test("openParquet() has no names of classes where the file has none, and says which encodings it does not read", async () => {
  const bare = await openParquet(bytesOf(stored.bare), "bare.parquet");
  assert.equal(bare.classNames.size, 0);
  assert.equal((await bare.read(["label"])).length, 120);
  const delta = await openParquet(bytesOf(stored.delta), "delta.parquet");
  await assert.rejects(
    delta.read(["idx"]),
    error(/^delta.parquet: column "idx" cannot be read \(encoding DELTA_BINARY_PACKED is not read here; write/),
  );
});

Deno.test("openParquet() names what is wrong with a file", async () => {
  const file = files["snappy"]!;
  const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer);
  await assert.rejects(openParquet(new Uint8Array(0), "f"), error(/^f: the parquet file cannot be read .*PAR1\)/));
  await assert.rejects(openParquet(file.slice(0, -5), "f"), error(/begin and end with PAR1/));
  await assert.rejects(openParquet(new TextEncoder().encode("<html>not found</html>"), "f"), error(/PAR1/));
  const longFooter = file.slice();
  view(longFooter).setUint32(file.length - 8, 0xffffffff, true);
  await assert.rejects(openParquet(longFooter, "f"), error(/footer of 4294967295 bytes is longer than the file/));
  // Cut off in the middle, with the old footer: its offsets lie beyond the end.
  const size = view(file).getUint32(file.length - 8, true) + 8;
  const short = Uint8Array.from([...file.subarray(0, 8), ...file.subarray(file.length - size)]);
  await assert.rejects(
    openParquet(short, "f").then((parquet) => parquet.read(["text"])),
    error(/column "text" cannot be read \(bytes \d+ to \d+ are not in the file\)/),
  );
});

/** Reads all columns; anything but rows or a DataError fails. */
async function readAll(file: Uint8Array): Promise<void> {
  try {
    const parquet = await openParquet(file, "f");
    await parquet.read(parquet.columns);
  } catch (fault) {
    if (!(fault instanceof Error) || fault.name !== "DataError" || /\n/.test(fault.message)) throw fault;
  }
}

Deno.test("openParquet() reads damaged files or says in a DataError why not, without hanging", async () => {
  const change = fc.record({ at: fc.nat(), byte: fc.oneof(fc.nat(255), fc.constantFrom(0xff, 0x7f, 0x80, 0)) });
  const names = Object.keys(files);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...names),
      fc.array(change, { minLength: 1, maxLength: 8 }),
      fc.boolean(),
      async (name, changes, footer) => {
        const file = files[name]!.slice();
        const start = footer ? file.length - 8 - new DataView(file.buffer).getUint32(file.length - 8, true) : 4;
        for (const { at, byte } of changes) file[start + at % (file.length - 8 - start)] = byte;
        await readAll(file);
      },
    ),
    { numRuns: 1500 },
  );
});

Deno.test("checkRuns() counts ones, and refuses runs that claim more than there is", () => {
  const check = (bytes: number[], width: number, count: number): number =>
    checkRuns(Uint8Array.from(bytes), 0, bytes.length, width, count);
  assert.equal(check([10 << 1, 1], 1, 10), 10);
  assert.equal(check([2 << 1 | 1, 0b10110001, 0b1], 1, 9), 5);
  assert.equal(check([4 << 1, 0, 1 << 1 | 1, 0b11], 1, 12), 2);
  assert.throws(() => check([10 << 1, 1], 1, 9), /a run of 10 values where 9 are left/);
  assert.throws(() => check([0xfe, 0xff, 0xff, 0xff, 0x0f, 1], 1, 9), /a run of 2147483647 values/);
  assert.throws(() => check([0xff, 0xff, 0xff, 0xff, 0x0f, 1], 0, 9), /packed values where 9 are left/);
  assert.throws(() => check([0, 1], 1, 9), /a run of 0 values/);
  assert.throws(() => check([3 << 1 | 1, 1], 1, 20), /cut off/);
  assert.throws(() => check([0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 1, 9), /more than 5 bytes/);
});
