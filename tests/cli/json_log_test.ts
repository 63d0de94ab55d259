/** `--log-format json`: every line is an object, what happens on one stream and results on the other. */

import assert from "node:assert/strict";
import { inFolder, run, tinyPrunable, writeTiny } from "./support.ts";

const model = (folder: string): string[] => ["--model", `${folder}/tiny`, "--task", "digits", "--device", "cpu"];

Deno.test("--log-format json logs objects, and gives a record for each run", async () => {
  await inFolder(async (folder) => {
    await writeTiny(`${folder}/tiny`);
    const steps = ["--steps", "12", "--prune-steps", "8", "--log-every", "4", "--batch", "8"];
    const looks = ["--validate-every", "6", "--hold-out", "50", "--method", "seven-pre,random"];
    const args = [...model(folder), ...steps, ...looks, "--sparsity", "0.5", "--out", `${folder}/run`];
    const { code, out, err } = await run([...args, "--log-format", "json"]);
    assert.equal(code, 0, err.join("\n"));

    const events = err.map((line) => JSON.parse(line) as Record<string, unknown>);
    for (const { time, event } of events) {
      assert.ok(Math.abs(Date.parse(time as string) - Date.now()) < 600_000);
      assert.ok(["note", "step", "validation"].includes(event as string), `${event}`);
    }
    const ofRun = events.filter(({ phase }) => phase === "seven-pre");
    const stepEvents = ofRun.filter(({ event }) => event === "step");
    assert.ok(stepEvents.every(({ total }) => total === 12));
    for (const step of [1, 4, 8, 12]) assert.equal(stepEvents.filter((event) => event.step === step).length, 1);
    for (const { loss, sparsity, kept, learningRate, stepsPerSecond, secondsLeft, step } of stepEvents) {
      assert.ok([loss, sparsity, kept, learningRate].every((value) => Number.isFinite(value)));
      if (step === 1) assert.equal(stepsPerSecond, undefined);
      else assert.ok(stepsPerSecond as number > 0 && secondsLeft as number >= 0);
    }
    assert.deepEqual(ofRun.filter(({ event }) => event === "validation").map(({ step }) => step), [6, 12]);
    assert.match(events.find(({ event }) => event === "note")!.message as string, /^device: cpu /);

    const records = out.map((line) => JSON.parse(line));
    assert.deepEqual(
      records.map(({ method, folder, result: { prunable, kept } }) => [method, folder, prunable, kept]),
      ["seven-pre", "random"].map((name) => [name, `${folder}/run/${name}`, tinyPrunable, tinyPrunable / 2]),
    );

    const again = await run(["--resume", `${folder}/run`, "--log-format", "json", "--quiet"]);
    assert.deepEqual([again.code, again.err, again.out], [0, [], out]);
  });
});

Deno.test("--log-format json has errors as objects too, and may stand in a configuration file", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/options.json`, JSON.stringify({ logFormat: "json", sparsity: 0.5 }));
    const { code, out, err } = await run(["--config", `${folder}/options.json`, "--model", `${folder}/none`]);
    assert.deepEqual([code, out.length, err.length], [2, 0, 1]);
    const { event, message, exitCode } = JSON.parse(err[0]!);
    assert.deepEqual([event, exitCode], ["error", 2]);
    assert.match(message, /^--model .+none: say which task/);
  });
});
