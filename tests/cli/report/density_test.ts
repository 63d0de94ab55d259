/** What is left of each matrix. */

import assert from "node:assert/strict";
import { reportHtml, type TensorDensity } from "../../../seven/cli/report/mod.ts";
import { bare, parsePage } from "./support.ts";

function tensor(layer: number, matrix: string, kept: number, size = 100): TensorDensity {
  return { name: `vit.encoder.layer.${layer}.${matrix}.weight`, kept, size };
}

function cellsOf(densities: readonly TensorDensity[]): string[][] {
  return parsePage(reportHtml({ ...bare, densities })).all("table.heat tr")
    .map(({ children }) => Array.from(children, ({ textContent }) => textContent));
}

Deno.test("layers are rows in order, matrices columns, with what is left of both together", () => {
  const densities = [
    tensor(10, "output.dense", 40, 400),
    tensor(2, "output.dense", 10),
    tensor(2, "attention.attention.query", 50),
    tensor(10, "attention.attention.query", 0),
  ];
  assert.deepEqual(cellsOf(densities), [
    ["", "q", "ffn out", "all"],
    ["layer 2", "50.0", "10.0", "30.0"],
    ["layer 10", "0.0", "10.0", "8.0"],
    ["all", "25.0", "10.0", "14.3"],
  ]);
});

Deno.test("a matrix that a layer lacks has a dash", () => {
  const cells = cellsOf([tensor(0, "attention.attention.query", 1), tensor(1, "output.dense", 1)]);
  assert.deepEqual(cells.slice(1, 3), [["layer 0", "1.0", "–", "1.0"], ["layer 1", "–", "1.0", "1.0"]]);
});

Deno.test("colours follow the density, nothing left has none, the densest has the strongest", () => {
  const densities = [0, 1, 50, 100].map((kept, layer) => tensor(layer, "output.dense", kept));
  const classes = parsePage(reportHtml({ ...bare, densities })).all("table.heat tbody tr")
    .map(({ children }) => children[1]!.getAttribute("class"));
  assert.deepEqual(classes.slice(0, 4), ["h0", "h1", "h5", "h10"]);
});

Deno.test("tensors of no layer, and second ones of a cell, are in a table", () => {
  const densities = [
    tensor(0, "attention.attention.query", 5),
    tensor(0, "crossattention.self.query", 7),
    { name: "vit.pooler.dense.weight", kept: 3, size: 9 },
  ];
  const page = parsePage(reportHtml({ ...bare, densities }));
  const table = page.all("section").find((section) => section.querySelector(".heat"))!.querySelector(
    "table:not(.heat)",
  )!;
  const rows = [...table.querySelectorAll("tbody tr")].map(({ children }) =>
    Array.from(children, (c) => c.textContent)
  );
  assert.deepEqual(rows, [
    ["vit.encoder.layer.0.crossattention.self.query.weight", "7.00 %", "7", "100"],
    ["vit.pooler.dense.weight", "33.33 %", "3", "9"],
  ]);
});

Deno.test("names that follow no rule are a table alone, cut where they are many", () => {
  const densities = Array.from({ length: 230 }, (_, i) => ({ name: `w${i}`, kept: 1, size: 2 }));
  const page = parsePage(reportHtml({ ...bare, densities }));
  assert.deepEqual(page.all(".heat"), []);
  assert.ok(!page.one("main").textContent.includes("outside this scheme"));
  assert.match(page.one("main").textContent, /And 30 more\./);
});
