import assert from "node:assert/strict";
import { type HostTensor, hostTensor, literal, openDevice, type Tensor } from "../../engine/mod.ts";
import { bertConfig } from "../../models/bert_config.ts";
import { initBert } from "../../models/bert_init.ts";
import { bertShapes } from "../../models/bert_names.ts";
import { CheckpointError } from "../../models/checkpoint.ts";
import { families, familyOf, networkOf } from "../../models/families.ts";
import type { Network } from "../../models/network.ts";
import { initViT } from "../../models/vit_init.ts";
import { viTConfig, viTShapes } from "../../models/vit_config.ts";
import { assertClose, assertSame } from "../support/assert_close.ts";
import { uniformArray } from "../support/values.ts";

type Json = Readonly<Record<string, unknown>>;
type Named = Readonly<Record<string, HostTensor>>;

const bert: Json = {
  architectures: ["BertForSequenceClassification"],
  model_type: "bert",
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 12,
  vocab_size: 20,
  max_position_embeddings: 6,
  initializer_range: 0.5,
  extra: "kept",
};
const vit: Json = {
  architectures: ["ViTForImageClassification"],
  model_type: "vit",
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 12,
  image_size: 8,
  patch_size: 4,
  num_channels: 1,
  initializer_range: 0.5,
  extra: "kept",
};
const named = (labels: readonly string[]): Json => ({ id2label: Object.fromEntries(labels.entries()) });
const checkpoint = (config: Json, params: Named = {}) => ({ name: "c", config, params });

/** A trained classifier: every parameter is random, biases too. */
function trained(config: Json, head: "classification" | "regression" = "classification") {
  const shapes = config.model_type === "bert"
    ? bertShapes(bertConfig(config, "c"), head)
    : viTShapes(viTConfig(config, "c"));
  const params = Object.entries(shapes).map(([name, shape], seed): [string, HostTensor] => {
    const size = shape.reduce((a, b) => a * b, 1);
    return [name, hostTensor(Float32Array.from(uniformArray(size, seed + 1, -0.5, 0.5)), shape)];
  });
  return checkpoint(config, Object.fromEntries(params));
}

const ids = Uint32Array.of(2, 7, 9, 3, 0, 0, 2, 11, 3, 14, 19, 3);
const mask = Uint32Array.of(1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1);
const typeIds = Uint32Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1);
const images = Float32Array.from(uniformArray(2 * 64, 5, -1, 1));

/** Outputs of a model on two texts or pictures, with its own parameters. */
async function run(network: Network): Promise<Record<string, HostTensor>> {
  using device = await openDevice("cpu");
  return await device.read(() => {
    const params = Object.fromEntries(
      Object.entries(network.params).map(([name, { data, shape }]): [string, Tensor] => [
        name,
        literal(data as Float32Array, shape),
      ]),
    );
    const batch: Record<string, Tensor> = network.modality === "text"
      ? { ids: literal(ids, [2, 6]), mask: literal(mask, [2, 6]), typeIds: literal(typeIds, [2, 6]) }
      : { images: literal(images, [2, 1, 8, 8]) };
    return network.outputs(params, batch) as Record<string, Tensor>;
  }) as unknown as Record<string, HostTensor>;
}
const logitsOf = async (network: Network): Promise<number[]> => Array.from((await run(network)).logits!.data);

Deno.test("familyOf() finds every model_type, and names those that there are", () => {
  for (const family of families) {
    for (const model_type of family.modelTypes) assert.equal(familyOf({ model_type }, "c"), family);
  }
  const known = families.flatMap(({ modelTypes }) => modelTypes).join(", ");
  assert.throws(
    () => familyOf({ model_type: "gpt2" }, "c"),
    new CheckpointError(`c: model_type "gpt2" is not known; there are ${known}`),
  );
  assert.throws(
    () => familyOf({}, "c"),
    /^CheckpointError: c: config.json names no model_type; add the one that it is/,
  );
});

Deno.test("networkOf() refuses a head that the model has not", async () => {
  await assert.rejects(
    networkOf(checkpoint(vit), { head: "span", labels: [], seed: 1 }),
    /^CheckpointError: c: a model of type vit has no head for span, only for classification; use another task or model$/,
  );
  await assert.rejects(networkOf(checkpoint(vit), { head: "regression", labels: [], seed: 1 }), CheckpointError);
  await assert.rejects(
    networkOf(checkpoint({ ...bert, hidden_size: 7 }), { head: "span", labels: [], seed: 1 }),
    /^CheckpointError: c\/config.json: hidden_size 7 is no multiple/,
  );
});

Deno.test("networkOf() makes a fresh BERT for each head", async () => {
  const outputs = {
    classification: { logits: [2, 3] },
    regression: { logits: [2, 1] },
    span: { start: [2, 6], end: [2, 6] },
  };
  for (const [head, expected] of Object.entries(outputs)) {
    const request = { head, labels: head === "classification" ? ["a", "b", "c"] : [], seed: 4 } as const;
    const network = await networkOf(checkpoint(bert), request as never);
    const config = bertConfig(network.config, "saved");
    assert.deepEqual(
      Object.fromEntries(Object.entries(network.params).map(([name, { shape }]) => [name, shape])),
      bertShapes(config, head as "span"),
      "the saved config.json is that of the parameters",
    );
    assert.deepEqual(network.fresh, Object.keys(network.params));
    assert.deepEqual([network.modelType, network.modality, network.head, network.notes], ["bert", "text", head, []]);
    assert.deepEqual([network.maxTokens, network.vocabulary, network.config.extra], [6, 20, "kept"]);
    const found = await run(network);
    assert.deepEqual(Object.fromEntries(Object.entries(found).map(([name, { shape }]) => [name, shape])), expected);
    const again = await networkOf(checkpoint(bert), request as never);
    assert.deepEqual(again.params, network.params, "a seed is one model");
  }
  const { config } = await networkOf(checkpoint(bert), { head: "classification", labels: ["no", "yes"], seed: 1 });
  assert.deepEqual([config.id2label, config.label2id], [{ 0: "no", 1: "yes" }, { no: 0, yes: 1 }]);
  const number = await networkOf(checkpoint(bert), { head: "regression", labels: [], seed: 1 });
  assert.deepEqual([number.config.problem_type, number.config.id2label], ["regression", { 0: "LABEL_0" }]);
  const span = await networkOf(checkpoint(bert), { head: "span", labels: [], seed: 1 });
  assert.deepEqual(span.config.architectures, ["BertForQuestionAnswering"]);
});

Deno.test("networkOf() leaves a checkpoint of this very class as it is", async () => {
  for (const config of [{ ...bert, ...named(["No", "YES"]) }, { ...vit, ...named(["No", "YES"]) }]) {
    const given = trained(config);
    const network = await networkOf(given, { head: "classification", labels: ["no", "yes"], seed: 1 });
    assert.equal(network.config, config);
    assert.deepEqual([network.notes, network.fresh], [[], []]);
    for (const [name, { data }] of Object.entries(given.params)) {
      assert.equal(network.params[name]!.data, data, "no copy");
    }
  }
  const config = { ...bert, ...named(["LABEL_0"]), problem_type: "regression" };
  const network = await networkOf(trained(config, "regression"), { head: "regression", labels: [], seed: 1 });
  assert.equal(network.config, config);
  assert.deepEqual([network.notes, network.fresh], [[], []]);
});

Deno.test("networkOf() puts classes in the task's order, and logits follow", async () => {
  const labels = ["entailment", "neutral", "contradiction"];
  const orders = [["contradiction", "entailment", "neutral"], ["CONTRADICTION", "Neutral", "entailment"]];
  for (
    const config of [bert, vit, {
      ...vit,
      model_type: "deit",
      architectures: ["DeiTForImageClassificationWithTeacher"],
    }]
  ) {
    for (const own of orders) {
      const given = trained({ ...config, ...named(own) });
      const asIs = await logitsOf(await networkOf(given, { head: "classification", labels: own, seed: 1 }));
      const network = await networkOf(given, { head: "classification", labels, seed: 1 });
      const found = await logitsOf(network);
      const row = labels.map((label) => own.findIndex((name) => name.toLowerCase() === label));
      assertClose(found, [0, 1].flatMap((text) => row.map((i) => asIs[text * 3 + i]!)), { rtol: 1e-6, atol: 1e-6 });
      assert.ok(Math.abs(asIs[0]! - asIs[1]!) > 1e-3, "classes differ");
      assert.deepEqual(network.config.id2label, { 0: labels[0], 1: labels[1], 2: labels[2] });
      assert.deepEqual(network.notes, [
        `c: its classes are ${own.join(", ")}; they are put in the task's order, ${labels.join(", ")}`,
      ]);
      assert.deepEqual(network.fresh, []);
      // What is saved is read as the same model, with nothing more to say.
      const saved = { name: "saved", config: network.config, params: network.params };
      const again = await networkOf(saved, { head: "classification", labels, seed: 1 });
      assert.deepEqual([again.notes, await logitsOf(again)], [[], found]);
    }
  }
});

Deno.test("networkOf() says so where it cannot tell which class is which", async () => {
  const labels = ["entailment", "neutral", "contradiction"];
  const notes = async (names: readonly string[] | undefined): Promise<readonly string[]> => {
    const config = names ? { ...bert, ...named(names) } : { ...bert, num_labels: 3 };
    const given = trained(config);
    const network = await networkOf(given, { head: "classification", labels, seed: 1 });
    assert.equal(network.params["classifier.weight"]!.data, given.params["classifier.weight"]!.data);
    return network.notes;
  };
  const nameless = [
    "c: its classes have no names; they are taken for entailment, neutral, contradiction, in this order",
  ];
  assert.deepEqual(await notes(undefined), nameless);
  assert.deepEqual(await notes(["LABEL_0", "LABEL_1", "LABEL_2"]), nameless);
  assert.deepEqual(await notes(["bad", "so so", "good"]), [
    "c: its classes bad, so so, good are taken for entailment, neutral, contradiction, in this order",
  ]);
  const numbers = await networkOf(trained(bert), { head: "classification", labels: ["0", "1"], seed: 1 });
  assert.deepEqual(numbers.notes, []);
});

Deno.test("networkOf() draws a classifier for another number of classes, the rest stays", async () => {
  const labels = ["a", "b", "c", "d"];
  for (const config of [{ ...bert, ...named(["x", "y"]) }, { ...vit, ...named(["x", "y"]) }]) {
    const given = trained(config);
    const network = await networkOf(given, { head: "classification", labels, seed: 3 });
    assert.deepEqual(network.fresh, ["classifier.weight", "classifier.bias"]);
    assert.deepEqual(network.params["classifier.weight"]!.shape, [4, 8]);
    for (const [name, { data }] of Object.entries(given.params)) {
      if (!network.fresh.includes(name)) assertSame(network.params[name]!.data, data, name);
    }
    assert.equal(network.notes.length, 1);
    assert.match(
      network.notes[0]!,
      /^c: classifier is new, drawn from seed 3: the checkpoint's is for 2 labels, not for 4$/,
    );
    assert.deepEqual(network.config.id2label, { 0: "a", 1: "b", 2: "c", 3: "d" });
    assert.equal(network.config.extra, "kept");
    assert.deepEqual((await run(network)).logits!.shape, [2, 4]);
  }
});

Deno.test("networkOf() makes a classifier of a bare encoder, whose config.json names classes that nobody trained", async () => {
  const encoder = { ...bert, architectures: ["BertModel"], ...named(["x", "y"]) };
  const params = await initBert(bertConfig(encoder, "c"), "none", 1);
  const network = await networkOf(checkpoint(encoder, params), { head: "classification", labels: ["y", "x"], seed: 2 });
  assert.deepEqual(network.fresh, ["classifier.weight", "classifier.bias"]);
  assert.ok(network.notes.every((note) => !note.includes("classes")), network.notes.join("\n"));
  assert.deepEqual(network.config.architectures, ["BertForSequenceClassification"]);
  assert.deepEqual(network.config.id2label, { 0: "y", 1: "x" });

  const pictures = { ...vit, architectures: ["ViTModel"] };
  const whole = await initViT(viTConfig(pictures, "c"), 1);
  const bare = Object.fromEntries(
    Object.entries(whole).filter(([name]) => !name.startsWith("classifier")).map(([name, x]) => [name.slice(4), x]),
  );
  const made = await networkOf(checkpoint(pictures, bare), { head: "classification", labels: ["y", "x"], seed: 2 });
  assert.deepEqual(made.fresh, ["classifier.weight", "classifier.bias"]);
  assert.ok(made.notes.every((note) => !note.includes("classes")), made.notes.join("\n"));
  assert.deepEqual([made.config.architectures, made.config.id2label], [
    ["ViTForImageClassification"],
    { 0: "y", 1: "x" },
  ]);
});

Deno.test("networkOf() makes a ViT for larger pictures", async () => {
  const given = trained({ ...vit, ...named(["a", "b"]) });
  const request = { head: "classification", labels: ["a", "b"], seed: 1 } as const;
  assert.deepEqual((await networkOf(given, request)).image, [1, 8, 8]);
  const network = await networkOf(given, { ...request, imageSize: 16 });
  assert.deepEqual([network.image, network.config.image_size], [[1, 16, 16], 16]);
  assert.match(network.notes.join(), /positions of 2 x 2 patches are stretched to 4 x 4/);
  const saved = { name: "saved", config: network.config, params: network.params };
  assert.deepEqual((await networkOf(saved, request)).notes, []);
  await assert.rejects(networkOf(given, { ...request, imageSize: 10 }), CheckpointError);
});

Deno.test("Network.groups cover every prunable matrix of the layers, each row and column of theirs once", async () => {
  for (const config of [bert, vit]) {
    const network = await networkOf(trained(config), { head: "classification", labels: ["0", "1"], seed: 1 });
    const prunable = Object.keys(network.params).filter(network.isPrunable);
    assert.ok(prunable.every((name) => name.endsWith(".weight") && !/embeddings|orm|classifier/.test(name)));
    const { head, neuron } = network.groups;
    assert.deepEqual([Object.keys(head).length, Object.keys(neuron).length], [2, 2]);
    const seen: string[] = [];
    for (const { count, parts } of [...Object.values(head), ...Object.values(neuron)]) {
      for (const { tensor, axis, start = 0, size } of parts) {
        seen.push(tensor);
        assert.deepEqual([start, count * size], [0, network.params[tensor]!.shape[axis]], tensor);
      }
    }
    assert.deepEqual(seen.sort(), prunable.filter((name) => name.includes(".layer.")).sort());
  }
});
