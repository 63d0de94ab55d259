/**
 * Exported models in onnxruntime, where it is installed: SEVEN_ORT names the folder of the package `onnxruntime-node`;
 * else that of the benchmark's peers is used, if there is one.
 */
import assert from "node:assert/strict";
import { type HostTensor, openDevice } from "../../../engine/mod.ts";
import { isViTPrunable, viT, viTConfig } from "../../../models/vit/vit.ts";
import { loadCheckpoint, readConfig } from "../../../models/checkpoint.ts";
import { imageSplit } from "../../../models/data/image_split.ts";
import { loadMnist } from "../../../models/data/mnist.ts";
import { parsePreprocessor } from "../../../models/data/preprocess.ts";
import { onnxChunks } from "../../../models/onnx/model.ts";
import { assertClose } from "../../support/assert_close.ts";
import { dataFolder, diskFolder } from "../real_data.ts";
import { type Case, cases, engineOutputs } from "./cases.ts";

const folder = Deno.env.get("SEVEN_ORT") ??
  new URL("../../bench/peers/node_modules/onnxruntime-node", import.meta.url).pathname;

function installed(): boolean {
  try {
    return Deno.statSync(folder).isDirectory;
  } catch {
    return false;
  }
}

/** Registers a test that needs onnxruntime. Where it is missing, it says so and is ignored. */
function testWithOrt(name: string, missing: string | undefined, test: () => Promise<void>): void {
  const why = installed() ? missing : `there is no onnxruntime-node in ${folder} (set SEVEN_ORT)`;
  if (why !== undefined) console.warn(`skipped, ${why}: ${name}`);
  Deno.test({ name, ignore: why !== undefined, fn: test });
}

type Outputs = Record<string, { readonly shape: number[]; readonly data: number[] }>;

async function runOrt(one: Case): Promise<Outputs[]> {
  const place = await Deno.makeTempDir();
  try {
    using file = await Deno.open(`${place}/model.onnx`, { write: true, create: true });
    for (const chunk of onnxChunks(one)) {
      for (let done = 0; done < chunk.length;) done += await file.write(chunk.subarray(done));
    }
    const requests = one.inputs.map((inputs) =>
      Object.fromEntries(
        Object.entries(inputs).map(([name, { dtype, shape, data }]) => [
          name,
          { type: dtype === "f32" ? "float32" : "int64", shape, data: [...data] },
        ]),
      )
    );
    await Deno.writeTextFile(`${place}/requests.json`, JSON.stringify(requests));
    const script = new URL("ort_run.ts", import.meta.url).pathname;
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--allow-all",
        "--quiet",
        "--no-config",
        script,
        folder,
        `${place}/model.onnx`,
        `${place}/requests.json`,
      ],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    // Warnings, such as of initializers without a use, would mean that the graph is not as it should be.
    assert.equal(new TextDecoder().decode(stderr), "");
    return JSON.parse(new TextDecoder().decode(stdout));
  } finally {
    await Deno.remove(place, { recursive: true });
  }
}

/** Largest difference between the outputs of both; padding of spans apart, where both have the same -1e30. */
async function compare(one: Case): Promise<Outputs[]> {
  using device = await openDevice("cpu");
  const theirs = await runOrt(one);
  for (const [i, inputs] of one.inputs.entries()) {
    const ours = await engineOutputs(device, one, inputs);
    assert.deepEqual(Object.keys(theirs[i]!).sort(), Object.keys(ours).sort());
    for (const [name, { shape, data }] of Object.entries(ours)) {
      assert.deepEqual(theirs[i]![name]!.shape, shape);
      assertClose(theirs[i]![name]!.data, data, { rtol: 1e-6, atol: 1e-4 }, `${one.name}: ${name}`);
      report(one.name, name, data, theirs[i]![name]!.data);
    }
  }
  return theirs;
}

/** With SEVEN_ORT_REPORT, the differences are printed. */
function report(model: string, output: string, ours: ArrayLike<number>, theirs: ArrayLike<number>): void {
  if (!Deno.env.get("SEVEN_ORT_REPORT")) return;
  const worst = Array.from(ours).reduce((worst, value, i) => Math.max(worst, Math.abs(value - theirs[i]!)), 0);
  console.log(`${model}: ${output}: ${worst.toExponential(1)}`);
}

for (const one of cases) {
  testWithOrt(`onnxruntime computes what the engine does: ${one.name}`, undefined, async () => void await compare(one));
}

/** The MNIST checkpoint on the eight images that there are reference logits of. */
async function mnistCase(): Promise<{ readonly one: Case; readonly logits: readonly number[] }> {
  const folder = diskFolder(dataFolder("weights/vit-mnist")!);
  const { name, config, params } = await loadCheckpoint(folder);
  const processor = parsePreprocessor(await readConfig(folder, "preprocessor_config.json"), "preprocessor_config.json");
  const { test } = await loadMnist(diskFolder(dataFolder("mnist")!));
  const { labels, logits } = JSON.parse(new TextDecoder().decode(await folder.read("reference.json")));
  const split = imageSplit(test, "MNIST", { config: processor });
  const { images } = await split.gather(Uint32Array.from(labels, (_, row) => row), labels.length);
  const one: Case = {
    name,
    head: "classification",
    config,
    params,
    isPrunable: isViTPrunable,
    inputs: [{ pixel_values: images as HostTensor }],
    outputs: (params, { pixel_values }) => ({ logits: viT(params, viTConfig(config, name), pixel_values!) }),
  };
  return { one, logits: logits.flat() };
}

const noData = dataFolder("weights/vit-mnist") && dataFolder("mnist")
  ? undefined
  : "there is no weights/vit-mnist or mnist (set SEVEN_DATA)";

testWithOrt("onnxruntime gives the reference logits of the MNIST checkpoint", noData, async () => {
  const { one, logits } = await mnistCase();
  const [theirs] = await compare(one);
  assertClose(theirs!.logits!.data, logits, { rtol: 0, atol: 1e-4 }, "reference logits");
});

testWithOrt("onnxruntime computes what the engine does for the MNIST checkpoint, 80 % pruned", noData, async () => {
  const { one, logits } = await mnistCase();
  const all = Object.entries(one.params).flatMap(([name, { data }]) => isViTPrunable(name) ? [...data] : []);
  const threshold = all.map(Math.abs).sort((a, b) => a - b)[Math.round(0.8 * all.length)]!;
  const params = Object.fromEntries(
    Object.entries(one.params).map(([name, tensor]) => [
      name,
      isViTPrunable(name)
        ? { ...tensor, data: tensor.data.map((value) => Math.abs(value) < threshold ? 0 : value) as Float32Array }
        : tensor,
    ]),
  );
  const [theirs] = await compare({ ...one, name: "MNIST, pruned", params });
  const changed = theirs!.logits!.data.filter((value, i) => Math.abs(value - logits[i]!) > 0.1);
  assert.ok(changed.length > logits.length / 2, "the weights of the file are the pruned ones");
});
