/** Where tensors are, by the names that the models have. */

import assert from "node:assert/strict";
import { bertConfig } from "../../../models/bert/config.ts";
import { bertShapes, isBertPrunable } from "../../../models/bert/names.ts";
import { clipConfig } from "../../../models/clip/config.ts";
import { clipShapes, isClipPrunable } from "../../../models/clip/names.ts";
import { isViTPrunable, viTConfig, viTShapes } from "../../../models/vit/config.ts";
import { layerNames, type Place, placeOf } from "../../../seven/cli/report/layers.ts";

const sizes = { hidden_size: 8, num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: 12 };
const vit = { ...sizes, model_type: "vit", image_size: 16, patch_size: 8, num_channels: 1, num_labels: 10 };
const bert = { ...sizes, model_type: "bert", vocab_size: 20, max_position_embeddings: 16 };

function placesOf(names: readonly string[]): Place[] {
  return names.flatMap((name) => {
    const place = placeOf(name);
    return place?.matrix ? [place] : [];
  });
}

const six = ["q", "k", "v", "o", "ffn in", "ffn out"];

Deno.test("placeOf() finds all prunable matrices of BERT, and no other parameter", () => {
  const names = Object.keys(bertShapes(bertConfig(bert, "bert"), "classification"));
  const pooler = "bert.pooler.dense.weight";
  assert.deepEqual(
    names.filter((name) => placeOf(name)?.matrix !== undefined),
    names.filter((name) => isBertPrunable(name) && name !== pooler),
  );
  const places = placesOf(names);
  assert.deepEqual(places.filter(({ layer }) => layer === 1).map(({ matrix }) => matrix), six);
  assert.deepEqual([...new Set(places.map(layerNames(places)))], ["layer 0", "layer 1"]);
});

Deno.test("placeOf() finds all prunable matrices of ViT, and no other parameter", () => {
  const names = Object.keys(viTShapes(viTConfig(vit, "vit")));
  assert.deepEqual(names.filter((name) => placeOf(name)?.matrix !== undefined), names.filter(isViTPrunable));
  assert.deepEqual(new Set(placesOf(names).map(({ matrix }) => matrix)), new Set(six));
});

Deno.test("placeOf() finds all prunable matrices of CLIP, and tells its towers apart", () => {
  const config = clipConfig({
    model_type: "clip",
    projection_dim: 8,
    text_config: { ...sizes, vocab_size: 20, max_position_embeddings: 16 },
    vision_config: { ...sizes, image_size: 16, patch_size: 8 },
  }, "clip");
  const names = Object.keys(clipShapes(config));
  assert.deepEqual(names.filter((name) => placeOf(name)?.matrix !== undefined), names.filter(isClipPrunable));
  const places = placesOf(names);
  assert.deepEqual([...new Set(places.map(layerNames(places)))], ["text 0", "text 1", "vision 0", "vision 1"]);
});

Deno.test("placeOf() knows names of other families", () => {
  assert.deepEqual(placeOf("model.layers.31.mlp.gate_proj.weight"), { stack: "model", layer: 31, matrix: "ffn gate" });
  assert.deepEqual(placeOf("blocks.3.attn.qkv.weight"), { stack: "", layer: 3, matrix: "qkv" });
  assert.deepEqual(placeOf("blocks.3.attn.proj.weight"), { stack: "", layer: 3, matrix: "o" });
});

Deno.test("placeOf() gives no matrix for what it does not know, and no place outside layers", () => {
  assert.deepEqual(placeOf("encoder.layer.4.router.weight"), { stack: "encoder", layer: 4 });
  assert.deepEqual(placeOf("encoder.layer.4.attention.self.query.bias"), { stack: "encoder", layer: 4 });
  assert.equal(placeOf("classifier.weight"), undefined);
  assert.equal(placeOf("player.3.query.weight"), undefined);
  assert.equal(placeOf(""), undefined);
});
