/** Runs beside each other. */

import assert from "node:assert/strict";
import { reportHtml, type RunPoint } from "../../../seven/cli/report/mod.ts";
import { bare, marksOf, parsePage, recordWith } from "./support.ts";

function run(method: string, seed: number, sparsity: number, pruned: number, metric = "accuracy"): RunPoint {
  return { method, seed, result: { metric, dense: 0.92, pruned, sparsity } };
}

const runs = ["magnitude", "random"].flatMap((method, m) =>
  [0.6, 0.8, 0.9].flatMap((sparsity) =>
    [1, 2, 3].map((seed) => run(method, seed, sparsity, 0.9 - sparsity * m / 5 - seed / 100))
  )
);

Deno.test("every run is a point, every method a line through its means, named at its end", () => {
  const page = parsePage(reportHtml({ ...bare, runs }));
  const [chart] = page.charts("Accuracy against sparsity");
  assert.equal(marksOf(chart!, "runs"), runs.length + 1, "the report's own run is one more");
  const lines = [...chart!.querySelectorAll(".means path")].map((path) =>
    path.getAttribute("d")!.match(/[ML]/g)!.length
  );
  assert.deepEqual(lines, [3, 3], "a method with one sparsity has no line");
  const names = [...chart!.querySelectorAll("text")].map(({ textContent }) => textContent);
  for (const name of ["magnitude", "random", "seven-pre", "dense"]) assert.ok(names.includes(name), name);
});

Deno.test("twelve methods have lines that differ by colour or dashes, and marks that differ by colour or shape", () => {
  const many = Array.from({ length: 11 }, (_, i) => [0.5, 0.8].map((at) => run(`method ${i}`, 1, at, 0.9 - i / 20)));
  const [chart] = parsePage(reportHtml({ ...bare, runs: [run("seven-pre", 1, 0.6, 0.9), ...many.flat()] }))
    .charts("Accuracy against sparsity");
  const texts = (values: readonly unknown[]) => new Set(values.map((value) => JSON.stringify(value)));
  const lines = [...chart!.querySelectorAll("g.means")].map((group) =>
    ["stroke", "stroke-dasharray"].map((name) => group.getAttribute(name))
  );
  assert.equal(texts(lines).size, 12);
  const marks = [...chart!.querySelectorAll("g.runs")].map((group) => [
    group.getAttribute("stroke"),
    group.querySelector("path")?.getAttribute("d"), // a circle has none
  ]);
  assert.equal(texts(marks).size, 12);
});

Deno.test("names at the ends of lines are apart", () => {
  const close = Array.from({ length: 8 }, (_, i) => [0.5, 0.8].map((sparsity) => run(`method ${i}`, 1, sparsity, 0.9)))
    .flat();
  const [chart] = parsePage(reportHtml({ ...bare, runs: close })).charts("Accuracy against sparsity");
  const at = [...chart!.querySelectorAll("text")].filter(({ textContent }) => /method|seven|dense/.test(textContent))
    .map((text) => Number(/,(.*)\)/.exec(text.getAttribute("transform")!)![1])).sort((a, b) => a - b);
  assert.equal(at.length, 10);
  for (let i = 1; i < at.length; i++) assert.ok(at[i]! - at[i - 1]! >= 15, `${at}`);
});

Deno.test("the table has mean and standard deviation over seeds", () => {
  const page = parsePage(
    reportHtml({ ...bare, runs: [1, 2, 3].map((seed) => run("snip", seed, 0.9, 0.8 + seed / 100)) }),
  );
  const rows = page.all("section details tbody tr").map(({ children }) => Array.from(children, (c) => c.textContent));
  assert.deepEqual(rows.find(([method]) => method === "snip"), [
    "snip",
    "90.00 %",
    "3",
    "82.00 %",
    "1.00 %",
    "81.00 %",
    "83.00 %",
  ]);
  assert.equal(rows.find(([method]) => method === "seven-pre")![4], "–", "one run has no deviation");
});

Deno.test("the report's own run counts once when it is among the runs", () => {
  const [chart] = parsePage(reportHtml({ ...bare, runs: [recordWith(), ...runs] })).charts("Accuracy against sparsity");
  assert.equal(marksOf(chart!, "runs"), runs.length + 1);
});

Deno.test("runs that are equally sparse are rows with a point each and a stroke at their mean", () => {
  const same = ["a", "b"].flatMap((method) => [1, 2].map((seed) => run(method, seed, 0.8001, 0.7 + seed / 10)));
  const [chart] = parsePage(reportHtml({ ...bare, runs: same })).charts("Accuracy by method");
  assert.equal(marksOf(chart!, "runs"), 5);
  assert.equal(marksOf(chart!, "means"), 3);
});

Deno.test("runs of another metric are left out, and the caption says so", () => {
  const others = [run("a", 1, 0.5, 0.5, "f1"), run("a", 2, 0.5, NaN), run("a", 3, 0.5, 0.5)];
  const page = parsePage(reportHtml({ ...bare, runs: others }));
  assert.equal(marksOf(page.charts("Accuracy against sparsity")[0]!, "runs"), 2);
  assert.match(page.one("figcaption").textContent, /Left out: 2 of another metric or without one\./);
  assert.ok(!reportHtml({ ...bare, runs: others.slice(0, 2) }).includes("against sparsity</h2>"));
});
