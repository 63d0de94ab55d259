import assert from "node:assert/strict";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { csv } from "../../../seven/cli/sweep/csv.ts";
import { paired, spreadOf } from "../../../seven/cli/sweep/statistics.ts";
import { assertDrawn, parsePage } from "../report/support.ts";
import { inFolder, run } from "../support.ts";
import { type Outcome, sweepOf } from "./finished.ts";

const task = "digits";

/** Three seeds of three methods at two sparsities, one cell not finished. */
const outcomes: Outcome[] = [
  [{ task, method: "seven-pre", sparsity: 0.8, seed: 1 }, 0.86, 0.9],
  [{ task, method: "seven-pre", sparsity: 0.8, seed: 2 }, 0.88, 0.92],
  [{ task, method: "seven-pre", sparsity: 0.8, seed: 3 }, 0.84, 0.91],
  [{ task, method: "magnitude", sparsity: 0.8, seed: 1 }, 0.85, 0.9],
  [{ task, method: "magnitude", sparsity: 0.8, seed: 2 }, 0.88, 0.92],
  [{ task, method: "magnitude", sparsity: 0.8, seed: 3 }, NaN],
  [{ task, method: "random", sparsity: 0.8, seed: 1 }, 0.4, 0.9],
  [{ task, method: "seven-pre", sparsity: 0.95, seed: 1 }, 0.7, 0.9],
  [{ task, method: "magnitude", sparsity: 0.95, seed: 2 }, 0.6, 0.92],
];

Deno.test("a report has mean, deviation, range and n of every method, and differences over the seeds that both have", async () => {
  await inFolder(async (folder) => {
    await sweepOf(folder, outcomes);
    const { code, out, err } = await run(["sweep", "report", folder]);
    assert.equal(code, 0, err.join("\n"));
    const markdown = await Deno.readTextFile(`${folder}/report.md`);
    assert.equal(markdown, `${out.join("\n")}\n`);
    assert.ok(markdown.includes("8 of 9 cells are finished; what follows is of these alone."));
    // Eight times 63.4 s.
    assert.ok(markdown.includes("took 8 min 27 s in all, one run after another. Device: cpu, 2 threads. By seven"));
    const rows = markdown.split("\n").filter((line) => line.startsWith("| "));
    assert.deepEqual(rows, [
      "| method | 80.0 % | 95.0 % |",
      "| --- | ---: | ---: |",
      "| seven-pre | 86.00 % ± 2.00 % | 70.00 % |",
      "| magnitude | 86.50 % ± 2.12 % | 60.00 % |",
      "| random | 40.00 % |  |",
      "| sparsity | method | mean | range | n |",
      "| ---: | --- | ---: | ---: | ---: |",
      "| 0 % | dense | 91.00 % ± 1.00 % | 90.00 % to 92.00 % | 3 |",
      "| 80.0 % | seven-pre | 86.00 % ± 2.00 % | 84.00 % to 88.00 % | 3 |",
      "| 80.0 % | magnitude | 86.50 % ± 2.12 % | 85.00 % to 88.00 % | 2 |",
      "| 80.0 % | random | 40.00 % | – | 1 |",
      "| 95.0 % | seven-pre | 70.00 % | – | 1 |",
      "| 95.0 % | magnitude | 60.00 % | – | 1 |",
      "| sparsity | method | difference (points) | n | better | worse | same |",
      "| ---: | --- | ---: | ---: | ---: | ---: | ---: |",
      // Differences of 1 and 0 points: their deviation is 1 / sqrt(2), over sqrt(2).
      "| 80.0 % | seven-pre | +0.50 ± 0.50 | 2 | 1 | 0 | 1 |",
      "| 80.0 % | random | -45.00 | 1 | 0 | 1 | 0 |",
      "| sparsity | method | difference (points) | n | better | worse | same |",
      "| ---: | --- | ---: | ---: | ---: | ---: | ---: |",
      "| 80.0 % | seven-pre | +46.00 | 1 | 1 | 0 | 0 |",
      "| 80.0 % | magnitude | +45.00 | 1 | 1 | 0 | 0 |",
    ]);
    assert.ok(markdown.includes("### Against magnitude\n") && markdown.includes("### Against random\n"));

    const read = async (name: string): Promise<Record<string, string>[]> =>
      parse(await Deno.readTextFile(`${folder}/report.${name}.csv`), { columns: true });
    const results = await read("results");
    assert.equal(results.length, 6);
    assert.deepEqual(
      { ...results[2], deviation: Number(results[2]!.deviation).toFixed(12) },
      {
        task: "digits",
        setting: "",
        metric: "accuracy",
        method: "magnitude",
        sparsity: "0.8",
        seeds: "2",
        mean: "0.865",
        deviation: (0.015 * Math.SQRT2).toFixed(12),
        least: "0.85",
        greatest: "0.88",
        held_out: "",
        chosen: "",
        settings: "",
      },
    );
    const pairs = await read("pairs");
    assert.deepEqual(pairs.map(({ method, baseline, seeds }) => [method, baseline, seeds]), [
      ["seven-pre", "magnitude", "2"],
      ["random", "magnitude", "1"],
      ["seven-pre", "random", "1"],
      ["magnitude", "random", "1"],
    ]);
    assert.equal(pairs[1]!.standard_error, "");
    assert.deepEqual((await read("cells")).map(({ cell, pruned }) => [cell, pruned]).slice(-2), [["7", "0.7"], [
      "8",
      "0.6",
    ]]);
  });
});

Deno.test("a report keeps tasks and settings apart; losses are better when they are less", async () => {
  await inFolder(async (folder) => {
    const of = (task: string, rest: Record<string, unknown>, pruned: number): Outcome => [
      { task, sparsity: 0.5, seed: 1, ...rest },
      pruned,
    ];
    await sweepOf(folder, [
      of("digits", { method: "seven-pre", learningRate: 0.1 }, 0.8),
      of("digits", { method: "seven-pre", learningRate: 0.01 }, 0.7),
      of("digits", { method: "magnitude", learningRate: 0.1 }, 0.6),
      of("mnist", { method: "seven-pre", learningRate: 0.1, steps: 900, metric: "loss" }, 0.2),
      of("mnist", { method: "magnitude", learningRate: 0.1, steps: 900, metric: "loss" }, 0.3),
    ]);
    const { code, out, err } = await run([
      "sweep",
      "report",
      folder,
      "--out",
      `${folder}/tables/it.md`,
      "--baseline",
      "magnitude",
    ]);
    assert.equal(code, 0, err.join("\n"));
    assert.deepEqual(out.join("\n").split("\n").filter((line) => line.startsWith("## ")), [
      "## digits, learningRate 0.1",
      "## digits, learningRate 0.01",
      "## mnist",
    ]);
    assert.ok(out.join("\n").includes("| 50.0 % | seven-pre | -0.1 | 1 | 1 | 0 | 0 |"));
    const files = [...Deno.readDirSync(`${folder}/tables`)].map(({ name }) => name).sort();
    assert.deepEqual(files, [
      "it.cells.csv",
      "it.digits-learningRate-0.1.svg",
      "it.md",
      "it.mnist.svg",
      "it.pairs.csv",
      "it.results.csv",
    ]);
    const wrong = await run(["sweep", "report", folder, "--baseline", "random"]);
    assert.deepEqual(wrong.err, [
      "error: --baseline random: no cell by it is finished; give of seven-pre, magnitude",
    ]);
  });
});

Deno.test("--method reports on these alone, figure and all", async () => {
  await inFolder(async (folder) => {
    await sweepOf(folder, outcomes);
    const { code, out, err } = await run(["sweep", "report", folder, "--method", "seven-pre,magnitude"]);
    assert.equal(code, 0, err.join("\n"));
    // Of nine cells one is by another method, and one of these is not finished.
    assert.ok(out.join("\n").includes("7 of 8 cells are finished"));
    assert.ok(!out.join("\n").includes("random") && out.join("\n").includes("### Against magnitude"));
    assert.ok(!(await Deno.readTextFile(`${folder}/report.digits.svg`)).includes("random"));
    const wrong = await run(["sweep", "report", folder, "--method", "snip,magnitude"]);
    assert.deepEqual([wrong.code, wrong.err], [2, [
      "error: --method snip: no cell by it is finished; give of seven-pre, magnitude, random",
    ]]);
  });
});

Deno.test("a report tells which runs lost weights whole", async () => {
  await inFolder(async (folder) => {
    await sweepOf(folder, [
      [{ task, method: "seven-pre", sparsity: 0.8, seed: 1 }, 0.8],
      [{ task, method: "magnitude", sparsity: 0.8, seed: 1 }, 0.5],
    ]);
    const path = `${folder}/runs/0000000000000001/run.json`;
    const record = JSON.parse(await Deno.readTextFile(path));
    record.result.collapsed = ["bert.pooler.dense.weight", "b"];
    await Deno.writeTextFile(path, JSON.stringify(record));
    const { out } = await run(["sweep", "report", folder]);
    const line =
      "Weights of which no element is left: magnitude at 80.0 % (1 runs: bert.pooler.dense.weight and 1 more).";
    assert.ok(out.join("\n").includes(`\n\n${line}\n\n`));
  });
});

Deno.test("a difference that rounds to nothing has no sign", async () => {
  await inFolder(async (folder) => {
    await sweepOf(folder, [
      [{ task, method: "seven-pre", sparsity: 0.8, seed: 1 }, 0.8],
      [{ task, method: "magnitude", sparsity: 0.8, seed: 1 }, 0.80001],
      [{ task, method: "platon", sparsity: 0.8, seed: 1 }, 0.80002],
    ]);
    const { out } = await run(["sweep", "report", folder]);
    assert.ok(out.join("\n").includes("| seven-pre | 0.00 | 1 | 0 | 1 | 0 |"));
    assert.ok(out.join("\n").includes("| platon | 0.00 | 1 | 1 | 0 | 0 |"));
  });
});

Deno.test("the figure is an SVG by itself, with a line for each method and its colours in it", async () => {
  await inFolder(async (folder) => {
    const cells = ["seven-pre", "magnitude", "random"].flatMap((method, m) =>
      [0.5, 0.8, 0.9].map((sparsity): Outcome => [{ task, method, sparsity, seed: 1 }, 0.9 - 0.1 * m - 0.2 * sparsity])
    );
    await sweepOf(folder, cells);
    const { code, err } = await run(["sweep", "report", folder]);
    assert.equal(code, 0, err.join("\n"));
    const svg = await Deno.readTextFile(`${folder}/report.digits.svg`);
    assert.equal(svg.match(/xmlns="http:\/\/www\.w3\.org\/2000\/svg"/g)?.length, 1);
    assert.match(svg, /^<svg xmlns="[^"]+" [^>]*viewBox="0 0 832 \d+"/);
    assert.ok(!svg.includes("var(--"), "colours are numbers, as programs other than browsers need them");
    const page = parsePage(`<!doctype html><body>${svg}</body>`);
    assertDrawn(page);
    const means = page.all("g.means");
    assert.equal(means.length, 3);
    assert.equal(new Set(means.map((line) => line.getAttribute("stroke"))).size, 3);
    const text = page.one("svg").textContent;
    for (const name of ["seven-pre", "magnitude", "random", "sparsity", "dense"]) assert.ok(text.includes(name), name);
  });
});

Deno.test("spreadOf() is what its definition says, and equal values have no spread", () => {
  const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 9 });
  fc.assert(fc.property(values, (values) => {
    const { count, mean, deviation, least, greatest } = spreadOf(values);
    assert.equal(count, values.length);
    assert.ok(least <= mean && mean <= greatest);
    if (count === 1) return assert.equal(deviation, undefined);
    // Another way to the same: all pairs.
    let squares = 0;
    for (const a of values) for (const b of values) squares += (a - b) ** 2;
    const expected = Math.sqrt(squares / 2 / count / (count - 1));
    assert.ok(Math.abs(deviation! - expected) <= 1e-9 * (1 + Math.abs(greatest) + Math.abs(least)), `${deviation}`);
  }));
  assert.deepEqual(spreadOf([0.1, 0.1, 0.1]), { count: 3, mean: 0.1, deviation: 0, least: 0.1, greatest: 0.1 });
});

Deno.test("paired() takes the seeds that both have, and is the opposite the other way round", () => {
  const values = fc.dictionary(fc.constantFrom("1", "2", "3", "4"), fc.integer({ min: -5, max: 5 }))
    .map((values) => new Map(Object.entries(values).map(([seed, value]) => [Number(seed), value])));
  fc.assert(fc.property(values, values, fc.boolean(), (a, b, greater) => {
    const there = paired(a, b, greater), back = paired(b, a, greater);
    const shared = [...a.keys()].filter((seed) => b.has(seed));
    assert.equal(there?.count ?? 0, shared.length);
    if (!there || !back) return;
    assert.equal(there.wins + there.losses + there.ties, there.count);
    assert.deepEqual([there.wins, there.losses, there.ties], [back.losses, back.wins, back.ties]);
    assert.ok(Math.abs(there.difference + back.difference) < 1e-12);
    assert.equal(there.error === undefined, there.count === 1);
  }));
});

Deno.test("csv() is read back as it was written", () => {
  const cell = fc.string().filter((text) => text.trim() === text);
  const table = fc.array(fc.tuple(cell, cell, fc.integer().map(String)), { minLength: 1 });
  fc.assert(fc.property(table, (rows) => {
    assert.deepEqual(parse(csv(rows), { relax_column_count: true }), rows);
  }));
});
