/** Exported models, read back from their bytes: what is in them, and what they compute. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type HostTensor, hostTensor, openDevice } from "../../../engine/mod.ts";
import { bertConfig } from "../../../models/bert/config.ts";
import { bertShapes, isBertPrunable } from "../../../models/bert/names.ts";
import { networkOf } from "../../../models/families.ts";
import { onnxChunks, onnxModel, type OnnxSource } from "../../../models/onnx/model.ts";
import { assertClose, assertSame } from "../../support/assert_close.ts";
import { bertCase, type Case, cases, engineOutputs, viTCase } from "./cases.ts";
import { interpretOnnx, knownOperators } from "./interpret.ts";
import { readOnnx } from "./read.ts";

/** What must hold of every file: the rules of https://onnx.ai/onnx/repo-docs/IR.html that a checker would look at. */
function checkStructure(source: OnnxSource): void {
  const { irVersion, opset, graph } = readOnnx(onnxModel(source));
  assert.deepEqual([irVersion, opset, graph.name], [8, 17, `${source.config.model_type}_${source.head}`]);
  const initializers = new Map(graph.initializers.map((tensor) => [tensor.name, tensor]));
  assert.equal(initializers.size, graph.initializers.length, "names of initializers are different");

  // Each parameter under its own name, in its own layout, bit for bit.
  for (const [name, { shape, data }] of Object.entries(source.params)) {
    const stored = initializers.get(name)!;
    assert.deepEqual([stored.type, stored.shape], [1, [...shape]], name);
    assertSame(stored.raw, new Uint8Array(data.buffer, data.byteOffset, data.byteLength), name);
  }
  for (const { name, type, shape, raw } of graph.initializers) {
    const size = shape.reduce((product, size) => product * size, 1);
    assert.equal(raw.length, size * (type === 1 ? 4 : 8), name);
  }

  // In the order of an execution, every value given once and used.
  const given = new Set([...initializers.keys(), ...graph.inputs.map(({ name }) => name)]);
  assert.equal(given.size, initializers.size + graph.inputs.length);
  const used = new Set(graph.outputs.map(({ name }) => name));
  for (const { name, op, inputs, outputs } of graph.nodes) {
    assert.ok(knownOperators.includes(op), op);
    for (const input of inputs) {
      assert.ok(given.has(input), `${name} reads ${input}, which is not there`);
      used.add(input);
    }
    assert.equal(outputs.length, 1);
    assert.ok(!given.has(outputs[0]!), `${outputs[0]} is given twice`);
    given.add(outputs[0]!);
  }
  assert.deepEqual([...given].filter((value) => !used.has(value)), [], "nothing is left over");
  assert.ok(graph.outputs.every(({ name }) => given.has(name)));
  assert.equal(new Set(graph.nodes.map(({ name }) => name)).size, graph.nodes.length);
}

/** Runs the file and the engine on the same inputs. */
async function checkOutputs(one: Case): Promise<void> {
  using device = await openDevice("cpu");
  const model = readOnnx(onnxModel(one));
  for (const inputs of one.inputs) {
    const ours = await engineOutputs(device, one, inputs);
    const theirs = interpretOnnx(model, inputs);
    assert.deepEqual(Object.keys(theirs).sort(), Object.keys(ours).sort());
    for (const [name, { shape, data }] of Object.entries(ours)) {
      assert.deepEqual(theirs[name]!.shape, shape, name);
      // A sum of f32 numbers around 1, through two layers; -1e30 at padding.
      assertClose(data, theirs[name]!.data, { rtol: 1e-5, atol: 2e-5 }, `${one.name}: ${name}`);
      const real = Array.from(data).filter((value) => value > -1e29);
      assert.ok(new Set(real).size > real.length / 2, "the numbers are not all the same");
    }
  }
}

for (const one of cases) {
  Deno.test(`onnxModel() writes a sound graph that computes what the engine does: ${one.name}`, async () => {
    checkStructure(one);
    await checkOutputs(one);
  });
}

Deno.test("onnxModel() of ViTs and BERTs of any size computes what the engine does", async () => {
  const sizes = fc.record({
    text: fc.boolean(),
    heads: fc.integer({ min: 1, max: 4 }),
    headSize: fc.integer({ min: 1, max: 5 }),
    layers: fc.integer({ min: 1, max: 3 }),
    inner: fc.integer({ min: 1, max: 9 }),
    labels: fc.integer({ min: 1, max: 4 }),
    patches: fc.integer({ min: 1, max: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(sizes, async ({ text, heads, headSize, layers, inner, labels, patches }) => {
      const changes = {
        hidden_size: heads * headSize + (headSize === 1 ? heads : 0),
        num_attention_heads: heads,
        num_hidden_layers: layers,
        intermediate_size: inner,
        id2label: Object.fromEntries(Array.from({ length: labels }, (_, i) => [i, `label ${i}`])),
      };
      const one = text ? bertCase("classification", changes) : viTCase({ ...changes, image_size: 2 * patches });
      checkStructure(one);
      await checkOutputs({ ...one, inputs: one.inputs.slice(0, 1) });
    }),
    { numRuns: 8, seed: 1 },
  );
});

Deno.test("onnxModel() declares inputs and outputs as exports of Hugging Face do, with free sizes", () => {
  const values = (source: OnnxSource) => {
    const { inputs, outputs } = readOnnx(onnxModel(source)).graph;
    const shown = ({ name, type, shape }: (typeof inputs)[number]) => `${name}:${type}[${shape}]`;
    return [inputs.map(shown), outputs.map(shown)];
  };
  const text = ["input_ids", "attention_mask", "token_type_ids"].map((name) => `${name}:7[batch_size,sequence_length]`);
  assert.deepEqual(values(bertCase("classification")), [text, ["logits:1[batch_size,3]"]]);
  assert.deepEqual(values(bertCase("regression")), [text, ["logits:1[batch_size,1]"]]);
  assert.deepEqual(values(bertCase("span")), [
    text,
    ["start_logits:1[batch_size,sequence_length]", "end_logits:1[batch_size,sequence_length]"],
  ]);
  assert.deepEqual(values(bertCase("none")), [
    text,
    ["last_hidden_state:1[batch_size,sequence_length,12]", "pooler_output:1[batch_size,12]"],
  ]);
  assert.deepEqual(values(viTCase()), [["pixel_values:1[batch_size,2,6,6]"], ["logits:1[batch_size,3]"]]);
});

Deno.test("onnxModel() takes a network as it is, and tells labels and sparsity", async () => {
  const one = bertCase("classification");
  const network = await networkOf(one as never, { head: "classification", labels: ["no", "yes", "perhaps"], seed: 1 });
  const pruned: Record<string, HostTensor> = { ...network.params };
  const name = "bert.encoder.layer.0.intermediate.dense.weight";
  pruned[name] = hostTensor(
    pruned[name]!.data.map((value, i) => i % 4 ? value : 0) as Float32Array,
    pruned[name]!.shape,
  );
  const { metadata, producer } = readOnnx(onnxModel({ ...network, params: pruned }, { metadata: { task: "größe" } }));
  const prunable = 2 * (4 * 12 * 12 + 2 * 12 * 20) + 12 * 12;
  assert.deepEqual(metadata, {
    model_type: "bert",
    head: "classification",
    labels: '["no","yes","perhaps"]',
    sparsity: `${60 / prunable}`,
    prunable: `${prunable}`,
    task: "größe",
  });
  assert.equal(producer, "@sentinel/seven");
  assert.ok(isBertPrunable(name));
  assert.deepEqual(readOnnx(onnxModel(bertCase("span"))).metadata, { model_type: "bert", head: "span" });
});

Deno.test("onnxChunks() gives views of the parameters, and together the bytes of onnxModel()", () => {
  const one = viTCase();
  const chunks = onnxChunks(one);
  for (const [name, { data }] of Object.entries(one.params)) {
    const views = chunks.filter(({ buffer, byteOffset }) => buffer === data.buffer && byteOffset === data.byteOffset);
    assert.equal(views.length, 1, name);
  }
  assertSame(chunks.flatMap((chunk) => [...chunk]), onnxModel(one));
});

Deno.test("onnxChunks() refuses what cannot be written, in one sentence", () => {
  const refuses = (change: Partial<OnnxSource>, name: string, text: RegExp, from: OnnxSource = viTCase()) =>
    assert.throws(() => onnxChunks({ ...from, ...change }), { name, message: text });
  refuses(
    { config: { model_type: "clip" } },
    "OnnxError",
    /^ViT \{\}: a model of type "clip" cannot .*; vit, deit and bert can$/,
  );
  refuses(
    { head: "span" },
    "OnnxError",
    /^ViT \{\}: a vit with the head span cannot be written as ONNX; classification can$/,
  );
  refuses(
    { head: "contrastive" as "none" },
    "OnnxError",
    /a bert with the head contrastive cannot .*; classification, regression, span, none can$/,
    bertCase("span"),
  );
  const { "vit.layernorm.bias": _, ...rest } = viTCase().params;
  refuses({ params: rest }, "CheckpointError", /1 missing: vit\.layernorm\.bias/);
  refuses({ head: "span" }, "CheckpointError", /qa_outputs/, bertCase("classification"));

  // All matrices are views of one buffer that is never touched, so this takes no memory.
  const json = {
    model_type: "bert",
    hidden_size: 8192,
    intermediate_size: 8192,
    num_attention_heads: 8,
    vocab_size: 9,
  };
  const config = bertConfig({ ...json, num_hidden_layers: 2 }, "large");
  const buffer = new ArrayBuffer(4 * 8192 * 8192);
  const params = Object.fromEntries(
    Object.entries(bertShapes(config, "classification")).map(([name, shape]) => [
      name,
      hostTensor(new Float32Array(buffer, 0, shape.reduce((product, size) => product * size, 1)), shape),
    ]),
  );
  const large = { name: "large", head: "classification", config, params } as unknown as OnnxSource;
  refuses({}, "OnnxError", /^large: the ONNX file would have 3\d{9} bytes, above the 2147483647 that protobuf /, large);
});
