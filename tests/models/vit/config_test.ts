import assert from "node:assert/strict";
import fc from "fast-check";
import { CheckpointError } from "../../../models/checkpoint.ts";
import { isViTPrunable, viTConfig, viTHeads, viTShapes, viTSpecialTokens } from "../../../models/vit/config.ts";

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
      hidden_dropout_prob: 0,
      attention_probs_dropout_prob: 0,
      layer_norm_eps: 1e-12,
      initializer_range: 0.02,
      image_size: 224,
      patch_size: 16,
      num_channels: 3,
      num_labels: 3,
      distilled: false,
    },
  );
  assert.equal(viTConfig(least, "config").num_labels, 2);
  assert.equal(viTConfig({ ...least, id2label: null }, "config").num_labels, 2);
  assert.equal(viTConfig({ ...least, id2label: { 0: "a", 1: "b", 2: "c" }, num_labels: 4 }, "config").num_labels, 4);
  assert.equal(viTConfig({ ...least, num_attention_heads: 5, head_dim: 7 }, "config").head_dim, 7);
});

Deno.test("viTConfig() names every fault in one line", () => {
  const cases: readonly (readonly [json: unknown, message: string])[] = [
    [null, 'c: config.json names no model_type, expected "vit"; add it if this is such a checkpoint'],
    [{ model_type: "bert" }, 'c: this is a checkpoint of another model: model_type is "bert", expected "vit"'],
    [{ ...least, num_attention_heads: 5 }, "c: hidden_size 12 is no multiple of num_attention_heads 5; give head_dim"],
    [{ ...least, patch_size: 15 }, "c: image_size 224 is no multiple of patch_size 15"],
    [{ ...least, hidden_dropout_prob: 1 }, "c: Too big: expected number to be <1 → at hidden_dropout_prob"],
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

Deno.test("viTConfig() of DeiT: two tokens, and with a teacher two heads", () => {
  const deit = { ...least, model_type: "deit", image_size: 32 };
  const plain = viTConfig({ ...deit, architectures: ["DeiTForImageClassification"] }, "config");
  const taught = viTConfig({ ...deit, architectures: ["DeiTForImageClassificationWithTeacher"] }, "config");
  assert.deepEqual([plain, taught, viTConfig(least, "config")].map(viTSpecialTokens), [2, 2, 1]);
  assert.deepEqual(viTHeads(plain), ["classifier"]);
  assert.deepEqual(viTHeads(taught), ["cls_classifier", "distillation_classifier"]);
  const shapes = viTShapes(taught);
  assert.deepEqual(shapes["deit.embeddings.distillation_token"], [1, 1, 12]);
  assert.deepEqual(shapes["deit.embeddings.position_embeddings"], [1, 6, 12]);
  assert.deepEqual(shapes["distillation_classifier.weight"], [2, 12]);
  assert.equal(shapes["classifier.weight"], undefined);
  // A ViT stays one, whatever its file says of architectures.
  assert.equal(viTConfig({ ...least, architectures: ["DeiTForImageClassificationWithTeacher"] }, "c").distilled, false);
});

Deno.test("isViTPrunable() takes the six matrices of each encoder layer and nothing else", () => {
  for (const model_type of ["vit", "deit"]) {
    const names = Object.keys(viTShapes(viTConfig({ ...least, model_type }, "config"))).filter(isViTPrunable);
    assert.deepEqual(
      names,
      [
        "attention.attention.query",
        "attention.attention.key",
        "attention.attention.value",
        "attention.output.dense",
        "intermediate.dense",
        "output.dense",
      ].map((part) => `${model_type}.encoder.layer.0.${part}.weight`),
    );
  }
});

Deno.test("viTConfig() never raises anything but CheckpointError", () => {
  const keys = [...Object.keys(viTConfig(least, "config")), "architectures", "id2label", "__proto__"];
  const value = fc.oneof(fc.jsonValue(), fc.integer(), fc.double(), fc.constantFrom("gelu", "deit", "toString", null));
  const changed = fc.dictionary(fc.constantFrom(...keys), value).map((change) => ({ ...least, ...change }));
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), changed), (json) => {
      try {
        const { num_labels, head_dim } = viTConfig(json, "config");
        assert.ok(Number.isInteger(num_labels) && num_labels > 0 && Number.isInteger(head_dim));
      } catch (error) {
        assert.ok(error instanceof CheckpointError, String(error));
        assert.ok(!error.message.includes("\n"), error.message);
      }
    }),
    { numRuns: 2000 },
  );
});
