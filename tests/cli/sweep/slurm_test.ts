/** A sweep as an array of a real Slurm, one of whose nodes goes down: the same as one that ran here, undisturbed. */

import assert from "node:assert/strict";
import type { Sweep } from "../../../seven/cli/sweep/cells.ts";
import { isFile } from "../../../seven/cli/write.ts";
import { contents, inFolder, run } from "../support.ts";
import { startSlurm, until, whyNoSlurm } from "./slurm.ts";
import { comparable, planned, statusOf, tinyGrid } from "./support.ts";

const missing = await whyNoSlurm();
/** Where it is set, the test fails for want of a Slurm instead of being left out. */
const isRequired = Deno.env.get("SEVEN_REQUIRE_SLURM") === "1";
if (missing && !isRequired) console.log(`sweeps on Slurm are not tested: ${missing}`);

const grid = { method: ["seven-pre", "magnitude"], sparsity: [0.5, 0.8], seed: [1, 2] };

/** Steps of a cell: as many as take it about two seconds, so that there is a middle to go down in. */
const steps = 160;

Deno.test({
  name: "an array of Slurm that loses a node ends with what an undisturbed run here ends with",
  ignore: missing !== undefined && !isRequired,
  fn: () =>
    inFolder(async (folder) => {
      assert.equal(missing, undefined);
      await planned(folder, tinyGrid(folder, grid, steps), "here", "it's there, 5 %");
      await using slurm = await startSlurm(await Deno.makeTempDir({ dir: folder }));
      const there = `${folder}/it's there, 5 %`; // what shells and Slurm would stumble over
      const flags = ["--engine", "slurm", "--time", "10:00", "--cpus", "1", "--concurrency", "2"];
      const submitted = await run(["sweep", "submit", there, ...flags]);
      assert.equal(submitted.code, 0, submitted.err.join("\n"));
      assert.match(submitted.out.join("\n"), /^Submitted batch job \d+: 8 cells, 0-7$/);

      const [, node] = slurm.nodes as [string, string];
      const { cells } = JSON.parse(await Deno.readTextFile(`${there}/cells.json`)) as Sweep;
      /** Cells that run on the second node, in the middle of it: they have a state. */
      const inTheMiddle = async (): Promise<number[]> => {
        const text = await slurm.call("squeue", "--noheader", `--nodelist=${node}`, "--states=RUNNING", "--format=%K");
        const isSaved = (index: string): boolean =>
          isFile(`${there}/runs/${cells[Number(index)]!.id}/checkpoint.safetensors`);
        return text.split("\n").filter(Boolean).filter(isSaved).map(Number);
      };
      const restarted = async (): Promise<number> =>
        (await slurm.call("scontrol", "--oneliner", "show", "job")).match(/ Restarts=[1-9]/g)?.length ?? 0;
      try {
        // The node goes down under a cell, for two seconds; should that cell end just before, under the next.
        for (let i = 0; i < 3 && await restarted() === 0; i++) {
          await until("a cell with a state on the second node", 30, async () => (await inTheMiddle()).length > 0);
          await slurm.call("scontrol", "update", `nodename=${node}`, "state=down", "reason=test");
          await new Promise((resolve) => setTimeout(resolve, 2000));
          await slurm.call("scontrol", "update", `nodename=${node}`, "state=resume");
        }
        await until("the end of the array", 60, async () => (await slurm.call("squeue", "--noheader")) === "");
      } catch (error) {
        throw new Error(`${(error as Error).message}\n${slurm.logs()}`);
      }
      assert.ok(await restarted() > 0, "a cell was queued again");
      const logs = Object.values(contents(`${there}/logs`)).join("");
      assert.match(logs, /error: stopped by SIGTERM; run cell \d+ of .+ again to go on/);
      const status = await statusOf(there);
      assert.deepEqual([status.finished, status.array], [8, ""]);

      const alone = await run(["sweep", "run", `${folder}/here`, "--quiet"]);
      assert.equal(alone.code, 0, alone.err.join("\n"));
      const [one, other] = [await comparable(`${folder}/here`), await comparable(there)];
      assert.deepEqual(Object.keys(other), Object.keys(one));
      for (const [path, content] of Object.entries(one)) assert.equal(other[path], content, path);

      // Nothing is left to submit.
      const again = await run(["sweep", "submit", there, "--engine", "slurm"]);
      assert.deepEqual([again.code, again.out], [0, ["nothing is left to run"]]);
    }),
});
