/** Runs that are interrupted and go on: to the same bits as without a break. */

import assert from "node:assert/strict";
import { Interrupted } from "../../seven/cli/mod.ts";
import { generator } from "../support/values.ts";
import { killAgainAndAgain } from "./kills.ts";
import { assertSame, smallRun, tinyRun, writeSmall } from "./runs.ts";
import { contents, inFolder, run, writeTiny } from "./support.ts";

Deno.test("a run that was stopped again and again ends with the same bits as one that was not", async () => {
  await inFolder(async (folder) => {
    await writeTiny(`${folder}/tiny`);
    const whole = await run([...tinyRun(folder), "--out", `${folder}/whole`]);
    assert.equal(whole.code, 0, whole.err.join("\n"));

    const stop = (after: number): AbortSignal => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(new Interrupted("SIGTERM", 143)), after);
      return controller.signal;
    };
    let outcome = await run([...tinyRun(folder), "--out", `${folder}/broken`], stop(400));
    let breaks = 0;
    for (; outcome.code === 75 && breaks < 40; breaks++) {
      assert.match(outcome.err.at(-1)!, /^error: stopped by SIGTERM; go on with --resume .+broken$/);
      outcome = await run(["--resume", `${folder}/broken`, "--quiet"], stop(300 + 150 * breaks));
    }
    assert.equal(outcome.code, 0, outcome.err.join("\n"));
    assert.ok(breaks > 0, "it was stopped at all");

    assertSame(contents(`${folder}/broken`), contents(`${folder}/whole`));
    assert.deepEqual(outcome.out.slice(-1), [`written to ${folder}/broken`]);

    // Nothing is left to do: the same table again.
    const again = await run(["--resume", `${folder}/broken`, "--quiet"]);
    assert.deepEqual([again.code, again.err], [0, []]);
    assertSame(contents(`${folder}/broken`), contents(`${folder}/whole`));
  });
});

Deno.test("a process that is killed at any moment leaves a folder that can go on", async () => {
  const number = Number(Deno.env.get("SEVEN_KILLS") ?? 4);
  const seed = Number(Deno.env.get("SEVEN_KILLS_SEED") ?? Math.floor(2 ** 31 * Math.random()));
  const told: string[] = [];
  try {
    await inFolder((folder) => killAgainAndAgain(folder, number, generator(seed), (line) => told.push(line)));
    if (Deno.env.has("SEVEN_KILLS")) console.log(`SEVEN_KILLS_SEED=${seed}\n${told.join("\n")}`);
  } catch (error) {
    throw new Error(`SEVEN_KILLS=${number} SEVEN_KILLS_SEED=${seed}\n${told.join("\n")}`, { cause: error });
  }
});

Deno.test("what a killed process leaves is in nobody's way, and goes", async () => {
  await inFolder(async (folder) => {
    await writeSmall(folder);
    const out = `${folder}/run`;
    await Deno.mkdir(out);
    await Deno.writeTextFile(`${out}/recipe.json.partial`, "{");
    await Deno.writeTextFile(`${out}/.seven.partial`, "");
    const begun = await run([...smallRun(folder), "--out", out, "--quiet"]);
    assert.equal(begun.code, 0, begun.err.join("\n"));
    const whole = contents(out);
    assert.deepEqual(Object.keys(whole).filter((path) => path.endsWith(".partial")), []);

    for (const state of ["checkpoint.safetensors", "best.safetensors", "dense/checkpoint.safetensors"]) {
      await Deno.writeTextFile(`${out}/${state}`, "");
      await Deno.writeTextFile(`${out}/${state}.partial`, "");
    }
    const { code, err } = await run(["--resume", out, "--quiet"]);
    assert.equal(code, 0, err.join("\n"));
    assertSame(contents(out), whole);
  });
});

Deno.test("--resume takes the options of the run, and says what is wrong with a folder", async () => {
  await inFolder(async (folder) => {
    const says = async (args: readonly string[], line: RegExp): Promise<void> => {
      const { code, err } = await run(args);
      assert.deepEqual([code, err.length], [2, 1]);
      assert.match(err[0]!, line);
    };
    await says(
      ["--resume", `${folder}/none`],
      /^error: --resume .+none: there is no recipe\.json; name the folder of a run$/,
    );
    await Deno.writeTextFile(`${folder}/recipe.json`, "{");
    await says(["--resume", folder], /recipe\.json: no JSON .+; begin the run anew$/);
    await Deno.writeTextFile(`${folder}/recipe.json`, "{}");
    await says(["--resume", folder], /recipe\.json: is no recipe of this version; begin the run anew$/);
    const surplus = ["--resume", folder, "--learning-rate", "0.1"];
    await says(surplus, /^error: --resume .+: goes on with the options of the run; leave out --learning-rate$/);
  });
});
