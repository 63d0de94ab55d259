import assert from "node:assert/strict";
import { sizeOf } from "../../../engine/mod.ts";
import { bertConfig } from "../../../models/bert/config.ts";
import type { BertHead } from "../../../models/bert/head.ts";
import { bertShapes, isBertPrunable } from "../../../models/bert/names.ts";

const base = bertConfig({ model_type: "bert" }, "bert-base");
const heads: readonly BertHead[] = ["classification", "regression", "span", "none"];

function count(shapes: Readonly<Record<string, readonly number[]>>, counts: (name: string) => boolean): number {
  return Object.entries(shapes).filter(([name]) => counts(name)).reduce((sum, [, shape]) => sum + sizeOf({ shape }), 0);
}

Deno.test("isBertPrunable() takes the 85,524,480 weights of BERT-base's encoder layers and pooler", () => {
  for (const head of heads) {
    const shapes = bertShapes(base, head);
    const layers = 12 * (4 * 768 * 768 + 2 * 768 * 3072);
    assert.equal(layers, 84_934_656);
    assert.equal(count(shapes, isBertPrunable), head === "span" ? layers : 85_524_480, head);
    const names = Object.keys(shapes).filter(isBertPrunable);
    assert.equal(names.length, 12 * 6 + (head === "span" ? 0 : 1));
    assert.ok(names.every((name) => !/embeddings|LayerNorm|bias|classifier|qa_outputs/.test(name)));
  }
  assert.ok(!isBertPrunable("cls.predictions.transform.dense.weight"));
  assert.ok(!isBertPrunable("vit.encoder.layer.0.output.dense.weight"));
  assert.ok(!isBertPrunable("bert.encoder.layer.0.output.dense.weight.mask"));
});

Deno.test("bertShapes() of BERT-base has the published numbers of parameters", () => {
  const all = () => true;
  // BertModel of bert-base-uncased has 109,482,240 parameters.
  assert.equal(count(bertShapes(base, "none"), all), 109_482_240);
  assert.equal(count(bertShapes(base, "classification"), all), 109_482_240 + 2 * 769);
  assert.equal(count(bertShapes({ ...base, num_labels: 3 }, "classification"), all), 109_482_240 + 3 * 769);
  assert.equal(count(bertShapes({ ...base, num_labels: 3 }, "regression"), all), 109_482_240 + 769);
  assert.equal(count(bertShapes(base, "span"), all), 109_482_240 - 768 * 769 + 2 * 769);
});
