/** Runs that are interrupted and go on: to the same bits as without a break. */

import assert from "node:assert/strict";
import { Interrupted } from "../../seven/cli/mod.ts";
import { contents, inFolder, run, writeTiny } from "./support.ts";

/** A run of a tiny ViT that keeps a state after every third step, trained before, validated and watched on the way. */
function tinyRun(folder: string): string[] {
  const model = ["--model", `${folder}/tiny`, "--task", "digits", "--train-steps", "8", "--batch", "4"];
  const pruning = ["--sparsity", "0.6", "--method", "seven-pre,platon", "--steps", "24", "--prune-steps", "20"];
  const looks = [
    "--validate-every",
    "8",
    "--hold-out",
    "50",
    "--save-every",
    "3",
    "--log-every",
    "2",
    "--sentinels",
    "12",
  ];
  return [...model, ...pruning, ...looks, "--prune-every", "2", "--gradient-accumulation", "2", "--device", "cpu"];
}

/** What a finished run has that must not depend on breaks: all but its times. */
function comparable(folder: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(contents(folder)).map(([path, content]) => {
      if (/(report\.html|timing\.json)$/.test(path)) return [path, ""]; // have the times
      if (!path.endsWith("run.json")) return [path, path.endsWith("recipe.json") ? "" : content];
      const { seconds: _, dispatches: _d, options: _o, ...record } = JSON.parse(content);
      return [path, JSON.stringify(record)];
    }),
  );
}

/** Steps of a log without those that only a break logs. */
function everySecond(events: string): unknown[] {
  const steps = events.trimEnd().split("\n").map((line) => JSON.parse(line));
  return steps.filter(({ step }) => step % 2 === 0);
}

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

    const [one, other] = [comparable(`${folder}/whole`), comparable(`${folder}/broken`)];
    assert.deepEqual(Object.keys(other).sort(), Object.keys(one).sort());
    for (const [path, content] of Object.entries(one)) {
      if (path.endsWith("events.jsonl")) assert.deepEqual(everySecond(other[path]!), everySecond(content), path);
      else assert.equal(other[path], content, path);
    }
    assert.deepEqual(outcome.out.slice(-1), [`written to ${folder}/broken`]);

    // Nothing is left to do: the same table again.
    const again = await run(["--resume", `${folder}/broken`, "--quiet"]);
    assert.deepEqual([again.code, again.err], [0, []]);
    assert.deepEqual(comparable(`${folder}/broken`), other);
  });
});

Deno.test("a process that is killed at any moment leaves a folder that can go on", async () => {
  await inFolder(async (folder) => {
    await writeTiny(`${folder}/tiny`);
    const whole = await run([...tinyRun(folder), "--out", `${folder}/whole`]);
    assert.equal(whole.code, 0, whole.err.join("\n"));
    const script = new URL("../../seven/cli/mod.ts", import.meta.url).pathname;
    const start = (args: readonly string[]): Deno.ChildProcess =>
      new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-check", "--allow-all", script, ...args],
        stdout: "null",
        stderr: "null",
      }).spawn();
    const kills = Number(Deno.env.get("SEVEN_KILLS") ?? 4);
    const out = `${folder}/killed`;
    for (let i = 0; i < kills; i++) {
      const there = Object.keys(contents(folder)).includes("killed/recipe.json");
      const child = start(there ? ["--resume", out] : [...tinyRun(folder), "--out", out]);
      const moment = 700 + 37 * i * i % 1900;
      const timer = setTimeout(() => child.kill("SIGKILL"), moment);
      await child.status;
      clearTimeout(timer);
    }
    const { code, err } = await run(
      Object.keys(contents(folder)).includes("killed/recipe.json")
        ? ["--resume", out]
        : [...tinyRun(folder), "--out", out],
    );
    assert.equal(code, 0, err.join("\n"));
    const [one, other] = [comparable(`${folder}/whole`), comparable(out)];
    for (const [path, content] of Object.entries(one)) {
      if (!path.endsWith("events.jsonl")) assert.equal(other[path], content, path);
    }
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
