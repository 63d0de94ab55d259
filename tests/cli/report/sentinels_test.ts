/** The sentinel picture. */

import assert from "node:assert/strict";
import { reportHtml } from "../../../seven/cli/report/mod.ts";
import { cutOf, gridOf } from "../../../seven/cli/report/histogram_grid.ts";
import { bare, eventsUpTo, marksOf, parsePage, recordWith, smallHistogram } from "./support.ts";

const heading = "Sentinel weights";
const query = (layer: number): string => `layers.${layer}.q_proj.weight`;

Deno.test("bins with kept or pruned weights are drawn, each once for either", () => {
  const [chart] = parsePage(reportHtml({ ...bare, histogram: smallHistogram })).charts(heading);
  assert.equal(marksOf(chart!, "kept"), Array.from(smallHistogram.kept).filter((n) => n > 0).length);
  assert.equal(marksOf(chart!, "pruned"), Array.from(smallHistogram.pruned).filter((n) => n > 0).length);
  assert.equal(marksOf(chart!, "threshold"), 1);
});

Deno.test("the picture names its numbers, and lists them", () => {
  const page = parsePage(reportHtml({ ...bare, histogram: smallHistogram }));
  assert.deepEqual(page.all(".key li").map(({ textContent }) => textContent), ["kept: 56", "pruned: 327"]);
  const rows = page.all("section details tbody tr").map(({ children }) => Array.from(children, (c) => c.textContent));
  assert.deepEqual(rows, [
    ["1e-6", "0", "0", "300"],
    ["1e-6", "0.25", "1", "20"],
    ["1e-6", "0.5", "5", "0"],
    ["1e-5", "0", "0", "7"],
    ["1e-5", "0.25", "10", "0"],
    ["1e-5", "0.5", "40", "0"],
  ]);
});

Deno.test("gridOf() leaves out empty columns at the sides, and places bins by logarithm", () => {
  const columns = gridOf(smallHistogram)!;
  assert.equal(columns.length, 2);
  const ends = columns.map(([cell]) => [cell!.x1, cell!.x2].map((x) => Math.round(10 * x) / 10));
  assert.deepEqual(ends, [[-6, -5], [-5, -4]]);
  assert.deepEqual(columns[0]!.map(({ y1, y2 }) => [y1, y2]), [[0, 0.25], [0.25, 0.5], [0.5, 1]]);
});

Deno.test("gridOf() joins fine bins and loses no weight", () => {
  const edges = {
    sensitivity: Array.from({ length: 99 }, (_, i) => 10 ** (i / 10 - 9)),
    steadiness: Array.from({ length: 49 }, (_, i) => (i + 1) / 50),
  };
  const counts = Array.from({ length: 100 * 50 }, (_, i) => i);
  const columns = gridOf({ kept: counts, pruned: counts, edges })!;
  assert.ok(columns.length <= 32 && columns[0]!.length <= 20);
  const total = columns.flat().reduce((sum, { kept }) => sum + kept, 0);
  assert.equal(total, counts.reduce((sum, n) => sum + n));
});

Deno.test("gridOf() gives nothing for counts and edges that do not fit, or for no weight", () => {
  const { kept, pruned, edges } = smallHistogram;
  assert.equal(gridOf({ kept: [1], pruned, edges }), undefined);
  assert.equal(gridOf({ kept, pruned, edges: { ...edges, sensitivity: [1e-4, 1e-5, 1e-6] } }), undefined);
  assert.equal(gridOf({ kept, pruned, edges: { ...edges, steadiness: [0.5, 1.5] } }), undefined);
  const nothing = Array.from(kept, () => 0);
  assert.equal(gridOf({ kept: nothing, pruned: nothing, edges }), undefined);
  assert.ok(!reportHtml({ ...bare, histogram: { kept: [1], pruned, edges } }).includes(heading));
});

Deno.test("cutOf() finds the end of a column that is nearest to the wanted number of weights", () => {
  const columns = gridOf(smallHistogram)!; // 326 weights, then 57 more sensitive ones
  const end = columns[1]![0]!.x1;
  assert.equal(cutOf(columns, 57), end);
  assert.equal(cutOf(columns, 70), end, "13 into the next column of 326");
  assert.equal(cutOf(columns, 40), end, "17 short of the whole column");
  assert.equal(cutOf(columns, 10), undefined, "nearer to the side of the picture");
  assert.equal(cutOf(columns, 0), undefined);
  assert.equal(cutOf(columns, 1e9), undefined);
});

Deno.test("the line of large weights is drawn where as many are as the run keeps", () => {
  const record = recordWith(), at = (kept: number) => ({ ...record, result: { ...record.result, kept } });
  const chart = (kept: number) =>
    parsePage(reportHtml({ ...bare, record: at(kept), histogram: smallHistogram })).charts(heading)[0]!;
  assert.equal(marksOf(chart(57), "large"), 1);
  assert.equal(marksOf(chart(0), "large"), 0);
});

Deno.test("bars count the classes of each layer at the last look, tensors of no layer by name", () => {
  const counts = (factor: number) => ({
    [query(0)]: { sentinel: 30 * factor, temporary: 10 * factor },
    "layers.0.k_proj.weight": { sentinel: 30 * factor, temporary: 0 },
    [query(1)]: { sentinel: 15 * factor, temporary: 60 * factor },
    "pooler.dense.weight": { sentinel: 0, temporary: 0 },
  });
  const [first, second, third] = eventsUpTo(30);
  const events = [{ ...first!, sentinels: counts(1) }, { ...second!, sentinels: counts(2) }, third!];
  const page = parsePage(reportHtml({ ...bare, events }));
  const rows = page.all("table.bars tbody tr");
  assert.deepEqual(
    rows.map(({ children }) => Array.from(children, (cell) => cell.textContent)),
    [
      ["layer 0", "12020", "85.7 %"],
      ["layer 1", "30120", "20.0 %"],
      ["pooler.dense.weight", "00", "–"],
      ["all", "150 SW140 TSW", "51.7 %"],
    ],
  );
  const widths = [...rows[1]!.querySelectorAll("i")].map((bar) => /\*(.*)\)/.exec(bar.getAttribute("style")!)![1]);
  assert.deepEqual(widths, ["0.2500", "1.0000"]);
  const [course] = page.charts(heading);
  assert.equal(marksOf(course!, "looks"), 4, "two classes at two looks");
});

Deno.test("one look has no course", () => {
  const [event] = eventsUpTo(10);
  const events = [{ ...event!, sentinels: { [query(0)]: { sentinel: 1, temporary: 1 } } }];
  assert.deepEqual(parsePage(reportHtml({ ...bare, events })).charts(heading), []);
});
