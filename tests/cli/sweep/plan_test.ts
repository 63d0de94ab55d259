import assert from "node:assert/strict";
import fc from "fast-check";
import { canonicalJson, idOf, resolved, type Sweep } from "../../../seven/cli/sweep/cells.ts";
import { parseGrid } from "../../../seven/cli/sweep/grid.ts";
import { optionReaders } from "../../../seven/cli/sweep/readers.ts";
import { rangesOf } from "../../../seven/cli/sweep/ranges.ts";
import { inFolder, run, writeTiny } from "../support.ts";

/** Plans a grid in a folder. */
async function plan(folder: string, grid: unknown): Promise<{ code: number; out: string; err: string; sweep: Sweep }> {
  await Deno.writeTextFile(`${folder}/grid.json`, JSON.stringify(grid));
  const { code, out, err } = await run(["sweep", "plan", `${folder}/grid.json`, "--out", `${folder}/sweep`]);
  const sweep = await Deno.readTextFile(`${folder}/sweep/cells.json`).then((text) => JSON.parse(text), () => undefined);
  return { code, out: out.join("\n"), err: err.join("\n"), sweep };
}

/** Values of some options of all cells. */
function values({ cells }: Sweep, ...names: readonly string[]): unknown[][] {
  return cells.map(({ options }) => names.map((name) => options[name]));
}

Deno.test("a plan has every combination once, the seed slowest, further cells last", async () => {
  await inFolder(async (folder) => {
    const grid = { method: ["seven-pre", "magnitude"], seed: [1, 2], sparsity: [0.5, 0.8] };
    const cells = [{ method: "random", sparsity: 0.8, seed: 1 }, { method: "magnitude", sparsity: 0.80, seed: 2 }];
    const { code, out, err, sweep } = await plan(folder, { base: { steps: 20 }, grid, cells });
    assert.equal(code, 0, err);
    assert.equal(out, `9 cells\nwritten to ${folder}/sweep`);
    assert.equal(
      err,
      "method magnitude, sparsity 0.8, seed 2: is the same as cell 7 (method magnitude, sparsity 0.8, seed 2) and left out",
    );
    assert.deepEqual(values(sweep, "seed", "method", "sparsity"), [
      [1, "seven-pre", 0.5],
      [1, "seven-pre", 0.8],
      [1, "magnitude", 0.5],
      [1, "magnitude", 0.8],
      [2, "seven-pre", 0.5],
      [2, "seven-pre", 0.8],
      [2, "magnitude", 0.5],
      [2, "magnitude", 0.8],
      [1, "random", 0.8],
    ]);
    assert.deepEqual(sweep.cells.map(({ index }) => index), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    assert.equal(new Set(sweep.cells.map(({ id }) => id)).size, 9);
    assert.ok(sweep.cells.every(({ id, options }) => /^[0-9a-f]{16}$/.test(id) && options.steps === 20));
  });
});

Deno.test("options are set together where their name is none, and the order of a grid is as it says", async () => {
  await inFolder(async (folder) => {
    await writeTiny(`${folder}/tiny`);
    const on = [{ task: "digits", sparsity: 0.5 }, { task: "digits", model: `${folder}/tiny`, sparsity: 0.9 }];
    const grid = { seed: [1, 2], on };
    const { code, err, sweep } = await plan(folder, { base: { method: "magnitude" }, grid, order: ["on"] });
    assert.equal(code, 0, err);
    assert.deepEqual(values(sweep, "sparsity", "seed"), [[0.5, 1], [0.5, 2], [0.9, 1], [0.9, 2]]);
  });
});

Deno.test("planning again keeps what both have, and says what is new or gone", async () => {
  await inFolder(async (folder) => {
    const base = { steps: 20 };
    const first = await plan(folder, { base, grid: { method: ["magnitude", "random"], seed: [1] } });
    const second = await plan(folder, { base, grid: { method: ["seven-pre", "random"], seed: [1] } });
    assert.equal(
      second.out,
      "2 cells\nnew: 1 (method seven-pre)\ngone: 1 (method magnitude); their runs stay where they are\n" +
        `written to ${folder}/sweep`,
    );
    assert.equal(second.sweep.cells[1]!.id, first.sweep.cells[1]!.id);
    const third = await plan(folder, { base, grid: { method: ["random", "seven-pre"], seed: [1] } });
    assert.match(third.out, /new: 0\ngone: 0\nnumbers of cells have changed: cancel arrays that are still queued/);
  });
});

Deno.test("a plan lists every fault of the values at once, then of what they are together", async () => {
  await inFolder(async (folder) => {
    const says = async (grid: unknown, line: RegExp): Promise<void> => {
      const { code, err, sweep } = await plan(folder, grid);
      assert.equal(code, 2);
      assert.equal(err.split("\n").length, 1, err);
      assert.match(err, line);
      assert.equal(sweep, undefined);
    };
    await says(
      { base: { steps: 0, spasity: 1, out: "x" }, grid: { sparsity: [0.5, 1.5], method: ["seven", "random"] } },
      /^error: .+grid\.json: base: "steps" is 0: give a whole number, 1 or more; "spasity" is no option \(did you mean sparsity\?\); base: "out" is for the sweep to say; leave it out; grid\.sparsity: "sparsity" is 1\.5: .+; grid\.method: "method" is "seven": give one of /,
    );
    await says(
      { base: { task: "sst2", steps: 10 }, grid: { method: ["random"], pruneSteps: [5, 20], seed: [1, 2] } },
      /--task sst2: the data .+ \[seed 1, pruneSteps 5, and 1 more\]; --prune-steps 20: more than the 10 of --steps.+ \[seed 1, pruneSteps 20, and 1 more\]$/,
    );
    await says(
      { grid: { task: ["sst2", "nonsense"], method: ["random"] } },
      /--task sst2: the data .+ \[task sst2\]; --task nonsense: there is no task of this name.+ \[task nonsense\]$/,
    );
    await says(
      { base: { task: "digits", model: "nowhere", method: "random" } },
      /--model .+\/nowhere: there is no such/,
    );
    await says({ base: { steps: 10 } }, /--method: 3 methods; a cell has one, so list them in the grid/);
    await says({ base: { preset: "paper/none" } }, /--preset paper\/none: there is no such preset/);
    await says(
      { grid: { sparsity: 0.5, speed: [1] }, cells: {}, order: ["seed"], more: 1 },
      /"more" is not known; .+; "cells" is no list .+; "grid\.sparsity" is 0\.5: give a list of values; "grid\.speed" is neither an option nor .+; "order" is \["seed"\]: give names of the grid/,
    );
    await says([], /grid\.json: is no JSON object/);
    await says({ grid: { seed: Array.from({ length: 400 }, (_, i) => i), steps: Array(400).fill(9) } }, /160000 cells/);
  });
});

Deno.test("a cell is called by what it runs, whatever the order and the way in which it is written", async () => {
  const read = async (options: unknown): Promise<string> => {
    const result = await optionReaders().read(options);
    assert.ok("given" in result);
    return await idOf(resolved(result.given));
  };
  const id = await read({ method: "magnitude", sparsity: 0.8, seed: 1 });
  assert.equal(await read({ sparsity: "0.80", method: ["magnitude"] }), id, "defaults written out or not");
  assert.equal(await read({ method: "magnitude", quiet: true }), id);
  assert.notEqual(await read({ method: "magnitude", seed: 2 }), id);
  const preset = { preset: "paper/rte", model: "bert" };
  assert.equal(await read(preset), await read({ ...preset, sparsity: 0.6, batch: 32 }));
  assert.notEqual(await read(preset), await read({ ...preset, sparsity: 0.7 }));
});

Deno.test("canonicalJson() is JSON, and the same for the same content in any order", () => {
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
    const text = canonicalJson(value);
    assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
    assert.equal(canonicalJson(Object.fromEntries(Object.entries(value).reverse())), text);
  }));
});

Deno.test("parseGrid() puts the slowest axes first and leaves the others as they are", () => {
  const names = ["a", "b", "c", "d"];
  fc.assert(fc.property(fc.shuffledSubarray(names), fc.shuffledSubarray(names, { minLength: 4 }), (order, written) => {
    const grid = Object.fromEntries(written.map((name) => [name, [1, 2]]));
    const { axes } = parseGrid({ grid, order }, "grid.json", () => true);
    const rest = written.filter((name) => !order.includes(name));
    assert.deepEqual(axes.map(({ name }) => name), [...order, ...rest]);
  }));
});

Deno.test("rangesOf() has every number once, as Slurm reads them", () => {
  assert.equal(rangesOf([1, 2, 3, 7]), "1-3,7");
  assert.equal(rangesOf([]), "");
  fc.assert(fc.property(fc.uniqueArray(fc.nat(60)), (numbers) => {
    const sorted = numbers.sort((a, b) => a - b);
    const read = rangesOf(sorted).split(",").filter(Boolean).flatMap((range) => {
      const [from, to = from] = range.split("-").map(Number) as [number, number?];
      return Array.from({ length: to - from + 1 }, (_, i) => from + i);
    });
    assert.deepEqual(read, sorted);
  }));
});
