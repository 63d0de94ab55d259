import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { gunzip, isGzip } from "../../../models/data/gunzip.ts";
import { readIdx, readLabels } from "../../../models/data/idx.ts";
import { idxFile } from "./idx_files.ts";

const gzip = (bytes: Uint8Array): Uint8Array => new Uint8Array(gzipSync(bytes));
const error = (message: RegExp): object => ({ name: "DataError", message });

Deno.test("readIdx() gives back sizes and bytes, packed or not", async () => {
  const sizes = fc.nat(5);
  await fc.assert(
    fc.asyncProperty(sizes, sizes, sizes, fc.boolean(), async (count, height, width, packed) => {
      const data = Uint8Array.from({ length: count * height * width }, (_, i) => i * 7);
      const file = idxFile([count, height, width], data);
      const idx = await readIdx(packed ? gzip(file) : file, 3, "f");
      assert.deepEqual({ shape: idx.shape, data: [...idx.data] }, { shape: [count, height, width], data: [...data] });
    }),
    { numRuns: 40 },
  );
});

Deno.test("readIdx() names what is wrong with a file", async () => {
  const file = idxFile([2, 2, 2], new Uint8Array(8));
  const changed = (at: number, value: number): Uint8Array => file.with(at, value);
  await assert.rejects(readIdx(new Uint8Array(0), 3, "f"), error(/f: begins with the bytes \[\], not with the magic/));
  await assert.rejects(readIdx(new TextEncoder().encode("<html>"), 3, "f"), error(/bytes \[3c 68 74 6d\], not with/));
  await assert.rejects(readIdx(changed(2, 7), 3, "f"), error(/\[00 00 07 03\]/));
  await assert.rejects(readIdx(changed(2, 0x0d), 3, "f"), error(/holds 32-bit floats; only unsigned bytes/));
  await assert.rejects(readIdx(file, 1, "f"), error(/has 3 axes, labels have 1; use the file of labels/));
  await assert.rejects(readIdx(idxFile([2], [1, 2]), 3, "f"), error(/has 1 axes, grey images have 3/));
  await assert.rejects(readIdx(file.slice(0, 10), 3, "f"), error(/10 bytes are too few for the sizes/));
  await assert.rejects(
    readIdx(file.slice(0, -1), 3, "f"),
    error(/\[2,2,2\] takes 8 bytes, but 7 follow: it is cut off/),
  );
  await assert.rejects(readIdx(new Uint8Array([...file, 0]), 3, "f"), error(/but 9 follow: it has bytes left over/));
  await assert.rejects(readIdx(changed(4, 255), 3, "f"), error(/takes 17112760328 bytes, but 8 follow/));
});

Deno.test("readLabels() names row and value of a label that is no class", async () => {
  assert.deepEqual(await readLabels(idxFile([3], [0, 9, 4]), 10, "f"), Uint32Array.of(0, 9, 4));
  await assert.rejects(
    readLabels(gzip(idxFile([3], [0, 10, 11])), 10, "labels.gz"),
    error(/^labels\.gz: row 1 has label 10, but classes are 0 to 9; fetch or correct the file$/),
  );
});

Deno.test("gunzip() refuses a file that is cut off or changed", async () => {
  const packed = gzip(Uint8Array.from({ length: 5000 }, (_, i) => i * i));
  assert.ok(isGzip(packed));
  for (const length of [2, 5, 10, packed.length >> 1, packed.length - 8, packed.length - 1]) {
    await assert.rejects(gunzip(packed.slice(0, length), "f.gz"), error(/^f\.gz: the gzip data is cut off or corrupt/));
  }
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 10, max: packed.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      async (at, flip) => {
        await assert.rejects(gunzip(packed.with(at, packed[at] ^ flip), "f.gz"), error(/cut off or corrupt/));
      },
    ),
    { numRuns: 50 },
  );
  await assert.rejects(gunzip(new Uint8Array([...packed, 1, 2, 3]), "f.gz"), error(/cut off or corrupt/));
});

Deno.test("gunzip() stops at its limit", async () => {
  const bomb = gzip(new Uint8Array(10_000_000));
  await assert.rejects(gunzip(bomb, "f.gz", 1_000_000), error(/f\.gz: unpacks to more than 1000000 bytes/));
  assert.equal((await gunzip(bomb, "f.gz")).length, 10_000_000);
});
