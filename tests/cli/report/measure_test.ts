/** Sizes of files. */

import assert from "node:assert/strict";
import { gunzipSync, gzipSync } from "node:zlib";
import { fileSizes } from "../../../seven/cli/report/mod.ts";

Deno.test("fileSizes() measures the file and what gzip makes of it, in parts of any length", async () => {
  const bytes = new Uint8Array(200_000).map((_, i) => i % 7 === 0 ? (i * i) & 255 : 0);
  assert.equal(gunzipSync(gzipSync(bytes)).length, bytes.length);
  const sizes = await fileSizes([bytes.subarray(0, 3), bytes.subarray(3, 150_000), bytes.subarray(150_000)]);
  assert.equal(sizes.dense, 200_000);
  assert.equal(sizes.packed, undefined);
  assert.ok(Math.abs(sizes.gzip! - gzipSync(bytes).length) < 0.02 * sizes.gzip!);
});

Deno.test("fileSizes() packs prunable tensors to a bit per weight and the kept values", async () => {
  const { packed } = await fileSizes([new Uint8Array(4 * 1000)], [
    { name: "a", kept: 10, size: 100 },
    { name: "b", kept: 9, size: 9 },
  ]);
  // 891 other weights, 19 kept values, 13 and 2 bytes of bits.
  assert.equal(packed, 4 * 891 + 4 * 19 + 13 + 2);
});
