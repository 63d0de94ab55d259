/** What a run measures when it is done. */

import assert from "node:assert/strict";
import type { RunRecord } from "../../seven/cli/mod.ts";
import type { Timing } from "../../seven/cli/timing.ts";
import { parsePage, rowsOf } from "./report/support.ts";
import { contents, inFolder, pruneTiny, run } from "./support.ts";

/** Prunes the tiny ViT into a folder of its own. */
async function pruned(folder: string, ...args: string[]): Promise<{ files: Record<string, string>; timing: Timing }> {
  const files = contents(await pruneTiny(folder, { name: "run", steps: 4, batch: 8 }, ...args));
  return { files, timing: JSON.parse(files["timing.json"]!) };
}

const isTime = (value: number): boolean => Number.isFinite(value) && value > 0;

Deno.test("a run times the kernels of its last step, and forward passes before and after", async () => {
  await inFolder(async (folder) => {
    const { files, timing: { schema, step, latency } } = await pruned(folder, "--sparsity", "0.5");
    const { dispatches } = JSON.parse(files["run.json"]!) as RunRecord;
    assert.ok(step && latency);
    assert.deepEqual([schema, step.turn, step.rows, step.batches], [1, "train", 8, 1]);
    assert.equal(step.kernels.length, dispatches.train);
    for (const { label, milliseconds } of step.kernels) assert.ok(label && milliseconds >= 0 && milliseconds < 1e5);
    assert.ok(isTime(step.kernels.reduce((sum, { milliseconds }) => sum + milliseconds, 0)));
    assert.deepEqual([latency.rows, latency.passes], [32, 20]);
    for (const { median, least, lower, upper } of [latency.dense, latency.pruned]) {
      assert.ok([median, least, lower, upper].every(isTime) && least <= lower && lower <= median && median <= upper);
    }
    const headings = parsePage(files["report.html"]!).headings();
    assert.ok(headings.includes("Latency") && headings.includes("Time by kernel"), headings.join());
  });
});

Deno.test("report reads what the run measured, and does without", async () => {
  await inFolder(async (folder) => {
    await pruned(folder, "--sparsity", "0.5");
    const again = async (): Promise<string> => {
      assert.equal((await run(["report", `${folder}/run`])).code, 0);
      return await Deno.readTextFile(`${folder}/run/report.html`);
    };
    const written = await Deno.readTextFile(`${folder}/run/report.html`), anew = await again();
    for (const heading of ["Latency", "Time by kernel"]) {
      assert.deepEqual(rowsOf(anew, heading), rowsOf(written, heading));
    }
    await Deno.remove(`${folder}/run/timing.json`);
    const headings = parsePage(await again()).headings();
    assert.ok(!headings.includes("Latency") && !headings.includes("Time by kernel"));
  });
});

Deno.test("micro-batches, methods that keep weights aside and a step that prunes are timed as they are", async () => {
  await inFolder(async (folder) => {
    const { timing: { step } } = await pruned(
      folder,
      ...["--method", "force", "--steps", "2", "--gradient-accumulation", "2", "--distill", "0.5", "--sentinels", "1"],
    );
    assert.deepEqual([step!.turn, step!.rows, step!.batches], ["prune", 8, 2]);
  });
});
