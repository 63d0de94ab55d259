/** What a configuration says of a model's head. */

import assert from "node:assert/strict";
import { headOf } from "../../seven/cli/folder_model.ts";

Deno.test("headOf() reads the head from config.json as transformers does", () => {
  const of = (architecture: string, more: Record<string, unknown> = {}) =>
    headOf({ architectures: [architecture], ...more });
  assert.equal(of("BertForSequenceClassification"), "classification");
  assert.equal(of("BertForSequenceClassification", { id2label: { 0: "LABEL_0" } }), "regression");
  assert.equal(of("BertForSequenceClassification", { num_labels: 1 }), "regression");
  assert.equal(of("BertForSequenceClassification", { problem_type: "regression" }), "regression");
  assert.equal(of("BertForQuestionAnswering"), "span");
  assert.equal(of("ViTForImageClassification", { id2label: { 0: "cat" } }), "classification");
  assert.equal(of("DeiTForImageClassificationWithTeacher"), "classification");
  assert.equal(of("CLIPModel"), "contrastive");
  assert.equal(of("BertForPreTraining"), undefined);
  assert.equal(headOf({}), undefined);
});
