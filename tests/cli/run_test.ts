/** Whole runs, in this process, on the cpu device. */

import assert from "node:assert/strict";
import { parseSafetensors } from "../../engine/mod.ts";
import { isViTPrunable } from "../../models/mod.ts";
import { Interrupted, type RunRecord } from "../../seven/cli/mod.ts";
import { contents, inFolder, run, tinyConfig, tinyPreprocessor, tinyPrunable, writeTiny } from "./support.ts";
import { dataFolder } from "../models/real_data.ts";

const cpu = ["--device", "cpu"];

/** Reads what a run folder holds. */
async function readRun(path: string): Promise<{ record: RunRecord; events: Record<string, unknown>[]; zeros: number }> {
  const record = JSON.parse(await Deno.readTextFile(`${path}/run.json`)) as RunRecord;
  const lines = (await Deno.readTextFile(`${path}/events.jsonl`)).trimEnd().split("\n");
  const { tensors } = parseSafetensors(await Deno.readFile(`${path}/model.safetensors`), path);
  const weights = Object.entries(tensors).filter(([name]) => isViTPrunable(name)).map(([, { data }]) => data);
  const zeros = weights.reduce((sum, data) => sum + data.filter((value: number) => value === 0).length, 0);
  return { record, events: lines.map((line) => JSON.parse(line)), zeros };
}

Deno.test("prune writes a run folder: exact counts, zeros, the files of the checkpoint, record and events", async () => {
  await inFolder(async (folder) => {
    await writeTiny(`${folder}/tiny`);
    const before = contents(`${folder}/tiny`);
    const args = ["--model", `${folder}/tiny/`, "--task", "digits", "--sparsity", "0.7", "--steps", "12"];
    const rest = ["--prune-steps", "8", "--log-every", "5", "--seed", "3", "--batch", "16", "--out", `${folder}/a/run`];
    const { code, out, err } = await run([...args, ...rest, ...cpu]);
    assert.equal(code, 0, err.join("\n"));

    const { record, events, zeros } = await readRun(`${folder}/a/run`);
    const kept = tinyPrunable - Math.round(0.7 * tinyPrunable);
    assert.deepEqual(record.result, {
      metric: "accuracy",
      dense: record.result.dense,
      pruned: record.result.pruned,
      sparsity: 1 - kept / tinyPrunable,
      prunable: tinyPrunable,
      kept,
      // A model without training: nothing depends on where it looks.
      collapsed: ["key", "query"].map((name) => `vit.encoder.layer.0.attention.attention.${name}.weight`),
      metrics: record.result.metrics,
    });
    const { dense, pruned } = record.result.metrics;
    assert.deepEqual([dense.test!.accuracy, pruned.test!.accuracy], [record.result.dense, record.result.pruned]);
    for (const share of [record.result.dense, record.result.pruned]) {
      assert.ok(Number.isInteger(Math.round(share * 2000 * 1e6) / 1e6), "whole images out of all 2,000");
    }
    assert.equal(zeros, tinyPrunable - kept);
    assert.deepEqual([record.schema, record.method, record.seed, record.device], [1, "seven-pre", 3, "cpu"]);
    assert.deepEqual(
      [record.options.steps, record.options.pruneSteps, record.options.learningRate, record.options.alpha1],
      [12, 8, 1e-3, 0.8],
    );
    assert.deepEqual(events.map(({ step, pruned }) => [step, pruned]), [[1, true], [5, true], [10, false], [
      12,
      false,
    ]]);
    assert.deepEqual(events.at(-1)!.kept, kept);
    for (const event of events) {
      assert.deepEqual(Object.keys(event).sort(), ["kept", "learningRate", "loss", "pruned", "sparsity", "step"]);
      assert.ok(Number.isFinite(event.loss));
    }

    const files = contents(`${folder}/a/run`);
    assert.deepEqual(Object.keys(files).sort(), [
      "README.md",
      "config.json",
      "dense.json",
      "events.jsonl",
      "masks.safetensors",
      "model.safetensors",
      "preprocessor_config.json",
      "recipe.json",
      "report.html",
      "run.json",
      "timing.json",
    ]);
    assert.match(files["README.md"]!, /^---\nlibrary_name: transformers\npipeline_tag: image-classification\n/);
    assert.match(files["report.html"]!, /^<!doctype html>/i);
    assert.equal(files["config.json"], tinyConfig);
    assert.equal(files["preprocessor_config.json"], tinyPreprocessor);
    const shapes = async (path: string) => {
      const { tensors, metadata } = parseSafetensors(await Deno.readFile(path), path);
      return [Object.entries(tensors).map(([name, { shape }]) => `${name} ${shape}`).sort(), metadata];
    };
    assert.deepEqual(
      await shapes(`${folder}/a/run/model.safetensors`),
      await shapes(`${folder}/tiny/model.safetensors`),
    );
    assert.deepEqual(contents(`${folder}/tiny`), before);
    assert.deepEqual([...Deno.readDirSync(`${folder}/a`)].map(({ name }) => name), ["run"], "nothing else is left");
    assert.match(out[0]!, /^.+tiny on digits, accuracy on all 2,000 rows of test, 448 prunable weights$/);
    assert.match(out[2]!, /^seven-pre +70\.09 % +134 +\d+\.\d\d % +\d+\.\d\d % +\d+\.\d s$/);
    assert.equal(out.at(-1), `written to ${folder}/a/run`);
    assert.match(err[0]!, /^device: cpu \(.+\), asked for$/);
  });
});

Deno.test("prune is repeatable: the same command line gives the same weights and events", async () => {
  await inFolder(async (folder) => {
    await writeTiny(`${folder}/tiny`);
    const args = ["--model", `${folder}/tiny`, "--task", "digits", "--steps", "6", "--batch", "8", "--quiet", ...cpu];
    for (const name of ["one", "two"]) assert.equal((await run([...args, "--out", `${folder}/${name}`])).code, 0);
    const [one, two] = ["one", "two"].map((name) => contents(`${folder}/${name}`));
    assert.equal(one!["model.safetensors"], two!["model.safetensors"]);
    assert.equal(one!["events.jsonl"], two!["events.jsonl"]);
  });
});

Deno.test("prune without a model trains one and compares methods, a folder for each, in an empty --out", async () => {
  await inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/out`);
    const budget = ["--train-steps", "3", "--steps", "4", "--prune-steps", "3", "--batch", "8"];
    const { code, out, err } = await run([...budget, "--sparsity", "0.5", "--out", `${folder}/out`, ...cpu]);
    assert.equal(code, 0, err.join("\n"));
    assert.deepEqual(out.slice(2, 5).map((line) => line.split(" ")[0]), ["seven-pre", "magnitude", "random"]);
    const dense = new Set<number>();
    for (const method of ["seven-pre", "magnitude", "random"]) {
      const { record, zeros } = await readRun(`${folder}/out/${method}`);
      assert.deepEqual([record.method, record.options.method], [method, [method]]);
      assert.deepEqual([record.result.prunable, record.result.kept, zeros], [55296, 27648, 27648]);
      dense.add(record.result.dense);
    }
    assert.equal(dense.size, 1, "all start from the same weights");
    // What was written can be read again as any other checkpoint.
    const again = ["--model", `${folder}/out/magnitude`, "--task", "digits", "--steps", "1", "--batch", "8", ...cpu];
    assert.equal((await run([...again, "--method", "magnitude"])).code, 0);
  });
});

Deno.test("prune saves 0 where a method keeps pruned weights aside", async () => {
  await inFolder(async (folder) => {
    await writeTiny(`${folder}/tiny`);
    const args = ["--model", `${folder}/tiny`, "--task", "digits", "--steps", "4", "--batch", "8", "--sparsity", "0.5"];
    const { code, err } = await run([...args, "--method", "force", "--out", `${folder}/run`, ...cpu]);
    assert.equal(code, 0, err.join("\n"));
    const { record, zeros } = await readRun(`${folder}/run`);
    assert.deepEqual([record.result.kept, zeros], [tinyPrunable / 2, tinyPrunable / 2]);
  });
});

Deno.test("a run that fails says why in one line, with exit code 1, and leaves nothing", async () => {
  await inFolder(async (folder) => {
    await writeTiny(`${folder}/tiny`);
    const args = ["--model", `${folder}/tiny`, "--task", "digits", "--steps", "9", "--batch", "8", "--quiet", ...cpu];
    const hot = [...args, "--learning-rate", "1e30", "--optimizer", "sgd"];
    const { code, out, err } = await run([...hot, "--out", `${folder}/run`, "--log-every", "1"]);
    assert.deepEqual([code, out.length, err.length], [1, 0, 1]);
    assert.match(err[0]!, /^error: the loss is (NaN|Infinity|-Infinity) at step \d+; .+$/);
    const left = Object.keys(contents(`${folder}/run`)).sort();
    assert.deepEqual(left, ["dense.json", "events.jsonl", "recipe.json"], "no model of a run that failed");
  });
});

Deno.test("a signal stops a run between two steps, with its exit code, and nothing is written without a folder", async () => {
  await inFolder(async (folder) => {
    await writeTiny(`${folder}/tiny`);
    const controller = new AbortController();
    const args = ["--model", `${folder}/tiny`, "--task", "digits", "--steps", "100000", "--batch", "8", ...cpu];
    setTimeout(() => controller.abort(new Interrupted("SIGTERM", 143)), 1000);
    const { code, out, err } = await run(args, controller.signal);
    assert.deepEqual([code, out.length, err.at(-1)], [143, 0, "error: stopped by SIGTERM; nothing was written"]);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["tiny"]);
  });
});

Deno.test("main() answers --help and --version with exit code 0", async () => {
  const help = await run(["prune", "--help"]);
  assert.equal(help.code, 0);
  assert.match(help.out.join("\n"), /--sparsity <share>[^]+Examples:\n {2}deno task prune\n/);
  assert.deepEqual(await run(["--version"]), { code: 0, out: ["0.1.0"], err: [] });
});

const mnist = dataFolder("mnist"), vit = dataFolder("weights/vit-mnist");
const real = mnist !== undefined && vit !== undefined;
if (!real) console.warn("skipped, the real data are missing (set SEVEN_DATA): prune takes a real checkpoint");

Deno.test({ name: "prune takes a real checkpoint and real data", ignore: !real }, async () => {
  await inFolder(async (folder) => {
    const args = ["--model", vit!, "--task", "mnist", "--data", mnist!, "--sparsity", "0.5", "--steps", "2"];
    const { code, err } = await run([...args, "--prune-steps", "1", "--batch", "8", "--out", `${folder}/run`, ...cpu]);
    assert.equal(code, 0, err.join("\n"));
    const { record: { result }, zeros } = await readRun(`${folder}/run`);
    assert.deepEqual([result.dense, result.prunable, result.kept, zeros], [0.9721, 491520, 245760, 245760]);
    const files = contents(`${folder}/run`), source = contents(vit!);
    for (const name of ["config.json", "preprocessor_config.json"]) assert.equal(files[name], source[name]);
  });
});
