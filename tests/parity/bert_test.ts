/** Our BERT and the classes of transformers: names, outputs, losses, all gradients, and steps of AdamW. */
import assert from "node:assert/strict";
import {
  adamw,
  add,
  crossEntropy,
  type Device,
  grad,
  type HostTensor,
  hostTensor,
  mse,
  mul,
  reshape,
  sizeOf,
  type Tensor,
} from "../../engine/mod.ts";
import { bertClassifier, bertEncoder, type BertInputs, bertSpans } from "../../models/bert/bert.ts";
import { type BertConfig, bertConfig } from "../../models/bert/config.ts";
import type { BertHead } from "../../models/bert/head.ts";
import { bertShapes } from "../../models/bert/names.ts";
import { onDevices } from "../engine/suite/support.ts";
import { assertClose } from "../support/assert_close.ts";
import { uniformArray } from "../support/values.ts";
import numbers from "./bert.json" with { type: "json" };

type Named<T> = Readonly<Record<string, T>>;

interface Numbers {
  readonly settings: Named<unknown>;
  readonly shapes: Named<readonly number[]>;
  readonly outputs: Named<string>;
  readonly hidden: readonly string[];
  readonly losses: readonly number[];
  readonly grads: string;
  readonly after: string;
}
const heads = numbers.heads as unknown as Named<Numbers>;

const parse = (text: string): number[] => text.split(" ").map(Number);

/** The arrays of all parameters, one after the other in base64. */
function decode(text: string, shapes: Named<readonly number[]>): Record<string, Float32Array> {
  const all = new Float32Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
  let at = 0;
  const arrays = Object.entries(shapes).map(([name, shape]) => [name, all.slice(at, at += sizeOf({ shape }))] as const);
  assert.equal(at, all.length);
  return Object.fromEntries(arrays);
}

/** The parameters that the script starts from. */
function start(shapes: Named<readonly number[]>): Record<string, HostTensor> {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape], i) => {
      const [low, high] = name.endsWith("LayerNorm.weight") ? [0.5, 1.5] : [-0.4, 0.4];
      return [name, hostTensor(Float32Array.from(uniformArray(sizeOf({ shape }), i + 1, low, high)), shape)];
    }),
  );
}

const u32 = (rows: readonly (readonly number[])[]): HostTensor =>
  hostTensor(Uint32Array.from(rows.flat()), [rows.length, rows[0]!.length]);
const { ids, typeIds, mask } = numbers.inputs;
const labels = (values: readonly number[]): HostTensor => hostTensor(Uint32Array.from(values));
const targets: Named<Named<HostTensor>> = {
  classification: { labels: labels(numbers.targets.classification) },
  regression: { labels: hostTensor(Float32Array.from(numbers.targets.regression), [3, 1]) },
  span: { start: labels(numbers.targets.span[0]!), end: labels(numbers.targets.span[1]!) },
};

interface Answer {
  readonly loss: Tensor;
  readonly outputs: Named<Tensor>;
}

function answer(head: string, params: Named<Tensor>, config: BertConfig, batch: Named<Tensor>, hidden: Tensor): Answer {
  if (head === "span") {
    const { start, end } = bertSpans(params, config, hidden, batch.mask!);
    const both = add(crossEntropy(start, batch.start!), crossEntropy(end, batch.end!));
    return { loss: mul(both, 0.5), outputs: { start_logits: start, end_logits: end } };
  }
  const logits = bertClassifier(params, config, hidden);
  const loss = head === "regression" ? mse(logits, batch.labels!) : crossEntropy(logits, batch.labels!);
  return { loss, outputs: { logits } };
}

/** Greatest magnitude: what the rounding of one element is measured by. */
const greatest = (data: ArrayLike<number>): number => Array.from(data).reduce((a, x) => Math.max(a, Math.abs(x)), 0);

async function compare(device: Device, head: string): Promise<void> {
  const expected = heads[head]!;
  const config = bertConfig({ ...numbers.config, ...expected.settings }, "config.json");
  const optimizer = adamw({ eps: numbers.adamw.eps, weightDecay: numbers.adamw.weightDecay });
  const params = start(expected.shapes);
  using state = device.place({ params, optimizer: optimizer.init(params) });
  const scalars = (step: number): Record<string, number> => optimizer.scalars(step, numbers.adamw.rate);
  const batch = { ids: u32(ids), typeIds: u32(typeIds), mask: u32(mask), ...targets[head] };
  interface State {
    readonly params: Named<Tensor>;
    readonly optimizer: Named<Named<Tensor>>;
  }
  const step = ({ params, optimizer: kept }: State, batch: { scalars: Named<Tensor>; data: Named<Tensor> }) => {
    const hidden: Tensor[] = [];
    const onLayer = (state: Tensor, layer: number) => void (hidden[layer] = state);
    const last = bertEncoder(params, config, batch.data as Named<Tensor> & BertInputs, { onLayer });
    const { loss, outputs } = answer(head, params, config, batch.data, last);
    const grads = grad(loss, params) as Record<string, Tensor>;
    const next = optimizer.update(grads, kept, params, batch.scalars);
    const flat = (tensors: Named<Tensor>) =>
      Object.fromEntries(Object.entries(tensors).map(([name, x]) => [name, reshape(x, [-1])]));
    return {
      state: { params: next.params, optimizer: next.state },
      metrics: { loss, outputs: flat(outputs), hidden: flat(Object.fromEntries(hidden.entries())), grads: flat(grads) },
    };
  };
  const typeOf = ({ shape, dtype }: HostTensor) => ({ shape, dtype });
  const types = {
    data: Object.fromEntries(Object.entries(batch).map(([name, value]) => [name, typeOf(value)])),
    scalars: Object.fromEntries(Object.keys(scalars(1)).map((name) => [name, { shape: [], dtype: "f32" }])),
  };
  using program = await device.compile(step as never, { state: state.types, batch: types } as never);

  const slopes = decode(expected.grads, expected.shapes);
  // What adds the same number to a whole row of a softmax has no gradient but rounding, which AdamW follows.
  const still = (name: string) => greatest(slopes[name]!) < 1e-12;
  assert.deepEqual(Object.keys(slopes).filter(still), [
    "bert.encoder.layer.0.attention.self.key.bias",
    "bert.encoder.layer.1.attention.self.key.bias",
    ...head === "span" ? ["bert.encoder.layer.1.output.LayerNorm.bias", "qa_outputs.bias"] : [],
  ]);

  for (const [i, loss] of expected.losses.entries()) {
    program.run(state as never, { data: batch, scalars: scalars(i + 1) } as never);
    const values = (await program.lastMetrics()).values as unknown as {
      readonly loss: number;
      readonly outputs: Named<HostTensor>;
      readonly hidden: Named<HostTensor>;
      readonly grads: Named<HostTensor>;
    };
    assertClose([values.loss], [loss], { rtol: 1e-5, atol: 0 }, `loss of step ${i + 1}`);
    if (i > 0) continue;
    const tokens = mask.flat();
    for (const [name, text] of Object.entries(expected.outputs)) {
      const wanted = parse(text);
      const given = Array.from(values.outputs[name]!.data);
      const real = (data: number[]) => head === "span" ? data.filter((_, at) => tokens[at] === 1) : data;
      assertClose(real(given), real(wanted), { rtol: 0, atol: 1e-5 }, name);
      if (head === "span") assert.ok(given.every((value, at) => tokens[at] === 1 || value < -1e29), "padding");
    }
    assert.equal(expected.hidden.length, config.num_hidden_layers + 1);
    expected.hidden.forEach((text, layer) =>
      assertClose(values.hidden[layer]!.data, parse(text), { rtol: 0, atol: 1e-5 }, `hidden states ${layer}`)
    );
    for (const [name, wanted] of Object.entries(slopes)) {
      const atol = still(name) ? 1e-6 : 1e-5 * greatest(wanted);
      assertClose(values.grads[name]!.data, wanted, { rtol: 0, atol }, `gradient of ${name}`);
    }
  }
  const after = decode(expected.after, expected.shapes);
  for (const [name, wanted] of Object.entries(after)) {
    const { data } = await state.read(`params/${name}`);
    const moved = greatest(wanted.map((value, i) => value - params[name]!.data[i]!));
    if (still(name)) {
      const most = 1.01 * expected.losses.length * numbers.adamw.rate;
      assertClose(data, wanted, { rtol: 0, atol: most }, `${name} after the last step`);
      continue;
    }
    assert.ok(moved > 3e-3, `${name} moves by ${moved}`);
    assertClose(data, wanted, { rtol: 0, atol: 5e-6 }, `${name} after the last step`);
  }
}

for (const head of ["classification", "regression", "span"]) {
  onDevices(`BERT with head "${head}" computes and learns as in transformers`, (device) => compare(device, head));
}

Deno.test("bertShapes() are the parameters of the classes of transformers", () => {
  const shapesOf = (settings: Named<unknown>, head: BertHead) =>
    bertShapes(bertConfig({ ...numbers.config, ...settings }, "config.json"), head);
  for (const [head, { settings, shapes }] of Object.entries(heads)) {
    assert.deepEqual(shapesOf(settings, head as BertHead), shapes);
    assert.deepEqual(Object.keys(shapesOf(settings, head as BertHead)), Object.keys(shapes));
  }
  assert.deepEqual(shapesOf({}, "none"), numbers.BertModel);
});
