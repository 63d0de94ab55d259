/** What a report makes of settings: rows, or a choice by held-out rows. */

import assert from "node:assert/strict";
import { parse } from "csv-parse/sync";
import { inFolder, run } from "../support.ts";
import { type Outcome, sweepOf } from "./finished.ts";

const task = "digits";

/** Two methods with two learning rates and two seeds each, and a third one that has one. */
const rates: Outcome[] = [
  [{ task, method: "seven-pre", sparsity: 0.8, learningRate: 0.1, seed: 1 }, 0.99, 0.9, [0.7, 0.88]],
  [{ task, method: "seven-pre", sparsity: 0.8, learningRate: 0.1, seed: 2 }, 0.99, 0.9, [0.8, 0.88]],
  [{ task, method: "seven-pre", sparsity: 0.8, learningRate: 0.01, seed: 1 }, 0.85, 0.9, [0.81, 0.86]],
  [{ task, method: "seven-pre", sparsity: 0.8, learningRate: 0.01, seed: 2 }, 0.83, 0.9, [0.79, 0.84]],
  [{ task, method: "magnitude", sparsity: 0.8, learningRate: 0.1, seed: 1 }, 0.8, 0.9, [0.75, 0.8]],
  [{ task, method: "magnitude", sparsity: 0.8, learningRate: 0.1, seed: 2 }, 0.8, 0.9, [0.75, 0.8]],
  [{ task, method: "magnitude", sparsity: 0.8, learningRate: 0.01, seed: 1 }, 0.99, 0.9, [0.99, 0.99]],
  [{ task, method: "random", sparsity: 0.8, learningRate: 0.1, seed: 1 }, 0.3, 0.9, [0.3, 0.3]],
];

Deno.test("--settings tuned takes the setting that is best on held-out rows, whatever the others say", async () => {
  await inFolder(async (folder) => {
    await sweepOf(folder, rates);
    const { code, out, err } = await run(["sweep", "report", folder, "--settings", "tuned"]);
    assert.equal(code, 0, err.join("\n"));
    assert.deepEqual(out.join("\n").split("\n").filter((line) => line.startsWith("| ")).slice(0, 6), [
      "| sparsity | method | mean | range | n | held out | setting |",
      "| ---: | --- | ---: | ---: | ---: | ---: | ---: |",
      "| 0 % | dense | 90.00 % ± 0.00 % | 90.00 % to 90.00 % | 2 |  |  |",
      "| 80.0 % | seven-pre | 85.00 % ± 1.41 % | 84.00 % to 86.00 % | 2 | 80.00 % ± 1.41 % | learningRate 0.01, of 2 |",
      // The other rate has one seed only: it is no match.
      "| 80.0 % | magnitude | 80.00 % ± 0.00 % | 80.00 % to 80.00 % | 2 | 75.00 % ± 0.00 % | learningRate 0.1, of 2 |",
      "| 80.0 % | random | 30.00 % | – | 1 | 30.00 % | learningRate 0.1 |",
    ]);
    assert.ok(out.join("\n").includes("| 80.0 % | seven-pre | +5.00 ± 1.00 | 2 | 2 | 0 | 0 |"));
    const [, , seven] = parse(await Deno.readTextFile(`${folder}/report.results.csv`)) as string[][];
    assert.deepEqual(seven!.slice(-3), ["0.8", "learningRate 0.01", "2"]);

    await sweepOf(folder, [...rates.slice(0, 4), [{ ...rates[4]![0], learningRate: 0.1 }, 0.8], ...rates.slice(5)]);
    const blind = await run(["sweep", "report", folder, "--settings", "tuned"]);
    assert.equal(blind.code, 2);
    assert.deepEqual(blind.err, [
      'error: --settings tuned: cell 4 (magnitude) did not look at held-out rows; plan it with "validateEvery"',
    ]);
  });
});

Deno.test("--settings tuned goes by the least loss", async () => {
  await inFolder(async (folder) => {
    await sweepOf(folder, [
      [{ task: "stsb", metric: "mse", method: "seven-pre", sparsity: 0.8, batch: 8, seed: 1 }, 0.5, 0.2, [0.6, 0.5]],
      [{ task: "stsb", metric: "mse", method: "seven-pre", sparsity: 0.8, batch: 16, seed: 1 }, 0.4, 0.2, [0.7, 0.4]],
    ]);
    const { out } = await run(["sweep", "report", folder, "--settings", "tuned"]);
    assert.match(out.join("\n"), /\| 80.0 % \| seven-pre \| 0\.5 \| – \| 1 \| 0\.6 \| batch 8, of 2 \|/);
  });
});

Deno.test("--settings rows has a row for each setting, called by what most cells do not have, against the usual one", async () => {
  await inFolder(async (folder) => {
    const of = (options: Record<string, unknown>, seed: number, pruned: number): Outcome => [
      { task, method: "seven-pre", sparsity: 0.95, seed, model: `dense/${seed}`, ...options },
      pruned,
    ];
    await sweepOf(folder, [
      of({}, 1, 0.8),
      of({ moment: "absolute" }, 1, 0.7),
      of({ lrSchedule: "linear", moment: "signed" }, 1, 0.9),
      of({}, 2, 0.82),
      of({ moment: "absolute" }, 2, 0.74),
      of({ lrSchedule: "linear" }, 2, 0.9),
      of({ moment: "absolute", lrSchedule: "linear" }, 2, 0.6),
    ]);
    const { code, out, err } = await run(["sweep", "report", folder, "--settings", "rows"]);
    assert.equal(code, 0, err.join("\n"));
    const lines = out.join("\n").split("\n");
    assert.deepEqual(lines.filter((line) => line.startsWith("#")), ["# Results", "## digits", "### Against seven-pre"]);
    assert.deepEqual(lines.filter((line) => /^\| 9/.test(line)), [
      "| 95.0 % | seven-pre | 81.00 % ± 1.41 % | 80.00 % to 82.00 % | 2 |",
      "| 95.0 % | moment absolute | 72.00 % ± 2.83 % | 70.00 % to 74.00 % | 2 |",
      "| 95.0 % | lrSchedule linear | 90.00 % ± 0.00 % | 90.00 % to 90.00 % | 2 |",
      "| 95.0 % | moment absolute, lrSchedule linear | 60.00 % | – | 1 |",
      "| 95.0 % | moment absolute | -9.00 ± 1.00 | 2 | 0 | 2 | 0 |",
      "| 95.0 % | lrSchedule linear | +9.00 ± 1.00 | 2 | 2 | 0 | 0 |",
      "| 95.0 % | moment absolute, lrSchedule linear | -22.00 | 1 | 0 | 1 | 0 |",
    ]);
    // With another method beside it, rows tell the method too.
    const bounded = { mostSparsity: [{ pattern: "*pooler*", share: 0.8 }], exclude: ["a", "b*"] };
    const variants = [of({ moment: "absolute" }, 1, 0.7), of(bounded, 1, 0.75), of({ exclude: [] }, 1, 0.8)];
    await sweepOf(folder, [of({}, 1, 0.8), ...variants, of({ method: "snip" }, 1, 0.6)]);
    const both = await run(["sweep", "report", folder, "--settings", "rows", "--baseline", "snip"]);
    assert.ok(both.out.join("\n").includes("| 95.0 % | seven-pre, moment absolute | +10.00 | 1 | 1 | 0 | 0 |"));
    assert.ok(both.out.join("\n").includes("| 95.0 % | seven-pre, mostSparsity \\*pooler\\*=0.8, exclude a b\\* |"));
    const svg = await Deno.readTextFile(`${folder}/report.digits.svg`);
    assert.ok(svg.includes("moment absolute"), "the figure tells them apart too");
  });
});
