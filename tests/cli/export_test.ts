/** What is made of a run afterwards: inspection, exports, comparison, pages. */

import assert from "node:assert/strict";
import {
  byteSource,
  type HostTensor,
  openDevice,
  openSafetensors,
  parseSafetensors,
  type Tensor,
} from "../../engine/mod.ts";
import { loadCheckpoint, viT, viTConfig } from "../../models/mod.ts";
import { interpretOnnx } from "../models/onnx/interpret.ts";
import { readOnnx } from "../models/onnx/read.ts";
import { assertClose } from "../support/assert_close.ts";
import { diskFolder } from "../models/real_data.ts";
import { contents, inFolder, pruneTiny, run, writeTiny } from "./support.ts";

const cpu = ["--device", "cpu", "--quiet"];

/** Prunes the tiny ViT into `folder/NAME`. */
const pruned = (folder: string, name: string, ...args: string[]): Promise<string> =>
  pruneTiny(folder, { name, steps: 3, batch: 4 }, ...args);

async function succeeds(args: readonly string[]): Promise<readonly string[]> {
  const { code, out, err } = await run(args);
  assert.equal(code, 0, err.join("\n"));
  return out;
}

const accuracyOf = async (path: string): Promise<string> =>
  (await succeeds(["evaluate", "--model", path, "--task", "digits", ...cpu]))[1]!;

Deno.test("inspect counts zeros, and says whether masks agree with them", async () => {
  await inFolder(async (folder) => {
    const path = await pruned(folder, "run", "--sparsity", "0.75");
    const lines = await succeeds(["inspect", path]);
    assert.match(lines[0]!, /run: vit with a head for classification, [\d,]+ parameters$/);
    assert.equal(lines[1], "prunable: 448 weights, 336 of them 0 (75.00 %)");
    assert.ok(lines.includes("masks: every pruned weight is 0"));
    const json = JSON.parse((await succeeds(["inspect", path, "--json"])).join("\n"));
    assert.deepEqual([json.prunable.elements, json.prunable.zeros, json.other.zeros >= 0], [448, 336, true]);

    // A weight that is put back under its mask is seen.
    const { params } = await loadCheckpoint(diskFolder(path));
    const file = `${path}/model.safetensors`;
    const bytes = await Deno.readFile(file);
    const { tensors } = parseSafetensors(await Deno.readFile(`${path}/masks.safetensors`), "masks");
    const [name, { data: words }] = Object.entries(tensors)[0]!;
    const index = [...Array(params[name]!.data.length).keys()].find((i) => !((words[i >> 5]! >>> (i & 31)) & 1))!;
    const { entries } = await openSafetensors(byteSource(bytes), file);
    const { offset } = entries.find((entry) => entry.name === name)!;
    new DataView(bytes.buffer, bytes.byteOffset).setFloat32(offset + 4 * index, 1, true);
    await Deno.writeFile(file, bytes);
    const after = await succeeds(["inspect", path]);
    assert.ok(after.includes(`masks: weights that are not 0 though they are pruned, in ${name}`), after.join("\n"));
  });
});

Deno.test("export: packed files are the same model, in fewer bytes", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/run`; // larger than the tiny one, whose matrices are not worth packing
    const budget = [
      "--train-steps",
      "2",
      "--steps",
      "2",
      "--prune-steps",
      "1",
      "--batch",
      "4",
      "--method",
      "magnitude",
    ];
    await succeeds([...budget, "--sparsity", "0.9", "--out", path, ...cpu]);
    const lines = await succeeds(["export", path, "--format", "packed", "--out", `${folder}/packed`]);
    assert.match(lines.at(-1)!, /^written to .+packed: 0\.\d MiB$/);
    const [before, after] = await Promise.all(
      [path, `${folder}/packed`].map((name) => loadCheckpoint(diskFolder(name))),
    );
    assert.deepEqual(after!.params, before!.params);
    const size = async (name: string) => (await Deno.stat(`${name}/model.safetensors`)).size;
    assert.ok(await size(`${folder}/packed`) < await size(path));
    assert.equal(await accuracyOf(`${folder}/packed`), await accuracyOf(path));
  });
});

Deno.test("export --shrink takes zero heads out, and the model answers as before", async () => {
  await inFolder(async (folder) => {
    const path = await pruned(folder, "run", "--sparsity", "0.5", "--pattern", "head", "--method", "magnitude");
    const lines = await succeeds(["export", path, "--shrink", "--out", `${folder}/small`, "--device", "cpu"]);
    assert.match(lines[0]!, /^parameters: [\d,]+ before, [\d,]+ after$/);
    assert.match(lines.at(-1)!, /^latency: [\d.]+ ms -> [\d.]+ ms per batch of 32 \([\d.]+x\), cpu device$/);
    const numbers = lines.at(-1)!.match(/\d+(\.\d+)?/g)!.map(Number);
    assert.ok(numbers.length === 4 && numbers.every((value) => value > 0 && Number.isFinite(value)));
    assert.equal(await accuracyOf(`${folder}/small`), await accuracyOf(path));
    const { params } = await loadCheckpoint(diskFolder(`${folder}/small`));
    assert.deepEqual(params["vit.encoder.layer.0.attention.attention.query.weight"]!.shape, [4, 8]);
  });
});

Deno.test("export --format onnx writes a graph that gives the model's logits", async () => {
  await inFolder(async (folder) => {
    const path = await pruned(folder, "run", "--sparsity", "0.5");
    await succeeds(["export", path, "--format", "onnx", "--out", `${folder}/onnx`]);
    const model = readOnnx(await Deno.readFile(`${folder}/onnx/model.onnx`));
    const { config, params } = await loadCheckpoint(diskFolder(path));
    const images = { shape: [2, 1, 16, 16], data: Float32Array.from({ length: 512 }, (_, i) => Math.sin(i * i)) };
    const { logits } = interpretOnnx(model, { pixel_values: images });
    using device = await openDevice("cpu");
    using state = device.place(params);
    const step = (params: Readonly<Record<string, Tensor>>, { images }: { readonly images: Tensor }) => ({
      state: params,
      metrics: { logits: viT(params, viTConfig(config, "run"), images) },
    });
    const batch = { images: { shape: images.shape, dtype: "f32" } } as const;
    using program = await device.compile(step, { state: state.types, batch } as never);
    program.run(state as never, { images: images.data } as never);
    const { values } = await program.lastMetrics();
    assertClose((values as { logits: HostTensor }).logits.data, logits!.data, { rtol: 1e-5, atol: 1e-5 }, "logits");
    assert.deepEqual(Object.keys(contents(`${folder}/onnx`)).sort(), [
      "README.md",
      "config.json",
      "model.onnx",
      "preprocessor_config.json",
    ]);
  });
});

Deno.test("compare and report take several runs", async () => {
  await inFolder(async (folder) => {
    await pruned(folder, "grid", "--sparsity", "0.5", "--method", "magnitude,random");
    await pruned(folder, "other", "--sparsity", "0.75");
    const lines = await succeeds(["compare", `${folder}/grid`, `${folder}/other/`]);
    assert.equal(lines.length, 4);
    assert.match(lines[0]!, /^task +method +sparsity +kept/);
    assert.match(lines[3]!, /^digits +seven-pre +75\.00 % +112 .+other$/);
    const json = JSON.parse((await succeeds(["compare", `${folder}/grid`, "--json"])).join("\n"));
    assert.deepEqual(json.map(({ record }: { record: { method: string } }) => record.method).sort(), [
      "magnitude",
      "random",
    ]);
    const written = await succeeds(["report", `${folder}/grid`, `${folder}/other`]);
    assert.equal(written.length, 3);
    assert.match(await Deno.readTextFile(`${folder}/other/report.html`), /Accuracy against sparsity|by method/i);
    for (const command of ["compare", "report"]) {
      const { code, err } = await run([command, `${folder}/tiny`]);
      assert.deepEqual([code, err.length], [2, 1]);
      assert.match(err[0]!, new RegExp(`^error: ${command} .+tiny: there is no finished run`));
    }
  });
});

Deno.test("export says what does not go together", async () => {
  await inFolder(async (folder) => {
    await writeTiny(`${folder}/tiny`);
    const says = async (args: readonly string[], line: RegExp): Promise<void> => {
      const { code, err } = await run(["export", `${folder}/tiny`, ...args]);
      assert.deepEqual([code, err.length], [2, 1]);
      assert.match(err[0]!, line);
    };
    await says(
      ["--out", `${folder}/x`, "--layout", "smallest"],
      /^error: --layout smallest: is of shrunk models; give --shrink/,
    );
    await says(["--out", `${folder}/x`, "--device", "cpu"], /^error: --device cpu: is of shrunk models; give --shrink/);
    await says(["--out", `${folder}/tiny`], /^error: --out .+tiny: the folder is not empty/);
    await says(
      ["--out", `${folder}/x`, "--format", "gguf"],
      /^error: option '--format <kind>' argument 'gguf' is invalid/,
    );
    await says([], /^error: required option '--out <folder>' not specified$/);
  });
});
