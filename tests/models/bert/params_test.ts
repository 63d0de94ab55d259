import assert from "node:assert/strict";
import fc from "fast-check";
import { type HostTensor, hostTensor } from "../../../engine/mod.ts";
import { bertConfig, bertWithLabels } from "../../../models/bert/config.ts";
import { initBert } from "../../../models/bert/init.ts";
import type { BertHead } from "../../../models/bert/head.ts";
import { bertShapes } from "../../../models/bert/names.ts";
import { bertParams } from "../../../models/bert/params.ts";
import { CheckpointError } from "../../../models/checkpoint.ts";

const config = bertConfig({
  model_type: "bert",
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 12,
  vocab_size: 10,
  max_position_embeddings: 6,
}, "tiny");
type Named = Record<string, HostTensor>;

const without = (params: Named, pattern: RegExp): Named =>
  Object.fromEntries(Object.entries(params).filter(([name]) => !pattern.test(name)));
const zeros = (...shape: number[]): HostTensor => hostTensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
/** Names as the first checkpoints have them. */
const aged = (name: string): string =>
  name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta");

Deno.test("bertParams() of a checkpoint of the very class changes nothing and says nothing", async () => {
  for (const head of ["classification", "regression", "span", "none"] as const) {
    const params = await initBert(config, head, 1);
    const loaded = await bertParams(params, config, head, "c");
    assert.deepEqual(loaded, { params, fresh: [], renamed: {}, notes: [] });
    assert.ok(Object.keys(params).every((name) => loaded.params[name]!.data === params[name]!.data), "no copies");
  }
});

Deno.test("bertParams() reads the checkpoint of pre-training as bert-base-uncased has it", async () => {
  const model = await initBert(config, "classification", 1);
  const params: Named = {
    ...Object.fromEntries(Object.entries(without(model, /^classifier/)).map(([name, x]) => [aged(name), x])),
    "bert.embeddings.position_ids": hostTensor(Int32Array.of(0, 1, 2, 3, 4, 5), [1, 6]),
    "cls.predictions.bias": zeros(10),
    "cls.predictions.transform.LayerNorm.gamma": zeros(8),
    "cls.predictions.transform.dense.weight": zeros(8, 8),
    "cls.seq_relationship.weight": zeros(2, 8),
  };
  const wanted = bertWithLabels(config, 3);
  const loaded = await bertParams(params, wanted, "classification", "c", 5);
  const fresh = await initBert(wanted, "classification", 5);
  assert.deepEqual(loaded.fresh, ["classifier.weight", "classifier.bias"]);
  assert.deepEqual(loaded.params, {
    ...model,
    "classifier.weight": fresh["classifier.weight"],
    "classifier.bias": fresh["classifier.bias"],
  });
  assert.equal(loaded.renamed["bert.embeddings.LayerNorm.weight"], "bert.embeddings.LayerNorm.gamma");
  assert.equal(Object.keys(loaded.renamed).length, 10);
  assert.deepEqual(loaded.notes, [
    "c: classifier is new, drawn from seed 5: the checkpoint has none",
    "c: gamma and beta of norms are called weight and bias now (10 names)",
    "c: 5 tensors left out, not used here: bert.embeddings.position_ids, cls.predictions.bias, " +
    "cls.predictions.transform.LayerNorm.gamma, and 2 more",
  ]);
});

Deno.test("bertParams() turns the parameters of one class into those of another", async () => {
  const bare = await initBert(config, "none", 1);
  const span = await bertParams(bare, config, "span", "c", 2);
  assert.deepEqual(Object.keys(span.params), Object.keys(bertShapes(config, "span")));
  assert.deepEqual(span.notes, [
    "c: qa_outputs is new, drawn from seed 2: the checkpoint has none",
    "c: the prefix bert. is added (37 names)",
    "c: 2 tensors left out, not used here: pooler.dense.weight, pooler.dense.bias",
  ]);
  const back = await bertParams(span.params, config, "none", "c", 3);
  assert.deepEqual(back.notes, [
    "c: pooler.dense is new, drawn from seed 3: the checkpoint has none",
    "c: the prefix bert. is taken off (37 names)",
    "c: 2 tensors left out, not used here: qa_outputs.weight, qa_outputs.bias",
  ]);
  assert.deepEqual(without(back.params, /pooler/), without(bare, /pooler/));
  assert.deepEqual(back.fresh, ["pooler.dense.weight", "pooler.dense.bias"]);
});

Deno.test("bertParams() draws a classifier for another number of labels", async () => {
  const two = await initBert(config, "classification", 1);
  const three = await bertParams(two, bertWithLabels(config, 3), "classification", "c", 4);
  assert.deepEqual(three.notes, [
    "c: classifier is new, drawn from seed 4: the checkpoint's is for 2 labels, not for 3",
  ]);
  assert.deepEqual(three.params["classifier.weight"]!.shape, [3, 8]);
  const number = await bertParams(three.params, config, "regression", "c");
  assert.deepEqual(number.notes, [
    "c: classifier is new, drawn from seed 0: the checkpoint's is for 3 labels, not for 1",
  ]);
  await assert.rejects(bertParams(two, bertWithLabels(config, 3), "classification", "c", -1), RangeError);
});

Deno.test("bertParams() finds the same parameters under all ways to write their names", async () => {
  const model = await initBert(config, "classification", 1);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ old: fc.boolean(), bare: fc.boolean() }), { minLength: 41, maxLength: 41 }),
      fc.shuffledSubarray(Object.keys(model), { minLength: 41 }),
      async (ways, order) => {
        const params: Named = {};
        order.forEach((name, i) => {
          const { old, bare } = ways[i]!;
          const written = bare ? name.replace(/^bert\./, "") : name;
          params[old ? aged(written) : written] = model[name]!;
        });
        const loaded = await bertParams(params, config, "classification", "c");
        assert.deepEqual(Object.keys(loaded.params), order);
        for (const name of Object.keys(model)) {
          assert.equal(loaded.params[name], model[name]);
          assert.equal(loaded.params[name], params[loaded.renamed[name] ?? name]);
        }
      },
    ),
    { numRuns: 50, seed: 1 },
  );
});

Deno.test("bertParams() refuses what is missing, doubled, foreign or of another shape", async () => {
  const model = await initBert(config, "classification", 1);
  const query = "bert.encoder.layer.1.attention.self.query.weight";
  const cases: readonly (readonly [params: Named, message: string, head?: BertHead])[] = [
    [without(model, /layer\.1\.attention\.self\.query\.weight/), `1 missing: ${query}`],
    [{ ...model, [query]: zeros(8, 9) }, `${query} is f32[8,9], expected f32[8,8]`],
    [{ ...model, "bert.adapter.weight": zeros(1) }, "1 surplus: bert.adapter.weight"],
    [
      { ...model, "bert.encoder.layer.2.output.dense.weight": zeros(8, 12) },
      "1 surplus: bert.encoder.layer.2.output.dense.weight",
    ],
    [
      { ...model, "embeddings.LayerNorm.beta": zeros(8) },
      "bert.embeddings.LayerNorm.bias and embeddings.LayerNorm.beta are the same parameter; take one of them out",
    ],
    // Half a head is damage, not a checkpoint without one.
    [without(model, /classifier\.bias/), "1 missing: classifier.bias"],
    [{ ...model, "classifier.weight": zeros(3, 9), "classifier.bias": zeros(3) }, "classifier.weight is f32[3,9]"],
    [{ ...model, "classifier.weight": zeros(3, 8) }, "classifier.weight is f32[3,8], expected f32[2,8]"],
    [
      { ...without(model, /classifier/), "qa_outputs.weight": zeros(3, 8), "qa_outputs.bias": zeros(3) },
      "qa_outputs.weight is f32[3,8], expected f32[2,8]",
      "span",
    ],
    [{ "vit.layernorm.weight": zeros(8) }, "this looks like a checkpoint of another model"],
  ];
  for (const [params, message, head = "classification"] of cases) {
    await assert.rejects(bertParams(params, config, head, "c"), (error: Error) => {
      assert.ok(error instanceof CheckpointError, String(error));
      assert.ok(error.message.startsWith("c: ") && error.message.includes(message), error.message);
      return true;
    });
  }
});
