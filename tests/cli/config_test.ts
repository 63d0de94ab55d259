/** Configuration files: what flags can say, a file can. */

import assert from "node:assert/strict";
import { Command } from "commander";
import { configSchema } from "../../seven/cli/config.ts";
import { addPruneOptions } from "../../seven/cli/option_lines.ts";
import { presets } from "../../seven/cli/presets.ts";
import { resolveOptions } from "../../seven/cli/options.ts";
import { inFolder, run, writeTiny } from "./support.ts";

const schemaFile = new URL("../../seven/cli/config.schema.json", import.meta.url);

Deno.test("the published JSON schema is that of the options; SEVEN_UPDATE=1 writes it anew", async () => {
  const command = new Command();
  addPruneOptions(command);
  const schema = `${JSON.stringify(configSchema(command), null, 2)}\n`;
  if (Deno.env.get("SEVEN_UPDATE")) await Deno.writeTextFile(schemaFile, schema);
  assert.deepEqual(JSON.parse(await Deno.readTextFile(schemaFile)), JSON.parse(schema));
});

/** What a dry run with these arguments says of the options that it resolved: the recipe of a run of no steps. */
async function recipeOf(folder: string, args: readonly string[]): Promise<Record<string, unknown>> {
  const out = `${folder}/run${crypto.randomUUID()}`;
  const { code, err } = await run([...args, "--out", out, "--quiet", "--device", "cpu"]);
  assert.equal(code, 0, err.join("\n"));
  const { options } = JSON.parse(await Deno.readTextFile(`${out}/recipe.json`));
  const { out: _, ...others } = options;
  return others;
}

Deno.test("a file says what flags say, and flags go before it", async () => {
  await inFolder(async (folder) => {
    await writeTiny(`${folder}/tiny`);
    const config = {
      $schema: "seven/cli/config.schema.json",
      model: `${folder}/tiny`,
      task: "digits",
      method: ["magnitude", "random"],
      sparsity: 0.5,
      steps: 2,
      batch: 4,
      dropout: false,
      exclude: ["*.query.weight"],
      leastSparsity: { "*.output.dense.weight": 0.25 },
      groupByLength: true,
    };
    await Deno.writeTextFile(`${folder}/config.json`, JSON.stringify(config));
    const flags = ["--model", `${folder}/tiny`, "--task", "digits", "--method", "magnitude,random", "--steps", "2"];
    const more = [
      "--sparsity",
      "0.5",
      "--batch",
      "4",
      "--no-dropout",
      "--exclude",
      "*.query.weight",
      "--group-by-length",
    ];
    const limits = ["--least-sparsity", "*.output.dense.weight=0.25"];
    const said = await recipeOf(folder, [...flags, ...more, ...limits]);
    assert.deepEqual(await recipeOf(folder, ["--config", `${folder}/config.json`]), said);
    const changed = await recipeOf(folder, ["--config", `${folder}/config.json`, "--sparsity", "0.25"]);
    assert.deepEqual(changed, { ...said, sparsity: 0.25 });
  });
});

Deno.test("every fault of a file is listed, with what was meant", async () => {
  await inFolder(async (folder) => {
    const says = async (text: string, line: string): Promise<void> => {
      await Deno.writeTextFile(`${folder}/c.json`, text);
      const { code, err } = await run(["--config", `${folder}/c.json`]);
      assert.deepEqual([code, err], [2, [`error: --config ${folder}/c.json: ${line}`]]);
    };
    await says(
      `{"sparsty": 0.5, "prune-steps": 4, "steps": -1, "method": "sevn", "quiet": "yes", "exclude": [], "resume": "x"}`,
      `"sparsty" is no option (did you mean sparsity?); "prune-steps" is no option (did you mean pruneSteps?); ` +
        `"steps" is -1: give a whole number, 1 or more; "method" is "sevn": give one of seven-pre, seven-dyn, magnitude, ` +
        `gradual-magnitude, random, random-layerwise, snip, iterative-snip, grasp, force, platon, lottery, movement, ` +
        `wanda, soft-movement; "quiet" is "yes": give true or false; ` +
        `"exclude" is []: give a number, a text, a list of texts, or an object of numbers; "resume" is no option`,
    );
    await says(`[1]`, `is no JSON object; write {"sparsity": 0.9, ...}`);
    const { code, err } = await run(["--config", `${folder}/none.json`]);
    assert.deepEqual([code, err.length], [2, 1]);
    assert.match(err[0]!, /--config .+none\.json: cannot be read/);
  });
});

Deno.test("presets are the paper's settings, and reach their sparsity", () => {
  const sst2 = resolveOptions({ ...presets["paper/sst2"], model: "bert", data: "glue" });
  assert.deepEqual(
    [sst2.sparsity, sst2.pruneStart, sst2.pruneSteps, sst2.steps, sst2.learningRate, sst2.batch, sst2.method],
    [0.6, 1001, 4000, 21050, 2e-5, 32, ["seven-dyn"]],
  );
  assert.equal(Object.keys(presets).length, 8);
  for (const [name, preset] of Object.entries(presets)) {
    const { pruneStart, pruneSteps, steps } = resolveOptions({ ...preset, model: "bert", data: "glue" });
    assert.ok(pruneStart! + pruneSteps - 1 <= steps, name);
  }
});

Deno.test("--dry-run says what would run, and writes nothing", async () => {
  await inFolder(async (folder) => {
    await writeTiny(`${folder}/tiny`);
    const args = ["--model", `${folder}/tiny`, "--task", "digits", "--method", "seven-pre,snip", "--batch", "4"];
    const { code, out, err } = await run([...args, "--dry-run", "--out", `${folder}/run`, "--device", "cpu"]);
    assert.equal(code, 0, err.join("\n"));
    assert.match(out[0]!, /tiny: 1,\d{3} parameters, 448 of them prunable$/);
    assert.match(out[1]!, /^sparsity 80\.00 %: about 90 are kept$/);
    assert.ok(out.some((line) => /^seven-pre +300 +1 - 200 +\d+ ms +\d/.test(line)), out.join("\n"));
    assert.ok(out.some((line) => /^snip +300 +1 +\d+ ms/.test(line)), out.join("\n"));
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["tiny"]);
  });
});
