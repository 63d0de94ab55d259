import assert from "node:assert/strict";
import { bertConfig } from "../../models/bert/config.ts";
import { initBert } from "../../models/bert/init.ts";
import { bertShapes } from "../../models/bert/names.ts";
import { CheckpointError } from "../../models/checkpoint.ts";
import { families, familyOf, networkOf } from "../../models/families.ts";
import { initViT } from "../../models/vit/init.ts";
import { viTConfig } from "../../models/vit/config.ts";
import { assertSame } from "../support/assert_close.ts";
import { bert, checkpoint, clip, named, run, trained, vit } from "./families/support.ts";

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
  for (const model of [bert, vit, clip]) {
    const config = { ...model, ...named(["No", "YES"]) };
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

Deno.test("networkOf() draws a classifier for another number of classes, the rest stays", async () => {
  const labels = ["a", "b", "c", "d"];
  for (const model of [bert, vit, clip]) {
    const given = trained({ ...model, ...named(["x", "y"]) });
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
  for (const config of [bert, vit, clip]) {
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
    assert.deepEqual(seen.sort(), prunable.filter((name) => /\.layers?\./.test(name)).sort());
  }
});
