/** Shrinking: logits stay, what goes is exactly what had no effect or a constant one, and files can be read again. */
import assert from "node:assert/strict";
import { Device, type HostTensor, writeSafetensors } from "../../../engine/mod.ts";
import { openCpu } from "../../../engine/device/cpu.ts";
import { loadCheckpoint } from "../../../models/checkpoint.ts";
import { memoryFolder } from "../../../models/folder.ts";
import type { Network } from "../../../models/network.ts";
import { shrink } from "../../../models/shrink/shrink.ts";
import { assertClose } from "../../support/assert_close.ts";
import {
  bertJson,
  clear,
  deiTJson,
  loaded,
  logitsOf,
  prune,
  pruneAtRandom,
  randomNetwork,
  viTJson,
  ways,
} from "./support.ts";

const close = { rtol: 0, atol: 1e-4 };
/** The largest difference of two arrays. */
const apart = (a: Float32Array, b: Float32Array): number => Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));

Deno.test("shrink() of BERTs pruned at random leaves their logits, padding included, and takes out exactly what was pruned", async () => {
  using device = new Device(openCpu());
  let removed = 0;
  for (let seed = 1; seed <= 6; seed++) {
    const network = await randomNetwork(bertJson, seed);
    const pruned = pruneAtRandom(network, seed);
    const before = structuredClone(network.params);
    const shrunk = await shrink(network);
    assert.deepEqual(network.params, before, "the given parameters are not touched");
    for (const [layer, { heads, neurons }] of Object.entries(shrunk.layers)) {
      assert.deepEqual([heads.before, heads.removed], [4, pruned.head[layer]]);
      assert.deepEqual([neurons.before, neurons.removed], [10, pruned.neuron[layer]]);
      removed += heads.removed.length + neurons.removed.length;
      const left = 4 * (4 - heads.removed.length);
      assert.deepEqual(shrunk.params[`${layer}.attention.self.value.weight`]!.shape, [left, 16]);
      assert.deepEqual(shrunk.params[`${layer}.attention.self.key.bias`]!.shape, [left]);
      assert.deepEqual(shrunk.params[`${layer}.attention.output.dense.weight`]!.shape, [16, left]);
      assert.deepEqual(shrunk.params[`${layer}.output.dense.weight`]!.shape, [16, 10 - neurons.removed.length]);
    }
    const after = await loaded(shrunk);
    assert.deepEqual(after.fresh, []);
    assertClose(await logitsOf(device, after), await logitsOf(device, network), close, `logits, seed ${seed}`);
    const sum = Object.values(after.params).reduce((sum, { data }) => sum + data.length, 0);
    assert.deepEqual(shrunk.elements, { before: total(network), after: sum });
    // The groups of the smaller model are those that are left.
    assert.deepEqual(
      Object.values(after.groups.head).map(({ count }) => count),
      Object.values(shrunk.layers).map(({ heads }) => 4 - heads.removed.length),
    );
  }
  assert.ok(removed > 60, `${removed} groups were removed`);
});

function total({ params }: Network): number {
  return Object.values(params).reduce((sum, { data }) => sum + data.length, 0);
}

/** Prunes as many groups in each layer, but others, each in its own way. */
function pruneEvenly(network: Network): void {
  Object.keys(network.groups.head).forEach((layer, i) => {
    for (let n = 0; n < 2; n++) prune(network, network.groups.head[layer]!, (i + n) % 4, ways[(i + n) % 3]!);
    for (let n = 0; n < 5; n++) prune(network, network.groups.neuron[layer]!, (2 * i + n) % 10, ways[(i + n) % 3]!);
  });
}

for (
  const [name, json] of Object.entries({
    ViT: viTJson,
    DeiT: deiTJson,
    "ViT without biases": { ...viTJson, qkv_bias: false },
  })
) {
  Deno.test(`shrink() of a ${name} with equal layers gives an ordinary model of the same logits`, async () => {
    using device = new Device(openCpu());
    const network = await randomNetwork(json, 3);
    pruneEvenly(network);
    const shrunk = await shrink(network);
    assert.equal(shrunk.reader, "transformers");
    const { num_attention_heads, head_dim, intermediate_size } = shrunk.config;
    assert.deepEqual([num_attention_heads, head_dim, intermediate_size], [2, 4, 5]);
    assert.ok(!("pruned_heads" in shrunk.config) && !("intermediate_sizes" in shrunk.config));
    const after = await loaded(shrunk);
    assertClose(await logitsOf(device, after), await logitsOf(device, network), close, "logits");
  });
}

Deno.test("shrink() moves what constant heads and neurons say into the biases behind them", async () => {
  using device = new Device(openCpu());
  for (const kind of ["head", "neuron"] as const) {
    for (const way of ways) {
      const network = await randomNetwork(bertJson, 5);
      const logits = await logitsOf(device, network);
      const [layer, set] = Object.entries(network.groups[kind])[1]!;
      prune(network, set, 2, way);
      const pruned = await logitsOf(device, network);
      assert.ok(apart(logits, pruned) > 1e-3, "the group matters");
      const shrunk = await shrink(network);
      assertClose(await logitsOf(device, await loaded(shrunk)), pruned, close, `${kind}, ${way}`);
      const bias = `${layer}.${kind === "head" ? "attention.output" : "output"}.dense.bias`;
      const unfolded = { ...shrunk, params: { ...shrunk.params, [bias]: network.params[bias]! } };
      const without = apart(await logitsOf(device, await loaded(unfolded)), pruned);
      if (way === "unfed") assert.ok(without > 1e-3, `${kind}: folding matters, ${without}`);
      else assert.equal(shrunk.params[bias], network.params[bias], "nothing is folded where nobody hears");
    }
  }
});

Deno.test("shrink() folds through every activation", async () => {
  using device = new Device(openCpu());
  for (const hidden_act of ["relu", "gelu_new", "quick_gelu", "silu", "tanh"]) {
    const network = await randomNetwork({ ...bertJson, hidden_act, num_hidden_layers: 1 }, 6);
    for (let neuron = 0; neuron < 6; neuron++) {
      prune(network, Object.values(network.groups.neuron)[0]!, neuron, "unfed");
    }
    const after = await loaded(await shrink(network));
    assert.deepEqual(after.config.intermediate_size, 4);
    assertClose(await logitsOf(device, after), await logitsOf(device, network), close, hidden_act);
  }
});

Deno.test("shrink() leaves what has an effect: weights of one element, queries and keys alone, what is not finite", async () => {
  const network = await randomNetwork(bertJson, 7);
  assert.deepEqual(
    Object.values((await shrink(network)).layers).flatMap((
      { heads, neurons },
    ) => [...heads.removed, ...neurons.removed]),
    [],
  );
  const layer = "bert.encoder.layer.0";
  const [head, neuron] = [network.groups.head[layer]!, network.groups.neuron[layer]!];
  clear(network, head.parts[0]!, 0);
  clear(network, head.parts[1]!, 0); // attends evenly, and has values
  for (const group of [1, 2]) for (const part of head.parts) clear(network, part, group);
  network.params[`${layer}.attention.self.query.bias`]!.data[4] = NaN; // of head 1
  for (const group of [3, 4, 5]) for (const part of neuron.parts) clear(network, part, group);
  network.params[neuron.parts[0]!.tensor]!.data[3 * 16 + 15] = 1e-30;
  network.params[neuron.parts[1]!.tensor]!.data[15 * 10 + 3] = 1e-30;
  network.params[neuron.parts[1]!.tensor]!.data[15 * 10 + 4] = Infinity;
  const { layers, params } = await shrink(network);
  assert.deepEqual(layers[layer]!.heads.removed, [2]);
  assert.deepEqual(layers[layer]!.neurons.removed, [5]);
  assert.equal(params["classifier.weight"], network.params["classifier.weight"]);
});

Deno.test("shrink() leaves a layer one head and one neuron", async () => {
  using device = new Device(openCpu());
  const network = await randomNetwork(bertJson, 8);
  for (const kind of ["head", "neuron"] as const) {
    const set = network.groups[kind]["bert.encoder.layer.1"]!;
    for (let group = 0; group < set.count; group++) prune(network, set, group, ways[group % 3]!);
  }
  const shrunk = await shrink(network);
  const { heads, neurons } = shrunk.layers["bert.encoder.layer.1"]!;
  assert.deepEqual([heads.removed, neurons.removed.length], [[0, 1, 2], 9]);
  assertClose(await logitsOf(device, await loaded(shrunk)), await logitsOf(device, network), close, "logits");
});

Deno.test("shrink() says who can read the result, and keeps to the layout that is asked for", async () => {
  using device = new Device(openCpu());
  const network = await randomNetwork(bertJson, 9);
  const groups = [[0, 2], [1, 2, 3], [3]];
  Object.keys(network.groups.head).forEach((layer, i) => {
    for (const head of groups[i]!) prune(network, network.groups.head[layer]!, head, "whole");
    for (let neuron = 0; neuron < 4 + i; neuron++) prune(network, network.groups.neuron[layer]!, neuron, "whole");
  });
  const logits = await logitsOf(device, network);
  const cases = {
    smallest: ["this library", { "0": [0, 2], "1": [1, 2, 3], "2": [3] }, [6, 5, 4]],
    pruned_heads: ["transformers with pruned_heads", { "0": [0, 2], "1": [1, 2, 3], "2": [3] }, undefined],
    transformers: ["transformers", undefined, undefined],
  } as const;
  for (const [layout, [reader, heads, sizes]] of Object.entries(cases)) {
    const shrunk = await shrink(network, { layout: layout as keyof typeof cases });
    assert.equal(shrunk.reader, reader);
    assert.match(shrunk.readerNote, reader === "this library" ? /^this library loads it/ : /^transformers/);
    const { config } = shrunk;
    assert.deepEqual(
      [config.pruned_heads, config.intermediate_size, config.intermediate_sizes, config.num_attention_heads],
      [heads, 6, sizes, 4],
    );
    assertClose(await logitsOf(device, await loaded(shrunk)), logits, close, layout);
  }
  // Of a ViT, heads can go in equal numbers.
  const viT = await randomNetwork(viTJson, 9);
  Object.keys(viT.groups.head).forEach((layer, i) => {
    for (const head of groups[i]!) prune(viT, viT.groups.head[layer]!, head, "unfed");
  });
  const older = await shrink(viT, { layout: "pruned_heads" });
  assert.deepEqual([older.reader, older.config.num_attention_heads], ["transformers with pruned_heads", 4]);
  assert.deepEqual(older.config.pruned_heads, { "0": [0, 2], "1": [1, 2, 3], "2": [3] });
  const shrunk = await shrink(viT, { layout: "transformers" });
  assert.match(shrunk.readerNote, /^transformers 5 loads it by num_attention_heads and head_dim/);
  assert.deepEqual([shrunk.reader, shrunk.config.num_attention_heads, shrunk.config.head_dim], ["transformers", 3, 4]);
  assert.deepEqual(Object.values(shrunk.layers).map(({ heads }) => heads.removed), [[0], [1], [3]]);
  assertClose(await logitsOf(device, await loaded(shrunk)), await logitsOf(device, viT), close, "ViT");
});

Deno.test("shrink() twice numbers pruned_heads as they were at first, and the files load", async () => {
  using device = new Device(openCpu());
  const network = await randomNetwork(bertJson, 10);
  const layer = "bert.encoder.layer.2";
  prune(network, network.groups.head[layer]!, 1, "whole");
  const once = await loaded(await shrink(network));
  prune(once, once.groups.head[layer]!, 1, "unfed"); // the third of the first model
  prune(once, once.groups.head["bert.encoder.layer.0"]!, 3, "unheard");
  const logits = await logitsOf(device, once);
  const twice = await shrink(once);
  assert.deepEqual(twice.config.pruned_heads, { "0": [3], "2": [1, 2] });
  const files = {
    "config.json": JSON.stringify(twice.config),
    "model.safetensors": writeSafetensors(twice.params as Record<string, HostTensor>),
  };
  const checkpoint = await loadCheckpoint(memoryFolder(files));
  assertClose(await logitsOf(device, await loaded(checkpoint)), logits, close, "logits");
});

Deno.test("shrink() refuses models that it does not know and parameters that are not those of the groups", async () => {
  const network = await randomNetwork(bertJson, 11);
  const refuses = (changed: Partial<Network>, message: RegExp) =>
    assert.rejects(shrink({ ...network, ...changed }), { name: "CheckpointError", message });
  await refuses({ modelType: "clip" }, /tiny: models of type clip cannot be shrunk, only bert, vit and deit/);
  const { "bert.encoder.layer.1.output.dense.weight": _, ...less } = network.params;
  await refuses({ params: less }, /layer\.1: there is no bert\.encoder\.layer\.1\.output\.dense\.weight; give all/);
  await refuses({ groups: { ...network.groups, neuron: {} } }, /layer\.0 has heads but no neurons/);
  const set = network.groups.head["bert.encoder.layer.0"]!;
  const head = { ...network.groups.head, "bert.encoder.layer.0": { count: 5, parts: set.parts } };
  await refuses({ groups: { ...network.groups, head } }, /too small for 5 groups of 4 rows/);
  const odd = { ...network.groups.head, "bert.encoder.layer.0": { count: 4, parts: set.parts.slice(0, 3) } };
  await refuses({ groups: { ...network.groups, head: odd } }, /rows in 3 matrices and columns in 0/);
});
