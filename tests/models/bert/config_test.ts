import assert from "node:assert/strict";
import fc from "fast-check";
import { bertConfig, bertConfigJson, bertWithLabels } from "../../../models/bert/config.ts";
import { CheckpointError } from "../../../models/checkpoint.ts";

const base = {
  model_type: "bert",
  hidden_size: 768,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  intermediate_size: 3072,
  hidden_act: "gelu",
  hidden_dropout_prob: 0.1,
  attention_probs_dropout_prob: 0.1,
  vocab_size: 30522,
  max_position_embeddings: 512,
  type_vocab_size: 2,
  layer_norm_eps: 1e-12,
  initializer_range: 0.02,
  pad_token_id: 0,
};

/** The config.json of bert-base-uncased. */
const published = {
  ...base,
  architectures: ["BertForMaskedLM"],
  gradient_checkpointing: false,
  position_embedding_type: "absolute",
  transformers_version: "4.6.0.dev0",
  use_cache: true,
};

Deno.test("bertConfig() reads a published config.json, and fills in the defaults of Hugging Face's BertConfig", () => {
  const read = { ...base, classifier_dropout: null, num_labels: 2, problem_type: null };
  assert.deepEqual(bertConfig(published, "config"), read);
  assert.deepEqual(bertConfig({ model_type: "bert" }, "config"), read);
  assert.deepEqual(bertConfig({ ...base, is_decoder: false, add_cross_attention: false }, "config"), read);
  const id2label = { 0: "entailment", 1: "neutral", 2: "contradiction" };
  const tuned = bertConfig({ ...base, id2label, classifier_dropout: 0.3, pad_token_id: null }, "config");
  assert.deepEqual([tuned.num_labels, tuned.id2label, tuned.classifier_dropout], [3, id2label, 0.3]);
  assert.equal(tuned.pad_token_id, null);
  assert.equal(bertConfig({ ...base, num_labels: 5 }, "config").num_labels, 5);
  assert.equal(bertConfig({ ...base, problem_type: "regression" }, "config").problem_type, "regression");
});

Deno.test("bertConfig() names every fault in one line, and what to do", () => {
  const cases: readonly (readonly [json: unknown, message: string])[] = [
    [null, 'c: config.json names no model_type, expected "bert"; add it if this is such a checkpoint'],
    [{ model_type: "vit" }, 'c: this is a checkpoint of another model: model_type is "vit", expected "bert"'],
    [{ ...base, num_attention_heads: 7 }, "c: hidden_size 768 is no multiple of num_attention_heads 7; correct one"],
    [{ ...base, pad_token_id: 30522 }, "c: pad_token_id 30522 is no token of the 30522 of vocab_size; correct one"],
    [{ ...base, hidden_act: "mish" }, "c: no activation that is known here → at hidden_act"],
    [{ ...base, hidden_dropout_prob: 1 }, "c: Too big: expected number to be <1 → at hidden_dropout_prob"],
    [
      { ...base, position_embedding_type: "relative_key" },
      "c: only absolute positions are known here: use a checkpoint that was trained with position_embedding_type " +
      "absolute → at position_embedding_type",
    ],
    [
      { ...base, is_decoder: true, add_cross_attention: true },
      "c: is_decoder is set, but only encoders are known here: use the checkpoint of an encoder → at is_decoder; " +
      "add_cross_attention is set, but only encoders are known here: use the checkpoint of an encoder " +
      "→ at add_cross_attention",
    ],
    [
      { ...base, id2label: { 0: "a", 1: "b", 2: "c" }, num_labels: 2 },
      "c: num_labels is 2, but id2label names 3; leave out one of them",
    ],
    [
      { ...base, id2label: { 0: "a", 2: "c" } },
      'c: id2label has the keys ["0","2"]; number the labels from 0 on without gaps',
    ],
    [{ ...base, id2label: {} }, "c: id2label has the keys []; number the labels from 0 on without gaps"],
    [
      { ...base, hidden_size: "768", vocab_size: 0 },
      "c: Invalid input: expected number, received string → at hidden_size; " +
      "Too small: expected number to be >0 → at vocab_size",
    ],
  ];
  for (const [json, message] of cases) assert.throws(() => bertConfig(json, "c"), new CheckpointError(message));
});

Deno.test("bertConfig() of anything is a configuration or a CheckpointError of one line", () => {
  const keys = [
    ...Object.keys(published),
    "id2label",
    "num_labels",
    "problem_type",
    "is_decoder",
    "classifier_dropout",
  ];
  const odd = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(0, -1, 0.5, 1e308, 2 ** 53, null, "", "gelu", true, "__proto__"),
    fc.dictionary(fc.constantFrom("0", "1", "2", "__proto__", "x"), fc.oneof(fc.string(), fc.integer())),
  );
  const changed = fc.dictionary(fc.constantFrom(...keys), odd, { maxKeys: 3 })
    .map((changes): unknown => ({ ...published, ...changes }));
  let good = 0, bad = 0;
  fc.assert(
    fc.property(fc.oneof({ weight: 4, arbitrary: changed }, { weight: 1, arbitrary: fc.jsonValue() }), (json) => {
      try {
        const config = bertConfig(json, "c");
        assert.equal(config.hidden_size % config.num_attention_heads, 0);
        assert.ok(Number.isSafeInteger(config.num_labels) && config.num_labels >= 1);
        good++;
      } catch (error) {
        if (!(error instanceof CheckpointError)) throw error;
        assert.ok(error.message.startsWith("c: ") && !error.message.includes("\n"), error.message);
        bad++;
      }
    }),
    { numRuns: 1000, seed: 1 },
  );
  assert.ok(good > 20 && bad > 20, `${good} good, ${bad} bad`);
});

Deno.test("bertWithLabels() and bertConfigJson() write what bertConfig() reads", () => {
  const config = bertConfig(published, "config");
  const three = bertWithLabels(config, ["no", "maybe", "yes"]);
  const json = bertConfigJson(three, "classification", published);
  assert.deepEqual(json.architectures, ["BertForSequenceClassification"]);
  assert.deepEqual(json.id2label, { 0: "no", 1: "maybe", 2: "yes" });
  assert.deepEqual(json.label2id, { no: 0, maybe: 1, yes: 2 });
  assert.deepEqual([json.problem_type, json.use_cache], ["single_label_classification", true]);
  assert.deepEqual(bertConfig(json, "again"), { ...three, problem_type: "single_label_classification" });

  const unnamed = bertWithLabels(three, 4);
  assert.deepEqual(bertConfigJson(unnamed, "classification", json).id2label, {
    0: "LABEL_0",
    1: "LABEL_1",
    2: "LABEL_2",
    3: "LABEL_3",
  });
  const number = bertConfigJson(three, "regression", published);
  assert.deepEqual([number.id2label, number.problem_type], [{ 0: "LABEL_0" }, "regression"]);
  assert.equal(bertConfig(number, "again").num_labels, 1);
  assert.deepEqual(bertConfigJson(three, "span", { ...published, num_labels: 3 }), {
    ...published,
    architectures: ["BertForQuestionAnswering"],
    classifier_dropout: null,
  });
});
