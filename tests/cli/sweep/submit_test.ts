import assert from "node:assert/strict";
import { slurmScript } from "../../../seven/cli/sweep/submit.ts";
import { inFolder, run } from "../support.ts";
import { planned, tinyGrid } from "./support.ts";

/** Writes a program. */
async function program(path: string, body: string): Promise<string> {
  await Deno.writeTextFile(path, `#!/bin/bash\n${body}\n`, { mode: 0o755 });
  return path;
}

Deno.test("the script of an array has what was asked for, quoted as Slurm and shells read it", () => {
  const script = slurmScript({
    folder: "/sweeps/it's 5 %",
    indices: [0, 1, 2, 7],
    program: ["deno", "run", "file:///a b/mod.ts"],
    time: "02:00:00",
    cpus: 4,
    partition: "gpu",
    concurrency: 20,
    sbatch: ["--gres=gpu:1"],
  });
  const lines = script.split("\n");
  assert.equal(lines[0], "#!/bin/bash");
  assert.deepEqual(lines.filter((line) => line.startsWith("#SBATCH ")).map((line) => line.slice(8)), [
    `--job-name="sweep-it's 5 %"`,
    "--array=0-2,7%20",
    "--requeue",
    "--signal=B:TERM@60",
    "--open-mode=append",
    `--output="/sweeps/it's 5 %%/logs/%A_%a.log"`,
    "--time=02:00:00",
    "--cpus-per-task=4",
    "--partition=gpu",
    "--gres=gpu:1",
  ]);
  assert.ok(script.includes(`\ndeno run 'file:///a b/mod.ts' sweep cell '/sweeps/it'\\''s 5 %' --index "$SLURM_ARRAY`));
  const bad = { folder: "/a\n#SBATCH --wrap=x", indices: [0], program: ["deno"] };
  assert.throws(() => slurmScript(bad), /^UsageError: .+: no script of Slurm can hold this; rename it$/);
});

/** Runs a script whose cell saves on SIGTERM, under a Slurm that says the job is in some state. */
async function exitOf(folder: string, squeue: string, signal: boolean): Promise<{ code: number; requeued: string }> {
  const requeued = `${folder}/requeued`;
  await program(`${folder}/squeue`, `echo '${squeue}'`);
  await program(`${folder}/scontrol`, `echo "$@" > ${requeued}`);
  const cell = await program(
    `${folder}/cell`,
    `trap 'sleep 0.1; exit 75' TERM; touch ${folder}/began; ${signal ? "while :; do sleep 0.02; done" : "exit 3"}`,
  );
  const script = await program(`${folder}/script`, slurmScript({ folder, indices: [4], program: [cell] }));
  const child = new Deno.Command(script, {
    env: { PATH: `${folder}:${Deno.env.get("PATH")}`, SLURM_ARRAY_JOB_ID: "9", SLURM_ARRAY_TASK_ID: "4" },
    stderr: "null",
  }).spawn();
  if (signal) {
    while (!(await Deno.stat(`${folder}/began`).catch(() => undefined))) await new Promise((go) => setTimeout(go, 10));
    child.kill("SIGTERM");
  }
  const { code } = await child.status;
  return { code, requeued: await Deno.readTextFile(requeued).catch(() => "") };
}

Deno.test({
  name: "a cell whose time is up is queued again; one that Slurm stopped or that failed is not",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await inFolder(async (folder) => {
      assert.deepEqual(await exitOf(folder, "RUNNING             0     ", true), {
        code: 75,
        requeued: "requeue 9_4\n",
      });
    });
    for (const squeue of ["COMPLETING  0", "CANCELLED  0", "RUNNING  1", "PENDING  1", ""]) {
      await inFolder(async (folder) => {
        assert.deepEqual(await exitOf(folder, squeue, true), { code: 75, requeued: "" }, squeue);
      });
    }
    await inFolder(async (folder) => {
      assert.deepEqual(await exitOf(folder, "RUNNING  0", false), { code: 3, requeued: "" });
    });
  },
});

Deno.test("sweep submit --print prints the script for the cells that are left", async () => {
  await inFolder(async (folder) => {
    await planned(folder, tinyGrid(folder, { method: ["magnitude"], seed: [1, 2, 3] }), "sweep");
    const done = await run(["sweep", "cell", `${folder}/sweep`, "--index", "1", "--quiet"]);
    assert.equal(done.code, 0, done.err.join("\n"));
    const flags = ["--engine", "slurm", "--print", "--sbatch=--account=a", "--sbatch=--qos=b"];
    const { code, out } = await run(["sweep", "submit", `${folder}/sweep/`, ...flags]);
    assert.equal(code, 0);
    assert.match(
      out.join("\n"),
      /--array=0,2\n[^]*#SBATCH --account=a\n#SBATCH --qos=b\n[^]* sweep cell .+\/sweep --index/,
    );
  });
});
