/** Layers of different sizes in `config.json`: read, checked, and made into shapes. */
import assert from "node:assert/strict";
import { bertConfig, bertConfigJson } from "../../models/bert/config.ts";
import { bertShapes } from "../../models/bert/names.ts";
import { headsOf, neuronsOf } from "../../models/layer_sizes.ts";

const json = {
  model_type: "bert",
  hidden_size: 16,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  intermediate_size: 10,
};

Deno.test("bertConfig() reads heads and widths of single layers, and bertConfigJson() writes them again", () => {
  const sized = { ...json, pruned_heads: { "0": [1, 3], "1": [] }, intermediate_sizes: [10, 4, 7] };
  const config = bertConfig(sized, "f");
  assert.deepEqual(config.pruned_heads, { "0": [1, 3] });
  assert.deepEqual([0, 1, 2].map((i) => headsOf(config, i)), [2, 4, 4]);
  assert.deepEqual([0, 1, 2].map((i) => neuronsOf(config, i)), [10, 4, 7]);
  const shapes = bertShapes(config, "span");
  const shape = (name: string) => shapes[`bert.encoder.layer.${name}`];
  assert.deepEqual(shape("0.attention.self.value.weight"), [8, 16]);
  assert.deepEqual(shape("0.attention.self.query.bias"), [8]);
  assert.deepEqual(shape("0.attention.output.dense.weight"), [16, 8]);
  assert.deepEqual(shape("1.attention.output.dense.weight"), [16, 16]);
  assert.deepEqual(shape("1.intermediate.dense.weight"), [4, 16]);
  assert.deepEqual(shape("2.output.dense.weight"), [16, 7]);
  assert.deepEqual(bertConfig(bertConfigJson(config, "span", sized), "f"), { ...config, num_labels: 2 });
});

Deno.test("bertConfig() of an ordinary model has no sizes of single layers, also where transformers 4 wrote that it has none", () => {
  const config = bertConfig(json, "f");
  assert.ok(!("pruned_heads" in config) && !("intermediate_sizes" in config));
  assert.deepEqual(bertConfig({ ...json, pruned_heads: {} }, "f"), config);
  assert.deepEqual(bertConfig({ ...json, pruned_heads: null, intermediate_sizes: null }, "f"), config);
});

Deno.test("bertConfig() refuses layers and heads that there are not, and too few sizes", () => {
  const refuses = (changed: Record<string, unknown>, message: RegExp) =>
    assert.throws(() => bertConfig({ ...json, ...changed }, "f"), { name: "CheckpointError", message });
  refuses({ pruned_heads: { "3": [0] } }, /^f: pruned_heads has "3", which is no layer of 0 to 2; correct it$/);
  refuses({ pruned_heads: { "01": [0] } }, /^f: pruned_heads has "01"/);
  refuses({ pruned_heads: { "1": [4] } }, /^f: pruned_heads of layer 1 has 4, but heads are 0 to 3; correct it$/);
  refuses({ pruned_heads: { "1": [2, 2] } }, /^f: pruned_heads of layer 1 has a head twice/);
  refuses({ pruned_heads: { "1": [0, 1, 2, 3] } }, /^f: pruned_heads of layer 1 has all 4 heads; leave one$/);
  refuses({ pruned_heads: { "1": [-1] } }, /^f: .*pruned_heads/);
  refuses({ intermediate_sizes: [10, 10] }, /^f: intermediate_sizes has 2 sizes for 3 layers; give one for each$/);
  refuses({ intermediate_sizes: [10, 0, 10] }, /^f: .*intermediate_sizes/);
});
