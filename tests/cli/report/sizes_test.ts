/** Sizes. */

import assert from "node:assert/strict";
import { reportHtml } from "../../../seven/cli/report/mod.ts";
import { bare, rowsOf } from "./support.ts";

Deno.test("sizes are before, after, and a share of the dense file", () => {
  const sizes = {
    before: { dense: 437_951_324, gzip: 400e6 },
    after: { dense: 437_951_324, gzip: 131_385_397, packed: 999 },
  };
  assert.deepEqual(rowsOf(reportHtml({ ...bare, sizes }), "Size"), [
    ["model.safetensors", "438 MB", "438 MB", "100.0 %"],
    ["through gzip", "400 MB", "131 MB", "30.0 %"],
    ["packed", "–", "999 bytes", "0.0 %"],
  ]);
});

Deno.test("kinds of sizes that nobody measured are left out", () => {
  const sizes = { before: { dense: 10 }, after: { dense: 10 } };
  assert.deepEqual(rowsOf(reportHtml({ ...bare, sizes }), "Size"), [[
    "model.safetensors",
    "10 bytes",
    "10 bytes",
    "100.0 %",
  ]]);
});
