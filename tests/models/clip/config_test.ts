import assert from "node:assert/strict";
import fc from "fast-check";
import { CheckpointError } from "../../../models/checkpoint.ts";
import { clipConfig, clipTextConfig, clipVisionConfig } from "../../../models/clip/config.ts";

const text = {
  hidden_size: 512,
  num_hidden_layers: 12,
  num_attention_heads: 8,
  intermediate_size: 2048,
  hidden_act: "quick_gelu",
  layer_norm_eps: 1e-5,
  attention_dropout: 0,
  initializer_range: 0.02,
  initializer_factor: 1,
  vocab_size: 49408,
  max_position_embeddings: 77,
  eos_token_id: 49407,
};
const vision = {
  hidden_size: 768,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  intermediate_size: 3072,
  hidden_act: "quick_gelu",
  layer_norm_eps: 1e-5,
  attention_dropout: 0,
  initializer_range: 0.02,
  initializer_factor: 1,
  image_size: 224,
  patch_size: 32,
  num_channels: 3,
};

Deno.test("clipConfig() fills in the defaults of Hugging Face's CLIPConfig", () => {
  assert.deepEqual(clipConfig({ model_type: "clip" }, "config"), {
    model_type: "clip",
    text_config: text,
    vision_config: vision,
    projection_dim: 512,
    logit_scale_init_value: 2.6592,
    initializer_factor: 1,
    num_labels: 2,
  });
  assert.deepEqual(clipTextConfig({ model_type: "clip_text_model" }, "config"), text);
  assert.deepEqual(clipVisionConfig({ model_type: "clip_vision_model" }, "config"), vision);
});

Deno.test("clipConfig() reads ViT-L/14 as it is published, with both spellings of each tower", () => {
  const json = {
    architectures: ["CLIPModel"],
    model_type: "clip",
    projection_dim: 768,
    text_config: { hidden_size: 512, eos_token_id: 2, dropout: 0, return_dict: true },
    text_config_dict: { hidden_size: 768, intermediate_size: 3072, num_attention_heads: 12, eos_token_id: 2 },
    vision_config: {
      hidden_size: 1024,
      intermediate_size: 4096,
      num_hidden_layers: 24,
      num_attention_heads: 16,
      patch_size: 14,
    },
    vision_config_dict: null,
    id2label: { 0: "cat", 1: "dog", 2: "cow" },
  };
  const config = clipConfig(json, "config");
  assert.deepEqual(config.text_config, {
    ...text,
    hidden_size: 768,
    intermediate_size: 3072,
    num_attention_heads: 12,
    eos_token_id: 2,
  });
  assert.deepEqual([config.vision_config.num_hidden_layers, config.vision_config.patch_size, config.num_labels], [
    24,
    14,
    3,
  ]);
  assert.deepEqual(clipTextConfig(json, "config"), config.text_config);
  assert.deepEqual(clipVisionConfig(json, "config"), config.vision_config);
});

Deno.test("clipConfig() names every fault in one line", () => {
  const clip = { model_type: "clip" };
  const cases: readonly (readonly [json: unknown, message: string])[] = [
    [null, 'c: config.json names no model_type, expected "clip"; add it if this is such a checkpoint'],
    [{ model_type: "vit" }, 'c: this is a checkpoint of another model: model_type is "vit", expected "clip"'],
    [
      { ...clip, text_config: { num_attention_heads: 5 } },
      "c, text_config: hidden_size 512 is no multiple of num_attention_heads 5; correct one",
    ],
    [
      { ...clip, vision_config: { patch_size: 15 } },
      "c, vision_config: image_size 224 is no multiple of patch_size 15",
    ],
    [{ ...clip, vision_config: 3 }, "c, vision_config: Invalid input: expected object, received number"],
    [
      { ...clip, text_config: { hidden_act: "mish", eos_token_id: [1] } },
      "c, text_config: no activation that is known here → at hidden_act; " +
      "Invalid input: expected number, received array → at eos_token_id",
    ],
    [{ ...clip, projection_dim: 0 }, "c: Too small: expected number to be >0 → at projection_dim"],
  ];
  for (const [json, message] of cases) assert.throws(() => clipConfig(json, "c"), new CheckpointError(message));
  assert.throws(() => clipTextConfig({ model_type: "bert" }, "c"), CheckpointError);
  assert.throws(() => clipVisionConfig({ model_type: "clip_text_model" }, "c"), CheckpointError);
});

Deno.test("clipConfig() never raises anything but CheckpointError", () => {
  const towers = ["text_config", "text_config_dict", "vision_config", "vision_config_dict"];
  const value = fc.oneof(fc.jsonValue(), fc.integer(), fc.double(), fc.constantFrom("gelu", "toString", null));
  const dictionary = (keys: readonly string[], value: fc.Arbitrary<unknown>) =>
    fc.dictionary(fc.constantFrom(...keys), value);
  const tower = dictionary([...Object.keys({ ...text, ...vision }), "__proto__"], value);
  const config = fc.tuple(
    dictionary(towers, fc.oneof(tower, value)),
    dictionary(["projection_dim", "logit_scale_init_value", "num_labels", "id2label", "initializer_factor"], value),
    fc.constantFrom("clip", "clip_text_model", "clip_vision_model", 1),
  ).map(([towers, other, model_type]) => ({ ...towers, ...other, model_type }));
  const json = fc.oneof(fc.jsonValue(), config, tower.map((tower) => ({ ...tower, model_type: "clip_vision_model" })));
  fc.assert(
    fc.property(json, fc.constantFrom(clipConfig, clipTextConfig, clipVisionConfig), (json, read) => {
      try {
        assert.ok(read(json, "config"));
      } catch (error) {
        assert.ok(error instanceof CheckpointError, String(error));
        assert.ok(!error.message.includes("\n"), error.message);
      }
    }),
    { numRuns: 3000 },
  );
});
