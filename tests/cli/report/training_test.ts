/** The course of a run. */

import assert from "node:assert/strict";
import { reportHtml } from "../../../seven/cli/report/mod.ts";
import { bare, eventsUpTo, marksOf, type Page, type PageElement, parsePage } from "./support.ts";

const heading = "The course of the run";

function points(chart: PageElement, line: string): number {
  const path = chart.querySelector(`.${line} path`)?.getAttribute("d") ?? "";
  return path.match(/[ML]/g)?.length ?? 0;
}

/** The places of a class of rectangles or points, by attribute. */
function numbersOf(chart: PageElement, selector: string, attribute: string): number[] {
  return [...chart.querySelectorAll(selector)].map((mark) => Number(mark.getAttribute(attribute)));
}

function rows(page: Page): string[][] {
  const table = page.all("section details table").find((table) => table.textContent.includes("sparsity"))!;
  return [...table.querySelectorAll("tbody tr")].map((row) =>
    Array.from(row.children, ({ textContent }) => textContent)
  );
}

Deno.test("all events are in the lines, and few of them are points as well", () => {
  const [loss, sparsity] = parsePage(reportHtml({ ...bare, events: eventsUpTo(300) })).charts(heading);
  assert.equal(points(loss!, "loss"), 30);
  assert.equal(points(loss!, "smoothed"), 30);
  assert.equal(marksOf(loss!, "losses"), 30);
  assert.equal(points(sparsity!, "sparsity"), 30);
  assert.equal(marksOf(sparsity!, "sparsities"), 30);
});

Deno.test("too few events are not smoothed", () => {
  const page = parsePage(reportHtml({ ...bare, events: eventsUpTo(100) }));
  const [loss] = page.charts(heading);
  assert.equal(points(loss!, "loss"), 10);
  assert.equal(loss!.querySelector(".smoothed"), null);
  assert.doesNotMatch(page.one("figure figcaption").textContent, /thick/);
});

Deno.test("many events are joined to means, and the caption says so", () => {
  const events = eventsUpTo(12_000).map((event, i) => ({ ...event, loss: i % 2 }));
  const page = parsePage(reportHtml({ ...bare, events }));
  const [loss] = page.charts(heading);
  assert.equal(points(loss!, "loss"), 400);
  assert.match(page.one("figure figcaption").textContent, /The 1,200 logged steps are joined to 400 means\./);
  assert.ok(rows(page).length <= 200);
});

Deno.test("the numbers behind the chart are those of the events", () => {
  const events = eventsUpTo(50);
  const validation = [20, 25].map((step) => ({ step, validation: { accuracy: step / 100 } }));
  const table = rows(parsePage(reportHtml({ ...bare, events, validation })));
  assert.deepEqual(table.map(([step]) => step), ["10", "20", "25", "30", "40", "50"]);
  assert.deepEqual(table[1], ["20", (2 / 1.2 + 0.1 * Math.sin(20)).toFixed(3), "40.00 %", "600", "20.00 %"]);
  assert.deepEqual(table[2]!.slice(1), ["–", "–", "–", "25.00 %"]);
});

Deno.test("evaluations have a chart of their own with a point for each, on the same axis of steps", () => {
  const validation = [10, 20, 30, 40].map((step) => ({ step, validation: { accuracy: step / 50 } }));
  const charts = parsePage(reportHtml({ ...bare, events: eventsUpTo(40), validation })).charts(heading);
  assert.equal(charts.length, 3);
  assert.equal(marksOf(charts[1]!, "evaluations"), 4);
  const at = numbersOf(charts[1]!, ".evaluations circle", "cx");
  assert.deepEqual(at, numbersOf(charts[0]!, ".losses circle", "cx"));
  const heights = numbersOf(charts[1]!, ".evaluations circle", "cy");
  assert.deepEqual(heights, heights.toSorted((a, b) => b - a), "a better metric is higher up");
});

Deno.test("evaluations by another metric than the record's are not shown", () => {
  const validation = [{ step: 10, validation: { f1: 1 } }];
  assert.equal(parsePage(reportHtml({ ...bare, events: eventsUpTo(40), validation })).charts(heading).length, 2);
});

Deno.test("the pruning window is shaded in every chart, from before its first step to its last", () => {
  const data = { ...bare, events: eventsUpTo(40), window: { start: 11, end: 30 } };
  const page = parsePage(reportHtml(data));
  for (const chart of page.charts(heading)) {
    const [x] = numbersOf(chart, ".window rect", "x"), [width] = numbersOf(chart, ".window rect", "width");
    const steps = numbersOf(chart, ".losses circle, .sparsities circle", "cx");
    assert.ok(Math.abs(x! - steps[0]!) < 0.2, "begins at step 10");
    assert.ok(Math.abs(x! + width! - steps[2]!) < 0.2, "ends at step 30");
  }
  assert.match(page.one("figure figcaption").textContent, /Shaded: the pruning window, steps 11 to 30\./);
  const one = reportHtml({ ...data, window: { start: 1, end: 1 } });
  assert.match(one, /Shaded: the pruning window, step 1\./);
  const none = parsePage(reportHtml({ ...data, window: { start: 5, end: 1 } }));
  assert.equal(none.charts(heading)[0]!.querySelector(".window"), null);
});
