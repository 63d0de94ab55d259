/** Calling it wrongly: one line that says what is wrong and what to do, exit code 2, and nothing is touched. */

import assert from "node:assert/strict";
import { writeSafetensors } from "../../engine/mod.ts";
import { initViT, viTConfig } from "../../models/mod.ts";
import { methods } from "../../seven/mod.ts";
import { contents, idx, inFolder, run, tinyConfig, writeMnist, writeTiny } from "./support.ts";

/** What is refused, with the line that it gets. In lines `@` stands for the folder of the test. */
const cases: readonly (readonly [what: string, args: string, line: string])[] = [
  [
    "a sparsity above 1",
    "--sparsity 1.4",
    "error: option '--sparsity <share>' argument '1.4' is invalid. Give the share of weights to remove, from 0 to below 1.",
  ],
  [
    "a sparsity that is no number",
    "--sparsity ninety",
    "error: option '--sparsity <share>' argument 'ninety' is invalid. Give the share of weights to remove, from 0 to below 1.",
  ],
  [
    "half a step",
    "--steps 2.5",
    "error: option '--steps <count>' argument '2.5' is invalid. Give a whole number, 1 or more.",
  ],
  [
    "a batch of nothing",
    "--batch 0",
    "error: option '--batch <rows>' argument '0' is invalid. Give a whole number from 1 to 65536.",
  ],
  [
    "a seed below 0",
    "--seed -1",
    "error: option '--seed <number>' argument '-1' is invalid. Give a whole number, 0 or more.",
  ],
  [
    "a learning rate of 0",
    "--learning-rate 0",
    "error: option '--learning-rate <rate>' argument '0' is invalid. Give a number above 0.",
  ],
  [
    "a decay of 1",
    "--alpha1 1",
    "error: option '--alpha1 <decay>' argument '1' is invalid. Give a decay, from 0 to below 1.",
  ],
  [
    "an unknown method",
    "--method magnitude,sevn",
    "error: option '--method <names>' argument 'magnitude,sevn' is invalid. Give one of @methods.",
  ],
  [
    "an unknown optimiser",
    "--optimizer lion",
    "error: option '--optimizer <name>' argument 'lion' is invalid. Give one of adamw, adam, sgd, adamax.",
  ],
  [
    "an unknown device",
    "--device tpu",
    "error: option '--device <name>' argument 'tpu' is invalid. Give one of auto, cpu, webgpu.",
  ],
  [
    "an unknown task",
    "--task cifar",
    "error: --task cifar: there is no task of this name; the command tasks lists them, or give a JSON file that describes one",
  ],
  ["an unknown option", "--sparsty 0.9", "error: unknown option '--sparsty' (Did you mean --sparsity?)"],
  ["an option without its value", "--steps", "error: option '--steps <count>' argument missing"],
  ["an argument too many", "prune 0.9", "error: too many arguments for 'prune'. Expected 0 arguments but got 1: 0.9."],
  [
    "more pruning steps than steps",
    "--steps 100 --prune-steps 200",
    "error: --prune-steps 200: more than the 100 of --steps, which they are part of; give fewer",
  ],
  [
    "a pruning window that opens too late",
    "--method seven-dyn --steps 100 --prune-steps 80 --prune-start 50",
    "error: --method seven-dyn: prunes until step 129, after the 100 of --steps; give fewer --prune-steps or more --steps",
  ],
  ["more warm-up than steps", "--steps 10 --warmup 20", "error: --warmup 20: more than the 10 of --steps; give fewer"],
  [
    "a task without its data",
    "--task mnist",
    "error: --task mnist: the data of this task lie in a folder; name it with --data",
  ],
  [
    "data for a generated task",
    "--task digits --data @/mnist",
    "error: --data @/mnist: the data of task digits are generated; leave out --data or give another --task",
  ],
  [
    "a model without a task",
    "--model @/tiny",
    "error: --model @/tiny: say which task it is for with --task; the command tasks lists them",
  ],
  [
    "an unknown command",
    "evaluat --model @/tiny --task digits",
    "error: evaluat: there is no such command; there are @commands",
  ],
  [
    "evaluation without a task",
    "evaluate --model @/tiny",
    "error: required option '--task <name>' not specified",
  ],
  [
    "a description of a task that is not there",
    "--model @/tiny --task @/none.json",
    "error: --task @/none.json: cannot be read (@os)",
  ],
  [
    "a repository that cannot be",
    "--model hf:a/b/c --task digits",
    "error: --model hf:a/b/c: names no repository; write hf:owner/name, hf:owner/name@revision or hf:owner/name:folder",
  ],
  [
    "a task whose rows cannot be counted without data",
    "tasks sst2",
    "error: tasks sst2: the data of this task lie in a folder; name it with --data",
  ],
  [
    "a missing model",
    "--model @/none --task digits",
    "error: --model @/none: there is no such folder; give the path of an existing one",
  ],
  [
    "missing data",
    "--model @/tiny --task mnist --data @/none",
    "error: --data @/none: there is no such folder; give the path of an existing one",
  ],
  [
    "a folder without a checkpoint",
    "--model @/mnist --task digits",
    "error: @/mnist: there is no config.json; a checkpoint folder has config.json and model.safetensors; check the path",
  ],
  [
    "a truncated checkpoint",
    "--model @/truncated --task digits",
    "error: @/truncated/model.safetensors: @truncated",
  ],
  [
    "a checkpoint that is no safetensors file",
    "--model @/garbage --task digits",
    "error: @/garbage/model.safetensors: @garbage",
  ],
  [
    "a configuration that is cut off",
    "--model @/half --task digits",
    "error: @/half/config.json: no JSON (@json); fetch the file again",
  ],
  [
    "a checkpoint of another model",
    "--model @/bert --task digits",
    "error: --task digits: is a task of images, @/bert is a model of texts; give one that fits the other",
  ],
  [
    "parameters that do not fit the configuration",
    "--model @/wide --task digits",
    "error: @/wide: the parameters do not fit config.json; 3 of wrong shape or dtype: " +
    "vit.encoder.layer.0.intermediate.dense.weight is f32[12,8], expected f32[16,8], " +
    "vit.encoder.layer.0.intermediate.dense.bias is f32[12], expected f32[16], " +
    "vit.encoder.layer.0.output.dense.weight is f32[8,12], expected f32[8,16]",
  ],
  [
    "a checkpoint without preprocessing",
    "--model @/unprepared --task digits",
    "error: @/unprepared: there is no preprocessor_config.json, which says how images become numbers; copy that of the original model",
  ],
  [
    "a model of other images",
    "--model @/small --task digits",
    "error: @/small: the model takes images of 16 x 16, preprocessor_config.json makes them 24 x 24; mend one, or give --image-size",
  ],
  [
    "a model of other classes",
    "evaluate --model @/classes --task digits",
    "error: --model @/classes: has no trained classifier.weight, classifier.bias for task digits; use a model fine-tuned on the task",
  ],
  [
    "a corrupt gzip",
    "--model @/tiny --task mnist --data @/gzip",
    "error: @/gzip/train-images-idx3-ubyte: the gzip data is cut off or corrupt (@gzip); fetch the file again",
  ],
  [
    "a label out of range",
    "--model @/tiny --task mnist --data @/labels",
    "error: @/labels/t10k-labels-idx1-ubyte: row 1 has label 11, but classes are 0 to 9; fetch or correct the file",
  ],
  [
    "a data set that is not whole",
    "--model @/tiny --task mnist --data @/part",
    "error: @/part: there is no t10k-images-idx3-ubyte (with or without .gz); MNIST is four such files in one folder",
  ],
  [
    "a run folder that exists",
    "--out @/run",
    "error: --out @/run: the folder is not empty, and runs are never overwritten; name a new folder",
  ],
  [
    "a file in place of the run folder",
    "--out @/run/run.json",
    "error: --out @/run/run.json: there is a file of this name; name a new folder",
  ],
  [
    "a run folder below a file",
    "--out @/run/run.json/mine",
    "error: --out @/run/run.json/mine: cannot be written (@os); name another folder",
  ],
];

/** Texts of lower layers, which have tests of their own. */
const elsewhere: Readonly<Record<string, RegExp>> = {
  "@truncated": /^tensor ".+": ends at byte \d+ of the file, which has \d+; the file was cut off: fetch it again$/,
  "@garbage": /^.+; .+$/,
  "@json": /^.+$/,
  "@os": /^.+$/,
  "@gzip": /^.+$/,
  "@commands": /^prune, evaluate, .+, help$/,
};

async function prepare(folder: string): Promise<void> {
  const weights = async (name: string): Promise<Uint8Array> =>
    await Deno.readFile(`${folder}/${name}/model.safetensors`);
  const config = (change: object): string => JSON.stringify({ ...JSON.parse(tinyConfig), ...change });
  await writeTiny(`${folder}/tiny`);
  await writeTiny(`${folder}/truncated`, { "model.safetensors": (await weights("tiny")).slice(0, -100) });
  await writeTiny(`${folder}/garbage`, { "model.safetensors": new Uint8Array(64).fill(0x41) });
  await writeTiny(`${folder}/half`, { "config.json": tinyConfig.slice(0, 60) });
  await writeTiny(`${folder}/bert`, { "config.json": config({ model_type: "bert" }) });
  await writeTiny(`${folder}/wide`, { "config.json": config({ intermediate_size: 16 }) });
  await writeTiny(`${folder}/unprepared`, { "preprocessor_config.json": null });
  await writeTiny(`${folder}/small`, {
    "preprocessor_config.json": `{"size": 24, "image_mean": 0.5, "image_std": 0.5}`,
  });
  await writeTiny(`${folder}/classes`, await threeClasses());
  await writeMnist(`${folder}/mnist`);
  const gzip = Uint8Array.of(0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
  await writeMnist(`${folder}/gzip`, { "train-images-idx3-ubyte": gzip });
  await writeMnist(`${folder}/labels`, { "t10k-labels-idx1-ubyte": idx([2], Uint8Array.of(3, 11)) });
  await writeMnist(`${folder}/part`, { "t10k-images-idx3-ubyte": null });
  await Deno.mkdir(`${folder}/run`);
  await Deno.writeTextFile(`${folder}/run/run.json`, `{"result": "of long ago"}`);
}

async function threeClasses(): Promise<Record<string, string | Uint8Array>> {
  const json = JSON.stringify({ ...JSON.parse(tinyConfig), num_labels: 3 });
  const params = await initViT(viTConfig(JSON.parse(json), "three classes"), 1);
  return { "config.json": json, "model.safetensors": writeSafetensors(params) };
}

/** Whether the line is the one that is expected, up to the texts of lower layers. */
function matches(line: string, expected: string): boolean {
  const mark = Object.keys(elsewhere).find((mark) => expected.includes(mark));
  if (mark === undefined) return line === expected;
  const [before, after] = expected.split(mark) as [string, string];
  const inside = line.slice(before.length, line.length - after.length);
  return line.startsWith(before) && line.endsWith(after) && elsewhere[mark]!.test(inside);
}

Deno.test("main() refuses what cannot be used in one line, with exit code 2, and touches nothing", async (t) => {
  await inFolder(async (folder) => {
    await prepare(folder);
    const before = contents(folder);
    for (const [what, args, line] of cases) {
      await t.step(what, async () => {
        const { code, out, err } = await run(args.replaceAll("@", folder).split(" "));
        const [said = ""] = err;
        const expected = line.replace("@methods", Object.keys(methods).join(", ")).replaceAll("@/", `${folder}/`);
        assert.ok(matches(said, expected), `said     ${said}\nexpected ${expected}`);
        assert.deepEqual([code, out.length, err.length], [2, 0, 1]);
        assert.deepEqual(contents(folder), before);
      });
    }
  });
});
