/** The real ViT of the MNIST checkpoint, on both devices: its reference logits, and the whole test set. */
import assert from "node:assert/strict";
import { Device, type HostTensor, openDevice, type Placed, sizeOf, type Tensor } from "../../../engine/mod.ts";
import { openCpu } from "../../../engine/device/cpu.ts";
import { loadCheckpoint, readConfig } from "../../../models/checkpoint.ts";
import { imageSplit } from "../../../models/data/image_split.ts";
import { loadMnist } from "../../../models/data/mnist.ts";
import { parsePreprocessor } from "../../../models/data/preprocess.ts";
import { evaluate } from "../../../models/evaluate.ts";
import { labelScorer } from "../../../models/scorer.ts";
import { isViTPrunable, viT, viTConfig } from "../../../models/vit/vit.ts";
import { viTParams } from "../../../models/vit/params.ts";
import { assertClose } from "../../support/assert_close.ts";
import { dataFolder, diskFolder, testWithData } from "../real_data.ts";

type Params = Readonly<Record<string, Tensor>>;

async function judge(device: Device): Promise<void> {
  const checkpoint = await loadCheckpoint(diskFolder(dataFolder("weights/vit-mnist")!));
  const folder = diskFolder(dataFolder("weights/vit-mnist")!);
  const config = viTConfig(checkpoint.config, "config.json");
  const processor = parsePreprocessor(await readConfig(folder, "preprocessor_config.json"), "preprocessor_config.json");
  const { test } = await loadMnist(diskFolder(dataFolder("mnist")!));
  const split = imageSplit(test, "MNIST", { config: processor });
  const { params, notes } = await viTParams(checkpoint.params, config, checkpoint.name);
  assert.deepEqual(notes, []);
  using state = device.place(params) as unknown as Placed<Params>;

  const { logits, labels } = JSON.parse(new TextDecoder().decode(await folder.read("reference.json")));
  const first = await split.gather(Uint32Array.from(labels, (_, row) => row), labels.length);
  const images = { shape: first.images!.shape, dtype: "f32" } as const;
  const step = (params: Params, batch: { images: Tensor }) => ({
    state: params,
    metrics: { logits: viT(params, config, batch.images) },
  });
  using program = await device.compile(step, { state: state.types as never, batch: { images } });
  program.run(state, { images: first.images!.data });
  const { logits: given } = (await program.lastMetrics()).values;
  assert.deepEqual([...first.labels!.data], labels);
  assertClose((given as HostTensor).data, logits.flat(), { rtol: 0, atol: 1e-4 }, "reference logits");

  const values = await evaluate<Params>({
    device,
    state,
    outputs: (params, { images }) => ({ logits: viT(params, config, images!) }),
    split,
    scorer: labelScorer(split, ["accuracy"]),
  });
  assert.deepEqual([values, split.count], [{ accuracy: 0.9721 }, 10_000]);
  await device.idle();
}

testWithData("viT() of the MNIST checkpoint has its logits and its accuracy on the cpu device", "mnist", async () => {
  using device = new Device(openCpu());
  await judge(device);
});

testWithData("viT() of the MNIST checkpoint has its logits and its accuracy on webgpu", "mnist", async () => {
  if (!await navigator.gpu?.requestAdapter() && Deno.env.get("SEVEN_REQUIRE_WEBGPU") !== "1") {
    console.warn("SKIPPED (no WebGPU adapter): the MNIST checkpoint on webgpu");
    return;
  }
  using device = await openDevice("webgpu", { webgpu: { blockingReadback: true, allowSoftware: true } });
  await judge(device);
});

testWithData(
  "isViTPrunable() takes the 491,520 weights of the encoder's matrices",
  "weights/vit-mnist",
  async (folder) => {
    const { params } = await loadCheckpoint(folder);
    const prunable = Object.entries(params).filter(([name]) => isViTPrunable(name));
    assert.equal(prunable.reduce((sum, [, type]) => sum + sizeOf(type), 0), 491_520);
    assert.ok(prunable.every(([name]) => !/embeddings|layernorm|bias|classifier/.test(name)));
  },
);
