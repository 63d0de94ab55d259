/** The encoder: a real checkpoint's logits on both devices, what padding must not change, dropout. */
import assert from "node:assert/strict";
import {
  type Device,
  type Dtype,
  type HostTensor,
  hostTensor,
  keyFromSeed,
  ShapeError,
  sizeOf,
  type Tensor,
} from "../../../engine/mod.ts";
import { inputTensor } from "../../../engine/graph/input.ts";
import { withTable } from "../../../engine/graph/node.ts";
import { parseSafetensors } from "../../../engine/io/safetensors.ts";
import {
  bertClassifier,
  bertEmbeddings,
  bertEncoder,
  type BertInputs,
  bertLayers,
  bertPooled,
  bertSpans,
} from "../../../models/bert/bert.ts";
import { bertConfig } from "../../../models/bert/config.ts";
import { initBert } from "../../../models/bert/init.ts";
import { bertShapes } from "../../../models/bert/names.ts";
import { assertClose } from "../../support/assert_close.ts";
import { onDevices } from "../../engine/suite/support.ts";
import { dataFolder, diskFolder } from "../real_data.ts";

type Named = Readonly<Record<string, Tensor>>;

/** Evaluates a function of parameters and inputs once. */
async function evaluate<M>(
  device: Device,
  params: Readonly<Record<string, HostTensor>>,
  inputs: Readonly<Record<string, HostTensor>>,
  metrics: (params: Named, inputs: Named) => M,
): Promise<Record<string, Float32Array>> {
  using state = device.place(params);
  const types = Object.fromEntries(Object.entries(inputs).map(([name, { shape, dtype }]) => [name, { shape, dtype }]));
  const step = (params: Named, inputs: Named) => ({ state: params, metrics: metrics(params, inputs) });
  using program = await device.compile(step as never, { state: state.types, batch: types } as never);
  program.run(state as never, inputs as never);
  const values = (await program.lastMetrics()).values as unknown as Record<string, HostTensor>;
  return Object.fromEntries(Object.entries(values).map(([name, { data }]) => [name, data as Float32Array]));
}

const real = "weights/bert-tiny-sst2-encoder";
if (dataFolder(real) === undefined) {
  console.warn(`skipped, there is no ${real} (set SEVEN_DATA): the real BERT's reference logits`);
} else {
  onDevices(
    "bertLayers() and bertClassifier() of a BERT trained on SST-2 give its reference logits",
    async (device) => {
      const folder = diskFolder(dataFolder(real)!);
      const read = async (file: string) => parseSafetensors(await folder.read(file), file).tensors;
      const [params, embedded] = [await read("model.safetensors"), await read("embedded_inputs.safetensors")];
      const config = bertConfig({
        model_type: "bert",
        hidden_size: 128,
        num_hidden_layers: 2,
        num_attention_heads: 2,
        intermediate_size: 512,
      }, "bert-tiny");
      interface Reference {
        readonly cases: readonly { readonly tensor: string; readonly tokens: number; readonly logits: number[] }[];
      }
      const { cases }: Reference = JSON.parse(new TextDecoder().decode(await folder.read("reference.json")));
      // One batch of all sentences, filled up with numbers that must not matter.
      const tokens = Math.max(...cases.map((one) => one.tokens));
      const x = new Float32Array(cases.length * tokens * 128).fill(3);
      const mask = new Uint32Array(cases.length * tokens);
      cases.forEach((one, row) => {
        x.set(embedded[one.tensor]!.data, row * tokens * 128);
        mask.fill(1, row * tokens, row * tokens + one.tokens);
      });
      const inputs = { x: hostTensor(x, [cases.length, tokens, 128]), mask: hostTensor(mask, [cases.length, tokens]) };
      const { logits } = await evaluate(device, params, inputs, (params, { x, mask }) => ({
        logits: bertClassifier(params, config, bertLayers(params, config, x!, mask!)),
      }));
      assert.equal(cases.length, 5);
      assertClose(logits!, cases.flatMap((one) => one.logits), { rtol: 0, atol: 1e-3 }, "logits");
    },
  );
}

const config = bertConfig({
  model_type: "bert",
  hidden_size: 16,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  intermediate_size: 24,
  vocab_size: 30,
  max_position_embeddings: 9,
  initializer_range: 0.3,
}, "tiny");
const u32 = (shape: readonly number[], data: readonly number[]): HostTensor =>
  hostTensor(Uint32Array.from(data), shape);
const ids = [1, 7, 9, 4, 2];
const kinds = [0, 0, 0, 1, 1];

onDevices("bertEncoder() and its heads do not see padding", async (device) => {
  const params = { ...await initBert(config, "classification", 1), ...await initBert(config, "span", 1) };
  const outputs = (params: Named, inputs: Named) => {
    const all = inputs as Named & BertInputs;
    const hidden = bertEncoder(params, config, all);
    return { logits: bertClassifier(params, config, hidden), ...bertSpans(params, config, hidden, all.mask) };
  };
  const short = { ids: u32([1, 5], ids), typeIds: u32([1, 5], kinds), mask: u32([1, 5], [1, 1, 1, 1, 1]) };
  const long = {
    ids: u32([2, 8], [...ids, 0, 0, 0, ...ids, 11, 12, 29]),
    typeIds: u32([2, 8], [...kinds, 0, 0, 0, ...kinds, 1, 0, 1]),
    mask: u32([2, 8], [1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0]),
  };
  const one = await evaluate(device, params, short, outputs);
  const two = await evaluate(device, params, long, outputs);
  assert.ok(one.logits!.every((value) => Math.abs(value) > 1e-4));
  assertClose(two.logits!, [...one.logits!, ...one.logits!], { rtol: 1e-4, atol: 1e-5 }, "logits");
  for (const side of ["start", "end"]) {
    for (const row of [0, 8]) {
      assertClose(two[side]!.slice(row, row + 5), one[side]!, { rtol: 1e-4, atol: 1e-5 }, side);
      assert.ok(two[side]!.slice(row + 5, row + 8).every((value) => value < -1e29), side);
    }
  }
});

onDevices("bertEncoder() without kinds is that with all kinds 0; onLayer sees every layer", async (device) => {
  const params = await initBert(config, "none", 3);
  const inputs = { ids: u32([1, 5], ids), zero: u32([1, 5], [0, 0, 0, 0, 0]), mask: u32([1, 5], [1, 1, 1, 1, 1]) };
  const seen = await evaluate(device, params, { ...inputs, kinds: u32([1, 5], kinds) }, (params, inputs) => {
    const { ids, mask, zero, kinds } = inputs as Record<string, Tensor> & BertInputs;
    const metrics: Record<string, Tensor> = {};
    const onLayer = (hidden: Tensor, layer: number) => void (metrics[`layer ${layer}`] = hidden);
    metrics.without = bertEncoder(params, config, { ids, mask }, { onLayer });
    metrics.zero = bertEncoder(params, config, { ids, mask, typeIds: zero! });
    metrics.kinds = bertEncoder(params, config, { ids, mask, typeIds: kinds! });
    metrics.pooled = bertPooled(params, config, metrics.without);
    return metrics;
  });
  assert.deepEqual(Object.keys(seen).filter((name) => name.startsWith("layer")), ["layer 0", "layer 1", "layer 2"]);
  assertClose(seen["layer 2"]!, seen.without!, { rtol: 0, atol: 0 });
  assertClose(seen.zero!, seen.without!, { rtol: 1e-5, atol: 1e-6 });
  assert.ok(seen.kinds!.some((value, i) => Math.abs(value - seen.zero![i]!) > 1e-2));
  assert.ok(seen["layer 0"]!.some((value, i) => Math.abs(value - seen["layer 1"]![i]!) > 1e-2));
  assert.equal(seen.pooled!.length, 16);
});

onDevices("three kinds of token are looked up, out of a table of their own", async (device) => {
  const three = { ...config, type_vocab_size: 3 };
  const params = await initBert(three, "none", 3);
  const table = params["embeddings.token_type_embeddings.weight"]!;
  const swapped = table.data.slice(); // rows 1 and 2 change places
  swapped.set(table.data.subarray(32, 48), 16);
  swapped.set(table.data.subarray(16, 32), 32);
  const mask = u32([1, 5], [1, 1, 1, 1, 1]);
  const run = (params: Readonly<Record<string, HostTensor>>, kinds: readonly number[]) =>
    evaluate(device, params, { ids: u32([1, 5], ids), typeIds: u32([1, 5], kinds), mask }, (params, inputs) => ({
      hidden: bertEncoder(params, three, inputs as Named & BertInputs),
    }));
  const one = await run(params, [0, 1, 2, 2, 1]);
  const other = await run(
    { ...params, "embeddings.token_type_embeddings.weight": hostTensor(swapped, table.shape) },
    [0, 2, 1, 1, 2],
  );
  assertClose(one.hidden!, other.hidden!, { rtol: 0, atol: 0 });
});

onDevices(
  "dropout happens with a key only, repeats for it, and its rates are those of the configuration",
  async (device) => {
    const params = await initBert(config, "classification", 1);
    const key = (seed: number) => hostTensor(keyFromSeed(seed), [2]);
    const inputs = {
      ids: u32([1, 5], ids),
      mask: u32([1, 5], [1, 1, 1, 1, 1]),
      one: key(1),
      two: key(2),
    };
    const rates = { hidden_dropout_prob: 0, attention_probs_dropout_prob: 0, classifier_dropout: 0 };
    const logits = await evaluate(device, params, inputs, (params, inputs) => {
      const run = (set: Partial<typeof rates>, key?: Tensor): Tensor => {
        const model = { ...config, ...rates, ...set };
        const drop = key ? { key } : {};
        const hidden = bertEncoder(params, model, inputs as Named & BertInputs, drop);
        return bertClassifier(params, model, hidden, drop);
      };
      return {
        none: run({}),
        zero: run({}, inputs.one!),
        hidden: run({ hidden_dropout_prob: 0.3 }, inputs.one!),
        another: run({ hidden_dropout_prob: 0.3 }, inputs.two!),
        keyless: run({ hidden_dropout_prob: 0.3 }),
        weights: run({ attention_probs_dropout_prob: 0.3 }, inputs.one!),
        pooled: run({ classifier_dropout: 0.3 }, inputs.one!),
      };
    });
    const differ = (a: string, b: string) => logits[a]!.some((value, i) => Math.abs(value - logits[b]![i]!) > 1e-4);
    for (const same of ["zero", "keyless"]) assert.ok(!differ(same, "none"), same);
    for (const other of ["hidden", "weights", "pooled"]) assert.ok(differ(other, "none"), other);
    assert.ok(differ("hidden", "another"));
  },
);

onDevices("dropout of embeddings zeroes its share and scales the rest", async (device) => {
  const params = await initBert(config, "none", 1);
  const rows = 500;
  const inputs = {
    ids: u32([rows, 5], Array.from({ length: rows }, () => ids).flat()),
    mask: u32([rows, 5], new Array(rows * 5).fill(1)),
    key: hostTensor(keyFromSeed(5), [2]),
  };
  const { dropped, whole } = await evaluate(device, params, inputs, (params, inputs) => {
    const model = { ...config, hidden_dropout_prob: 0.3 };
    return {
      dropped: bertEmbeddings(params, model, inputs as Named & BertInputs, { key: inputs.key! }),
      whole: bertEmbeddings(params, model, inputs as Named & BertInputs),
    };
  });
  const kept = dropped!.filter((value) => value !== 0).length / dropped!.length;
  assert.ok(Math.abs(kept - 0.7) < 0.01, `${kept}`);
  assertClose(dropped!, whole!.map((value, i) => dropped![i] === 0 ? 0 : value / 0.7), { rtol: 1e-5 });
});

Deno.test("every place of dropout draws by itself", () => {
  // Streams of the random bits in the graph, by the kind of what they drop.
  const streams = withTable(() => {
    const input = (shape: readonly number[], dtype: Dtype, i: number) => inputTensor(shape, dtype, i);
    const shapes = Object.entries(bertShapes(config, "classification"));
    const params = Object.fromEntries(shapes.map(([name, shape], i) => [name, input(shape, "f32", i)]));
    const [ids, mask, key] = [input([2, 5], "u32", 100), input([2, 5], "u32", 101), input([2], "u32", 102)];
    const logits = bertClassifier(params, config, bertEncoder(params, config, { ids, mask }, { key }), { key });
    const found: string[] = [];
    const seen = new Set<Tensor>();
    const walk = (node: Tensor): void => {
      if (seen.has(node)) return;
      seen.add(node);
      if (node.op.name === "threefry") found.push(`${sizeOf(node)} of stream ${node.inputs[3]!.params.value}`);
      node.inputs.forEach(walk);
    };
    walk(logits);
    return found.sort();
  });
  assert.deepEqual(streams, [
    "160 of stream 0", // embeddings
    "160 of stream 3", // layer 0: attention output
    "160 of stream 4", // layer 0: feed-forward output
    "160 of stream 6",
    "160 of stream 7",
    "200 of stream 2", // layer 0: attention weights
    "200 of stream 5",
    "32 of stream 1", // pooled
  ]);
});

Deno.test("bertEncoder() refuses inputs that do not fit", () => {
  withTable(() => {
    const shapes = Object.entries(bertShapes(config, "none"));
    const params = Object.fromEntries(shapes.map(([name, shape], i) => [name, inputTensor(shape, "f32", i)]));
    const u = (shape: readonly number[], i: number) => inputTensor(shape, "u32", 100 + i);
    const refuses = (inputs: BertInputs, message: string) =>
      assert.throws(() => bertEncoder(params, config, inputs), new ShapeError(message));
    refuses(
      { ids: u([2, 10], 0), mask: u([2, 10], 1) },
      "bert: 10 tokens, but the model has 9 positions; cut sequences to that",
    );
    refuses(
      { ids: u([2, 5], 0), mask: u([2, 4], 1) },
      "bert: ids u32[2,5], mask u32[2,4]; give [batch, tokens] of equal sizes",
    );
    refuses(
      { ids: u([2, 5], 0), typeIds: u([1, 5], 2), mask: u([2, 5], 1) },
      "bert: ids u32[2,5], typeIds u32[1,5]; give [batch, tokens] of equal sizes",
    );
    assert.throws(
      () => bertEncoder({}, config, { ids: u([2, 5], 0), mask: u([2, 5], 1) }),
      /no parameter "bert\.embed/,
    );
  });
});
