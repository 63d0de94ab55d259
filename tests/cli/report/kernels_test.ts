/** Time by kernel. */

import assert from "node:assert/strict";
import { reportHtml } from "../../../seven/cli/report/mod.ts";
import type { StepTiming } from "../../../seven/cli/timing.ts";
import { bare, parsePage, rowsOf } from "./support.ts";

/** A page of kernels. */
function page(kernels: StepTiming["kernels"], changes: Partial<StepTiming> = {}): string {
  const step: StepTiming = { turn: "train", rows: 64, batches: 1, kernels, ...changes };
  return reportHtml({ ...bare, timing: { schema: 1, step } });
}

Deno.test("the twelve kinds of kernels that took longest are listed by time, the others together", () => {
  const rows = rowsOf(
    page(Array.from({ length: 15 }, (_, i) => ({ label: `kernel ${i}`, milliseconds: i }))),
    "Time by kernel",
  );
  assert.equal(rows.length, 13);
  assert.deepEqual(rows[0], ["kernel 14", "14 ms", "13.3 %", "1"]);
  assert.deepEqual(rows[11], ["kernel 3", "3 ms", "2.9 %", "1"]);
  assert.deepEqual(rows[12], ["others", "3 ms", "2.9 %", "3"]);
});

Deno.test("kernels of the same operations are added up, and times that are none are left out", () => {
  const text = page([
    { label: "b", milliseconds: 1 },
    { label: "a", milliseconds: 1 },
    { label: "a", milliseconds: 2 },
    { label: "a", milliseconds: NaN },
  ]);
  assert.deepEqual(rowsOf(text, "Time by kernel"), [["a", "3 ms", "75.0 %", "2"], ["b", "1 ms", "25.0 %", "1"]]);
});

Deno.test("bars are as long as times", () => {
  const bars = parsePage(page([4, 1, 0].map((milliseconds, i) => ({ label: `${i}`, milliseconds })))).all(".bars i");
  const widths = bars.map((bar) => /\*(.*)\)/.exec(bar.getAttribute("style")!)![1]);
  assert.deepEqual(widths, ["1.0000", "0.2500", "0.0000"]);
});

Deno.test("the caption says which step was timed", () => {
  const kernels = [{ label: "a", milliseconds: 2 }];
  const caption = (changes: Partial<StepTiming>): string =>
    parsePage(page(kernels, changes)).one("figcaption").textContent;
  assert.match(caption({}), /the run ended with \(plain training\), on a batch of 64 rows: 2 ms in 1 kernels\./);
  assert.match(caption({ turn: "prune" }), /\(one that chooses a new mask\)/);
  assert.match(caption({ batches: 4 }), /on the last of its 4 batches of 64 rows/);
});

Deno.test("there is no section without times", () => {
  for (const text of [page([]), page([{ label: "a", milliseconds: NaN }]), reportHtml(bare)]) {
    assert.ok(!parsePage(text).headings().includes("Time by kernel"));
  }
});
