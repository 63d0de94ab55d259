/** Latencies before and after. */

import assert from "node:assert/strict";
import { reportHtml } from "../../../seven/cli/report/mod.ts";
import { bare, parsePage, rowsOf, smallTiming } from "./support.ts";

Deno.test("latencies are told with their spread, batch and device, and as a share of the dense one", () => {
  const text = reportHtml({ ...bare, timing: smallTiming });
  assert.deepEqual(rowsOf(text, "Latency"), [
    ["dense", "10 ms", "9.5 – 10.75 ms", "9 ms", "1.00"],
    ["pruned", "10.2 ms", "9.6 – 11 ms", "9.1 ms", "1.02"],
  ]);
  const section = parsePage(text).all("section").find((one) => one.querySelector("h2")?.textContent === "Latency")!;
  assert.match(section.querySelector("thead")!.textContent, /batch of 32/);
  assert.match(section.querySelector("figcaption")!.textContent, /on the cpu device .+ 32 rows: medians of 20 passes/);
});

Deno.test("what zeros do not do is said beside latencies where there are some, once", () => {
  const sizes = { before: { dense: 4000 }, after: { dense: 4000, packed: 925 } };
  const { latency: _, ...unmeasured } = smallTiming;
  const where = (data: Parameters<typeof reportHtml>[0]): string[] =>
    parsePage(reportHtml(data)).all("section, main > p")
      .filter(({ textContent }) => /do not speed up dense kernels/.test(textContent))
      .map((one) => one.querySelector("h2")?.textContent ?? "head");
  assert.deepEqual(where({ ...bare, timing: smallTiming, sizes }), ["Latency"]);
  assert.deepEqual(where({ ...bare, timing: unmeasured, sizes }), ["Size"]);
  assert.deepEqual(where({ ...bare, timing: unmeasured }), ["head"]);
  assert.match(reportHtml({ ...bare, timing: smallTiming, sizes }), /<p>Packed is a bit for each prunable weight/);
});

Deno.test("one pass is called one, and times that are none are told by a dash", () => {
  const none = { median: NaN, least: NaN, lower: NaN, upper: Infinity };
  const latency = { rows: 32, passes: 1, dense: none, pruned: none };
  const text = reportHtml({ ...bare, timing: { schema: 1, latency } });
  assert.match(text, /one pass of each/);
  assert.deepEqual(rowsOf(text, "Latency")[1], ["pruned", "– ms", "– – – ms", "– ms", "–"]);
});
