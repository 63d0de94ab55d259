/** Kernels and sizes. */

import assert from "node:assert/strict";
import { reportHtml } from "../../../seven/cli/report/mod.ts";
import { bare, parsePage } from "./support.ts";

function rowsOf(text: string, heading: string): string[][] {
  const section = parsePage(text).all("section").find((section) =>
    section.querySelector("h2")?.textContent === heading
  )!;
  return [...section.querySelectorAll("tbody tr")].map(({ children }) => Array.from(children, (c) => c.textContent));
}

Deno.test("the twelve longest kernels are listed by time, the others together", () => {
  const kernels = Array.from({ length: 15 }, (_, i) => ({ label: `kernel ${i}`, milliseconds: i }));
  const rows = rowsOf(reportHtml({ ...bare, kernels }), "Time by kernel");
  assert.equal(rows.length, 13);
  assert.deepEqual(rows[0], ["kernel 14", "14 ms", "13.3 %"]);
  assert.deepEqual(rows[11], ["kernel 3", "3 ms", "2.9 %"]);
  assert.deepEqual(rows[12], ["3 others", "3 ms", "2.9 %"]);
});

Deno.test("bars are as long as times", () => {
  const kernels = [4, 1, 0].map((milliseconds, i) => ({ label: `${i}`, milliseconds }));
  const bars = parsePage(reportHtml({ ...bare, kernels })).all(".bars i");
  const widths = bars.map((bar) => /\*(.*)\)/.exec(bar.getAttribute("style")!)![1]);
  assert.deepEqual(widths, ["1.0000", "0.2500", "0.0000"]);
});

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
