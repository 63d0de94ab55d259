import assert from "node:assert/strict";
import { CheckpointError, viTConfig, viTShapes } from "../../models/mod.ts";

const least = {
  model_type: "vit",
  hidden_size: 12,
  num_hidden_layers: 1,
  num_attention_heads: 3,
  intermediate_size: 20,
};

Deno.test("viTConfig() fills in the defaults of Hugging Face's ViTConfig", () => {
  assert.deepEqual(
    viTConfig({ ...least, id2label: { 0: "a", 1: "b", 2: "c" } }, "config"),
    {
      ...least,
      head_dim: 4,
      hidden_act: "gelu",
      qkv_bias: true,
      layer_norm_eps: 1e-12,
      initializer_range: 0.02,
      image_size: 224,
      patch_size: 16,
      num_channels: 3,
      num_labels: 3,
    },
  );
  assert.equal(viTConfig(least, "config").num_labels, 2);
  assert.equal(viTConfig({ ...least, num_attention_heads: 5, head_dim: 7 }, "config").head_dim, 7);
});

Deno.test("viTConfig() names every fault in one line", () => {
  const cases: readonly (readonly [json: unknown, message: string])[] = [
    [null, 'c: config.json names no model_type, expected "vit"; add it if this is such a checkpoint'],
    [{ model_type: "bert" }, 'c: this is a checkpoint of another model: model_type is "bert", expected "vit"'],
    [{ ...least, num_attention_heads: 5 }, "c: hidden_size 12 is no multiple of num_attention_heads 5; give head_dim"],
    [{ ...least, patch_size: 15 }, "c: image_size 224 is no multiple of patch_size 15"],
    [{ ...least, hidden_act: "mish" }, "c: no activation that is known here → at hidden_act"],
    [
      { ...least, hidden_size: "12", intermediate_size: 0 },
      "c: Invalid input: expected number, received string → at hidden_size; " +
      "Too small: expected number to be >0 → at intermediate_size",
    ],
  ];
  for (const [json, message] of cases) assert.throws(() => viTConfig(json, "c"), new CheckpointError(message));
});

Deno.test("viTShapes() leaves out the biases of query, key and value where the model has none", () => {
  const shapes = viTShapes(viTConfig({ ...least, qkv_bias: false, head_dim: 7 }, "config"));
  assert.deepEqual(shapes["vit.encoder.layer.0.attention.attention.query.weight"], [21, 12]);
  assert.equal(shapes["vit.encoder.layer.0.attention.attention.query.bias"], undefined);
  assert.deepEqual(shapes["vit.encoder.layer.0.attention.output.dense.bias"], [12]);
  assert.deepEqual(shapes["vit.embeddings.position_embeddings"], [1, 197, 12]);
});
