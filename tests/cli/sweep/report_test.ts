import assert from "node:assert/strict";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import type { Cell } from "../../../seven/cli/sweep/cells.ts";
import { csv } from "../../../seven/cli/sweep/csv.ts";
import { paired, spreadOf } from "../../../seven/cli/sweep/statistics.ts";
import { assertDrawn, parsePage, recordWith } from "../report/support.ts";
import { inFolder, run } from "../support.ts";

/** What a cell came to. */
type Outcome = readonly [options: Record<string, unknown>, pruned: number, dense?: number, heldOut?: HeldOut];

/** What its best state came to on held-out rows and on the others. */
type HeldOut = readonly [validation: number, pruned: number];

/** Writes a sweep whose cells have come to something; those without a number are not finished. */
async function sweepOf(folder: string, outcomes: readonly Outcome[]): Promise<void> {
  const cells = outcomes.map(([options], index): Cell => ({ index, id: `${index}`.padStart(16, "0"), options }));
  await Deno.writeTextFile(`${folder}/cells.json`, JSON.stringify({ schema: 1, directory: folder, cells }));
  for (const [i, [given, pruned, dense = 0.9, heldOut]] of outcomes.entries()) {
    if (Number.isNaN(pruned)) continue;
    const { metric = "accuracy", ...told } = given as {
      readonly metric?: string;
      readonly method: string;
      seed: number;
    };
    const base = recordWith();
    const options = { ...base.options, ...told, method: [told.method] } as typeof base.options;
    const { sparsity } = options;
    const best = heldOut
      ? { best: { step: 30, sparsity, validation: { [metric]: heldOut[0] }, pruned: heldOut[1], metrics: {} } }
      : {};
    const result = { ...base.result, metric, pruned, dense, sparsity, ...best };
    const record = { ...base, method: told.method, seed: told.seed, result, options };
    await Deno.mkdir(`${folder}/runs/${cells[i]!.id}`, { recursive: true });
    await Deno.writeTextFile(`${folder}/runs/${cells[i]!.id}/run.json`, JSON.stringify(record));
  }
}

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
