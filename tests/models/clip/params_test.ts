import assert from "node:assert/strict";
import { type HostTensor, hostTensor } from "../../../engine/mod.ts";
import { CheckpointError } from "../../../models/checkpoint.ts";
import { type ClipConfig, clipConfig } from "../../../models/clip/config.ts";
import { initClip, initClipClassifier } from "../../../models/clip/init.ts";
import { clipClassifierShapes, clipShapes, isClipPrunable, isClipVisionPrunable } from "../../../models/clip/names.ts";
import { clipClassifierParams, clipParams } from "../../../models/clip/params.ts";
import { interpolatePositions } from "../../../models/vit/positions.ts";

const config = clipConfig({
  model_type: "clip",
  projection_dim: 24,
  num_labels: 3,
  text_config: {
    hidden_size: 64,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    intermediate_size: 100,
    vocab_size: 200,
    max_position_embeddings: 50,
    initializer_factor: 0.5,
  },
  vision_config: {
    hidden_size: 48,
    num_hidden_layers: 3,
    num_attention_heads: 2,
    intermediate_size: 80,
    image_size: 32,
    patch_size: 4,
    initializer_range: 0.1,
  },
}, "tiny");
const positions = "vision_model.embeddings.position_embedding.weight";
type Named = Record<string, HostTensor>;

const typesOf = (params: Named) => Object.fromEntries(Object.entries(params).map(([name, { shape }]) => [name, shape]));
const without = (params: Named, pattern: RegExp): Named =>
  Object.fromEntries(Object.entries(params).filter(([name]) => !pattern.test(name)));
const withSize = (image_size: number): ClipConfig => ({
  ...config,
  vision_config: { ...config.vision_config, image_size },
});

Deno.test("initClip() makes the model's parameters with the deviations of Hugging Face", async () => {
  const params = await initClip(config, 1);
  assert.deepEqual(typesOf(params), clipShapes(config));
  // From _init_weights of transformers, with the widths and depths of the two towers.
  const deviations: readonly (readonly [pattern: RegExp, deviation: number])[] = [
    [/^text_model\.embeddings\./, 0.5 * 0.02],
    [/^text_model.*\.([qkv]_proj|fc2)\.weight$/, 0.5 / Math.sqrt(64 * 2 * 2)],
    [/^text_model.*\.out_proj\.weight$/, 0.5 / Math.sqrt(64)],
    [/^text_model.*\.fc1\.weight$/, 0.5 / Math.sqrt(2 * 64)],
    [/^text_projection/, 1 / Math.sqrt(64)],
    [/class_embedding/, 1 / Math.sqrt(48)],
    [/^vision_model\.embeddings\.p/, 0.1],
    [/^vision_model.*\.([qkv]_proj|fc2)\.weight$/, 1 / Math.sqrt(48 * 2 * 3)],
    [/^vision_model.*\.out_proj\.weight$/, 1 / Math.sqrt(48)],
    [/^vision_model.*\.fc1\.weight$/, 1 / Math.sqrt(2 * 48)],
    [/^visual_projection/, 1 / Math.sqrt(48)],
  ];
  for (const [name, { data }] of Object.entries(params)) {
    const values = data as Float32Array;
    if (name === "logit_scale") assert.deepEqual([...values], [Math.fround(2.6592)]);
    else if (name.endsWith(".bias")) assert.ok(values.every((value) => value === 0), name);
    else if (/norm/.test(name)) assert.ok(values.every((value) => value === 1), name);
    else {
      const found = deviations.filter(([pattern]) => pattern.test(name));
      assert.equal(found.length, 1, name);
      const deviation = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
      const ratio = deviation / found[0]![1];
      assert.ok(Math.abs(ratio - 1) < 4 / Math.sqrt(2 * values.length), `${name}: ${ratio}`);
    }
  }
  assert.deepEqual(await initClip(config, 1), params);
  assert.notDeepEqual((await initClip(config, 2))[positions], params[positions]);
  await assert.rejects(initClip(config, 1.5), RangeError);
});

Deno.test("isClipPrunable() takes the six matrices of each encoder layer of both towers", async () => {
  const names = Object.keys(await initClip(config, 1));
  const prunable = names.filter(isClipPrunable);
  assert.equal(prunable.length, 6 * (2 + 3));
  assert.ok(prunable.every((name) => /\.encoder\.layers\.\d\.(self_attn|mlp)\..*\.weight$/.test(name)));
  assert.deepEqual(names.filter(isClipVisionPrunable), prunable.filter((name) => name.startsWith("vision_model.")));
});

Deno.test("clipParams() leaves out stored positions and stretches those of images", async () => {
  const params = await initClip(config, 1);
  assert.deepEqual(await clipParams(params, config, "c"), { params, fresh: [], renamed: {}, notes: [] });
  const stored: Named = {
    ...params,
    "text_model.embeddings.position_ids": hostTensor(Int32Array.of(0, 1), [1, 2]),
    "vision_model.embeddings.position_ids": hostTensor(Int32Array.of(0, 1), [1, 2]),
  };
  const loaded = await clipParams(stored, withSize(48), "c");
  assert.deepEqual(loaded.params, { ...params, [positions]: interpolatePositions(params[positions]!, 1, 12) });
  assert.deepEqual(loaded.notes, [
    "c: positions of 8 x 8 patches are stretched to 12 x 12 (bicubic)",
    "c: 2 tensors left out, not used here: text_model.embeddings.position_ids, vision_model.embeddings.position_ids",
  ]);
});

Deno.test("clipClassifierParams() reads a whole CLIP, a bare tower, and its own class", async () => {
  const whole = await initClip(config, 1);
  const fresh = await initClipClassifier(config, 4);
  const tower = Object.fromEntries(Object.entries(whole).filter(([name]) => name.startsWith("vision_model.")));
  const expected = {
    ...tower,
    "classifier.weight": fresh["classifier.weight"]!,
    "classifier.bias": fresh["classifier.bias"]!,
  };
  const loaded = await clipClassifierParams(whole, config, "c", 4);
  assert.deepEqual(loaded.params, expected);
  assert.deepEqual(typesOf(loaded.params), clipClassifierShapes(config));
  assert.equal(loaded.notes[0], "c: classifier is new, drawn from seed 4: the checkpoint has none");
  assert.match(loaded.notes[1]!, /^c: \d+ tensors left out, not used here: logit_scale, text_model/);

  const bare = Object.fromEntries(Object.entries(tower).map(([name, x]) => [name.slice("vision_model.".length), x]));
  const renamed = await clipClassifierParams(bare, config, "c", 4);
  assert.deepEqual(renamed.params, expected);
  assert.equal(renamed.notes[1], `c: the prefix vision_model. is added (${Object.keys(bare).length} names)`);

  const again = await clipClassifierParams(expected, config, "c", 9);
  assert.deepEqual(again, { params: expected, fresh: [], renamed: {}, notes: [] });
  const relabelled = await clipClassifierParams(expected, { ...config, num_labels: 5 }, "c", 9);
  assert.deepEqual(relabelled.fresh, ["classifier.weight", "classifier.bias"]);
});

Deno.test("clipParams() and clipClassifierParams() name real faults", async () => {
  const params = await initClip(config, 1);
  const faults: readonly (readonly [Promise<unknown>, RegExp])[] = [
    [clipParams(without(params, /pre_layrnorm/), config, "c"), /2 missing: vision_model\.pre_layrnorm\.weight/],
    [clipParams({ ...params, extra: params.logit_scale! }, config, "c"), /1 surplus: extra/],
    [clipParams(params, withSize(30), "c"), /^c: image_size 30 is no multiple of patch_size 4/],
    [clipParams(without(params, /^vision_model/), config, "c"), /missing: vision_model/],
    [clipClassifierParams(without(params, /^vision_model/), config, "c"), /missing: vision_model/],
  ];
  for (const [promise, message] of faults) {
    await assert.rejects(promise, (error) => {
      assert.ok(error instanceof CheckpointError);
      assert.match(error.message, message);
      return true;
    });
  }
});
