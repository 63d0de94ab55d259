import assert from "node:assert/strict";
import type { HostTensor } from "../../engine/host.ts";
import { writeSafetensors } from "../../engine/io/safetensors_write.ts";
import { checkModelType, checkParams, loadCheckpoint } from "../../models/checkpoint.ts";
import { memoryFolder } from "../../models/folder.ts";
import { testWithData } from "./real_data.ts";

const tensor = (...shape: number[]): HostTensor => ({
  shape,
  dtype: "f32",
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
});
const weights = writeSafetensors({ "vit.w": tensor(2, 3) }, { format: "pt" });
const error = (message: RegExp): object => ({ name: "CheckpointError", message });

Deno.test("loadCheckpoint() gives configuration, parameters and metadata", async () => {
  const folder = memoryFolder({ "config.json": `{"model_type":"vit"}`, "model.safetensors": weights }, "dir");
  assert.deepEqual(await loadCheckpoint(folder), {
    name: "dir",
    config: { model_type: "vit" },
    params: { "vit.w": tensor(2, 3) },
    metadata: { format: "pt" },
  });
});

Deno.test("loadCheckpoint() says which file is missing and what to do", async () => {
  const load = (files: Record<string, Uint8Array | string>): Promise<unknown> =>
    loadCheckpoint(memoryFolder(files, "dir"));
  await assert.rejects(load({}), error(/^dir: there is no config\.json; a checkpoint folder has/));
  await assert.rejects(load({ "config.json": "{}" }), error(/^dir: there is no model\.safetensors; .*check the path$/));
  await assert.rejects(load({ "config.json": "{}", "pytorch_model.bin": "" }), error(/pytorch_model.bin is a pickle/));
  await assert.rejects(
    load({ "config.json": "{}", "pytorch_model.bin.index.json": "" }),
    error(/weights are pickles: load and save the model/),
  );
});

Deno.test("loadCheckpoint() reports a damaged config.json and a truncated model.safetensors", async () => {
  const load = (config: string, file: Uint8Array): Promise<unknown> =>
    loadCheckpoint(memoryFolder({ "config.json": config, "model.safetensors": file }, "dir"));
  await assert.rejects(load(`{"a":`, weights), error(/^dir\/config\.json: no JSON/));
  await assert.rejects(load(`[]`, weights), error(/^dir\/config\.json: .*expected record/));
  await assert.rejects(load("{}", weights.slice(0, -1)), {
    name: "SafetensorsError",
    message: /^dir\/model\.safetensors: tensor "vit\.w": ends at byte .*; the file was cut off: fetch it again$/,
  });
});

Deno.test("checkModelType() tells a checkpoint of another model", () => {
  checkModelType({ model_type: "vit" }, "vit", "dir");
  const message = /^dir: this is a checkpoint of another model: model_type is "bert", expected "vit"$/;
  assert.throws(() => checkModelType({ model_type: "bert" }, "vit", "dir"), error(message));
  assert.throws(() => checkModelType({}, "vit", "dir"), error(/names no model_type, expected "vit"/));
});

Deno.test("checkParams() accepts exactly the expected names and shapes", () => {
  checkParams({ a: tensor(2), b: tensor() }, { a: [2], b: [] }, "dir");
  checkParams({}, {}, "dir");
});

Deno.test("checkParams() lists missing and surplus names and wrong shapes in one error", () => {
  const expected = { a: [2], b: [3], c: [4], toString: [1] };
  const ids: HostTensor = { shape: [4], dtype: "i32", data: new Int32Array(4) };
  assert.throws(
    () => checkParams({ a: tensor(2), b: tensor(5), c: ids, x: tensor() }, expected, "dir"),
    {
      name: "CheckpointError",
      message: "dir: the parameters are not those of the model; 1 missing: toString; 1 surplus: x; " +
        "2 of wrong shape or dtype: b is f32[5], expected f32[3], c is i32[4], expected f32[4]",
    },
  );
  assert.throws(
    () => checkParams({ a: tensor(3) }, { a: [2] }, "dir"),
    error(/do not fit config\.json; 1 of wrong shape/),
  );
});

Deno.test("checkParams() names the first few of many, and says when it is another model's checkpoint", () => {
  const names = (prefix: string): string[] => Array.from({ length: 50 }, (_, i) => `${prefix}.${i}`);
  const params = Object.fromEntries(names("bert").map((name) => [name, tensor(1)]));
  const expected = Object.fromEntries(names("vit").map((name) => [name, [1]]));
  assert.throws(
    () => checkParams(params, expected, "dir"),
    {
      name: "CheckpointError",
      message: "dir: this looks like a checkpoint of another model: it has 0 of the 50 parameters; " +
        "50 missing: vit.0, vit.1, vit.2, and 47 more; 50 surplus: bert.0, bert.1, bert.2, and 47 more",
    },
  );
});

testWithData("loadCheckpoint() loads vit-mnist", "weights/vit-mnist", async (folder) => {
  const { config, params, metadata } = await loadCheckpoint(folder);
  checkModelType(config, "vit", folder.name);
  assert.deepEqual(metadata, { format: "pt" });
  const layer = (i: number): [string, number[]][] => {
    const at = `vit.encoder.layer.${i}`;
    return [
      [`${at}.attention.attention.query.weight`, [256, 64]],
      [`${at}.attention.attention.key.weight`, [256, 64]],
      [`${at}.attention.attention.value.weight`, [256, 64]],
      [`${at}.attention.output.dense.weight`, [64, 256]],
      [`${at}.attention.output.dense.bias`, [64]],
      [`${at}.intermediate.dense.weight`, [128, 64]],
      [`${at}.intermediate.dense.bias`, [128]],
      [`${at}.output.dense.weight`, [64, 128]],
      [`${at}.output.dense.bias`, [64]],
      ...["before", "after"].flatMap((place): [string, number[]][] => [
        [`${at}.layernorm_${place}.weight`, [64]],
        [`${at}.layernorm_${place}.bias`, [64]],
      ]),
    ];
  };
  checkParams(
    params,
    Object.fromEntries([
      ["vit.embeddings.cls_token", [1, 1, 64]],
      ["vit.embeddings.position_embeddings", [1, 50, 64]],
      ["vit.embeddings.patch_embeddings.projection.weight", [64, 1, 4, 4]],
      ["vit.embeddings.patch_embeddings.projection.bias", [64]],
      ...[0, 1, 2, 3, 4, 5].flatMap(layer),
      ["vit.layernorm.weight", [64]],
      ["vit.layernorm.bias", [64]],
      ["classifier.weight", [10, 64]],
      ["classifier.bias", [10]],
    ]),
    folder.name,
  );
  const count = (matrices: boolean): number =>
    Object.entries(params).reduce((sum, [name, { data, shape }]) => {
      const counts = !matrices || (name.startsWith("vit.encoder.") && shape.length === 2);
      return counts ? sum + data.length : sum;
    }, 0);
  assert.equal(count(false), 499_722);
  assert.equal(count(true), 491_520);
  for (const [name, { data }] of Object.entries(params)) assert.ok(data.every(Number.isFinite), name);
});

testWithData("loadCheckpoint() of vit-mnist cut in half is one clear error", "weights/vit-mnist", async (folder) => {
  const cut = await folder.read("model.safetensors");
  const files = {
    "config.json": await folder.read("config.json"),
    "model.safetensors": cut.subarray(0, cut.length / 2),
  };
  await assert.rejects(loadCheckpoint(memoryFolder(files, "dir")), {
    name: "SafetensorsError",
    message: /was cut off/,
  });
});
