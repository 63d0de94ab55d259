/** A sweep as an array of a real Slurm, one of whose nodes goes down: the same as one that ran here, undisturbed. */

import assert from "node:assert/strict";
import { inFolder, run } from "../support.ts";
import { startSlurm, until, whyNoSlurm } from "./slurm.ts";
import { comparable, planned, statusOf, tinyGrid } from "./support.ts";

const missing = await whyNoSlurm();
if (missing) console.log(`sweeps on Slurm are not tested: ${missing}`);

const grid = { method: ["seven-pre", "magnitude"], sparsity: [0.5, 0.8], seed: [1, 2] };

/** Steps of a cell: as many as take it about two seconds, so that there is a middle to go down in. */
const steps = 160;

Deno.test({
  name: "an array of Slurm that loses a node ends with what an undisturbed run here ends with",
  ignore: missing !== undefined,
  fn: () =>
    inFolder(async (folder) => {
      await planned(folder, tinyGrid(folder, grid, steps), "here", "it's there, 5 %");
      await using slurm = await startSlurm(await Deno.makeTempDir({ dir: folder }));
      const there = `${folder}/it's there, 5 %`; // what shells and Slurm would stumble over
      const flags = ["--engine", "slurm", "--time", "10:00", "--cpus", "1", "--concurrency", "2"];
      const submitted = await run(["sweep", "submit", there, ...flags]);
      assert.equal(submitted.code, 0, submitted.err.join("\n"));
      assert.match(submitted.out.join("\n"), /^Submitted batch job \d+: 8 cells, 0-7$/);

      // A cell on the second node is in the middle of its run.
      const [, node] = slurm.nodes as [string, string];
      const onNode = async (): Promise<number[]> => {
        const text = await slurm.call("squeue", "--noheader", `--nodelist=${node}`, "--states=RUNNING", "--format=%K");
        return text.split("\n").filter(Boolean).map(Number);
      };
      const sweep = JSON.parse(await Deno.readTextFile(`${there}/cells.json`));
      let victim = -1;
      try {
        await until("a cell with a state on the second node", 30, async () => {
          for (const index of await onNode()) {
            const state = `${there}/runs/${sweep.cells[index].id}/checkpoint.safetensors`;
            if (await Deno.stat(state).then(() => true, () => false)) victim = index;
          }
          return victim >= 0;
        });
        await slurm.call("scontrol", "update", `nodename=${node}`, "state=down", "reason=test");
        await until("the end of its cell there", 20, async () => (await onNode()).length === 0);
        await slurm.call("scontrol", "update", `nodename=${node}`, "state=resume");
        await until("the end of the array", 60, async () => (await slurm.call("squeue", "--noheader")) === "");
      } catch (error) {
        throw new Error(`${(error as Error).message}\n${slurm.logs()}`);
      }
      const jobs = (await slurm.call("scontrol", "--oneliner", "show", "job")).split("\n");
      const restarts = jobs.filter((job) => / Restarts=[1-9]/.test(job)).map((job) =>
        job.match(/ArrayTaskId=(\d+)/)?.[1]
      );
      assert.ok(restarts.includes(`${victim}`), `cell ${victim} was queued again: ${restarts}`);
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
