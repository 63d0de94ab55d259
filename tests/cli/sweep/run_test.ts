import assert from "node:assert/strict";
import { Interrupted } from "../../../seven/cli/mod.ts";
import { indexOf } from "../../../seven/cli/sweep/cell.ts";
import type { Sweep } from "../../../seven/cli/sweep/cells.ts";
import { programLine } from "../../../seven/cli/sweep/program.ts";
import { inFolder, run } from "../support.ts";
import { comparable, planned, statusOf, tinyGrid } from "./support.ts";

/** What stops a command after some milliseconds. */
function stopAfter(milliseconds: number): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Interrupted("SIGTERM", 143)), milliseconds);
  return controller.signal;
}

Deno.test("a cell runs once, by one process at a time, and again not at all", async () => {
  await inFolder(async (folder) => {
    await planned(folder, tinyGrid(folder, { method: ["magnitude"], sparsity: [0.5, 0.8] }), "sweep");
    const sweep = `${folder}/sweep`, cell = ["sweep", "cell", sweep, "--index", "1", "--quiet"];
    const both = await Promise.all([run(cell), run(cell)]);
    const [done, busy] = both.sort((a, b) => a.code - b.code) as [typeof both[0], typeof both[0]];
    assert.deepEqual([done.code, busy.code], [0, 75], done.err.join("\n"));
    assert.match(
      busy.err.at(-1)!,
      /^error: cell 1: is being run by process \d+ on .+; a lock is taken over after 60 s/,
    );
    assert.match(done.out.at(-1)!, /^written to .+\/sweep\/runs\/[0-9a-f]{16}$/);

    const again = await run(cell);
    assert.deepEqual([again.code, again.out], [0, ["cell 1 (sparsity 0.8): is finished"]]);
    const { finished, missing, array } = await statusOf(sweep);
    assert.deepEqual([finished, missing, array], [1, 1, "0"]);
    const none = await run(["sweep", "cell", sweep, "--index", "2"]);
    assert.deepEqual([none.code, none.err], [2, ["error: --index 2: there is no such cell; they are 0 to 1"]]);
  });
});

Deno.test("sweeps that were stopped, killed or run in processes end with the same bits as one that was not", async () => {
  await inFolder(async (folder) => {
    const grid = { method: ["seven-pre", "magnitude", "random"] };
    await planned(folder, tinyGrid(folder, grid), "whole", "broken");
    const whole = await run(["sweep", "run", `${folder}/whole`, "--quiet"]);
    assert.deepEqual([whole.code, whole.out], [0, ["3 of 3 cells are finished"]], whole.err.join("\n"));
    assert.match(
      whole.err.at(-1)!,
      /^\[3\/3\] cell 2 \(method random\): accuracy .+ % -> .+ % in .+ s$/,
    );

    // Killed while it has the lock.
    const broken = `${folder}/broken`;
    const [command, ...args] = programLine();
    const child = new Deno.Command(command, {
      args: [...args, "sweep", "cell", broken, "--index", "0"],
      stdout: "null",
      stderr: "null",
    }).spawn();
    const { cells } = JSON.parse(await Deno.readTextFile(`${broken}/cells.json`)) as Sweep;
    const state = `${broken}/runs/${cells[0]!.id}/recipe.json`;
    while (!(await Deno.stat(state).catch(() => undefined))) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill("SIGKILL");
    await child.status;
    const killed = await statusOf(broken);
    assert.deepEqual([killed.running, killed.missing], [1, 2], "its lock is young");

    // Stopped in this process, then in processes, until all is done.
    const stopped = await run(["sweep", "run", broken, "--quiet"], stopAfter(150));
    assert.equal(stopped.code, 75, stopped.err.join("\n"));
    assert.match(stopped.err.at(-1)!, /^error: stopped by SIGTERM; sweep run .+\/broken goes on$/);
    const middle = await statusOf(broken);
    assert.deepEqual([middle.unfinished, middle.running, middle.array], [1, 0, "0-2"]);
    const halves = await run(["sweep", "run", broken, "--jobs", "2"], stopAfter(800));
    assert.equal(halves.code, 75, halves.err.join("\n"));
    assert.equal((await statusOf(broken)).running, 0, "no process is left behind");
    const last = await run(["sweep", "run", broken, "--jobs", "2"]);
    assert.deepEqual([last.code, last.out], [0, ["3 of 3 cells are finished"]], last.err.join("\n"));

    const [one, other] = [await comparable(`${folder}/whole`), await comparable(broken)];
    assert.deepEqual(Object.keys(other).sort(), Object.keys(one).sort());
    for (const [path, content] of Object.entries(one)) assert.equal(other[path], content, path);
    assert.ok(Object.keys(one).filter((path) => path.endsWith("model.safetensors")).length === 6, "dense and pruned");
  });
});

Deno.test("a cell that fails does not stop the others, and is told until it is run again", async () => {
  await inFolder(async (folder) => {
    const grid = { method: ["magnitude"], learningRate: [1e30, 0.01] };
    await planned(folder, tinyGrid(folder, grid), "sweep");
    const sweep = `${folder}/sweep`;
    for (const jobs of ["1", "2"]) {
      const { code, out, err } = await run(["sweep", "run", sweep, "--jobs", jobs, "--quiet"]);
      assert.equal(code, 1, err.join("\n"));
      assert.deepEqual(out, ["1 of 2 cells are finished, 1 failed"]);
      assert.equal(err.at(-1), `error: 1 of 2 cells failed; sweep status ${sweep} says why`);
      assert.ok(err.some((line) => /cell 0 \(learningRate 1e\+30\): failed: .+/.test(line)), err.join("\n"));
    }
    const { code, out } = await run(["sweep", "status", sweep]);
    assert.equal(code, 0);
    assert.match(
      out.join("\n"),
      /^ +cells +which\nfinished +1 +1 .+\nfailed +1 +0 .+\ncell 0 \(learningRate 1e\+30\): .+/,
    );
    assert.equal(out.at(-1), "to run: --array=0");
  });
});

Deno.test("the number of a cell is that of the array task, or of the indexed job", () => {
  const of = (env: Record<string, string>): number => indexOf({ get: (name) => env[name] });
  assert.equal(of({ SLURM_ARRAY_TASK_ID: "7", JOB_COMPLETION_INDEX: "3" }), 7);
  assert.equal(of({ JOB_COMPLETION_INDEX: "3" }), 3);
  assert.throws(() => of({}), /^UsageError: --index: is missing; give it, or run this as a task of a Slurm array/);
  assert.throws(() => of({ JOB_COMPLETION_INDEX: "-1" }), /JOB_COMPLETION_INDEX is "-1": no number of a cell/);
  const forbidden = (): never => {
    throw new Deno.errors.NotCapable("no");
  };
  assert.throws(() => indexOf({ get: forbidden }), /SLURM_ARRAY_TASK_ID: must not be read; give --index, or let Deno/);
});

Deno.test("commands say what is wrong with a folder, and a list of other options is not run", async () => {
  await inFolder(async (folder) => {
    const says = async (args: readonly string[], line: RegExp): Promise<void> => {
      const { code, err } = await run(args);
      assert.deepEqual([code, err.length], [2, 1], err.join("\n"));
      assert.match(err[0]!, line);
    };
    for (const command of [["run"], ["status"], ["report"], ["cell"], ["submit", "--engine", "slurm"]]) {
      await says(["sweep", ...command, folder], /there is no cells\.json that can be read; name the folder of a sweep/);
    }
    await says(["sweep", "submit", folder, "--engine", "pbs"], /Give one of slurm/i);
    await Deno.writeTextFile(`${folder}/cells.json`, "{");
    await says(["sweep", "status", folder], /cells\.json: no JSON .+; plan the sweep again$/);
    await Deno.writeTextFile(`${folder}/cells.json`, "{}");
    await says(["sweep", "status", folder], /cells\.json: is no list of cells of this version/);

    await planned(folder, tinyGrid(folder, { method: ["magnitude"] }), "sweep");
    const path = `${folder}/sweep/cells.json`;
    await says(["sweep", "report", `${folder}/sweep`], /no cell is finished; sweep run .+ runs them$/);
    await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replace('"batch": 8', '"batch": 9'));
    const cell = ["sweep", "cell", `${folder}/sweep`, "--index", "0"];
    await says(cell, /^error: cell 0: its options mean something else now than when they were planned; plan again$/);
  });
});
