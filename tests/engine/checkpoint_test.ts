import assert from "node:assert/strict";
import { checkpoint } from "../../engine/checkpoint.ts";
import { explain } from "../../engine/compile/explain.ts";
import type { Device } from "../../engine/device/device.ts";
import { grad, valueAndGrad } from "../../engine/grad.ts";
import type { Tensor } from "../../engine/graph/node.ts";
import type { HostTensor } from "../../engine/host.ts";
import * as nn from "../../engine/nn/mod.ts";
import * as o from "../../engine/ops.ts";
import { sgd } from "../../engine/optim.ts";
import { type HostValues, interpretFunction } from "../../engine/reference/interpret.ts";
import { assertClose, assertSame } from "../support/assert_close.ts";
import { checkGradients } from "../support/gradients.ts";
import { uniformValues, values } from "../support/values.ts";
import { planStep, type Tensors, type } from "./compile/support.ts";
import { onDevices, randoms, tensor } from "./suite/support.ts";

type Layer = (x: Tensor, p: Tensors, key: Tensor, site: number) => Tensor;

/** A pre-LN layer with one head and dropout: `p` holds g, b [d], wq, wk, wv, wo [d, d], up [d, f], down [f, d]. */
const layer: Layer = (x, p, key, site) => {
  const normed = nn.layerNorm(x, p.g!, p.b!, 1e-5);
  const [q, k, v] = ["wq", "wk", "wv"].map((name) => o.matmul(normed, p[name]!)) as [Tensor, Tensor, Tensor];
  const between = o.add(
    x,
    nn.dropout(o.matmul(o.matmul(nn.softmax(o.mul(o.matmul(q, o.transpose(k)), 0.2)), v), p.wo!), 0.3, key, site),
  );
  return o.add(between, o.matmul(nn.gelu(o.matmul(nn.layerNorm(between, p.g!, p.b!, 1e-5), p.up!)), p.down!));
};

const shapesOf = (d: number, f: number): Readonly<Record<string, readonly number[]>> => ({
  g: [d],
  b: [d],
  wq: [d, d],
  wk: [d, d],
  wv: [d, d],
  wo: [d, d],
  up: [d, f],
  down: [f, d],
});

const paramsOf = (d: number, f: number, seed: number): Record<string, HostTensor> =>
  Object.fromEntries(Object.entries(shapesOf(d, f)).map(([name, shape], i) => [name, randoms(shape, seed + i)]));

const key: HostValues = values([2], [5, 9], "u32");

/** Losses and gradients of a stack, with all layers wrapped by `wrap`. */
function stackGradients(wrap: (layer: Layer) => Layer): readonly Float64Array[] {
  const params = [1, 20, 40].map((seed) => paramsOf(4, 6, seed)) as unknown as Record<string, HostValues>[];
  return interpretFunction(
    (x: Tensor, all: Tensors[], key: Tensor) => {
      const loss = (wrt: { x: Tensor; all: Tensors[] }) =>
        o.mean(o.square(wrt.all.reduce((y, p, site) => wrap(layer)(y, p, key, site), wrt.x)));
      const { value, grads } = valueAndGrad(loss as never, { x, all } as never) as { value: Tensor; grads: never };
      return [value, grads["x"] as Tensor, ...(grads["all"] as Tensors[]).flatMap((one) => Object.values(one))];
    },
    uniformValues([3, 4], 3),
    params as never,
    key,
  ) as unknown as Float64Array[];
}

const wrapped = (layer: Layer): Layer => (x, p, key, site) =>
  checkpoint((x: Tensor, p: Tensors, key: Tensor) => layer(x, p, key, site))(x, p, key);

Deno.test("checkpoint() changes neither values nor gradients, dropout included", () => {
  const [plain, again] = [stackGradients((layer) => layer), stackGradients(wrapped)];
  assert.equal(plain.length, 2 + 3 * 8);
  plain.forEach((value, i) => assertSame(again[i]!, value, `output ${i}`));
  assert.ok(plain.every((value) => value.some((x) => x !== 0)));
});

Deno.test("checkpoint() works inside of another, and over what a function refers to without being given it", () => {
  const plain = stackGradients((layer) => layer);
  const nested = stackGradients((layer) => wrapped(wrapped(layer)));
  const closing = stackGradients((layer) => (x, p, key, site) => checkpoint(() => layer(x, p, key, site))());
  plain.forEach((value, i) => {
    assertSame(nested[i]!, value, `nested, output ${i}`);
    assertSame(closing[i]!, value, `closing, output ${i}`);
  });
});

Deno.test("checkpoint() has second derivatives", () => {
  const f = (x: Tensor, w: Tensor) => o.tanh(o.mul(o.matmul(x, w), o.exp(o.neg(o.square(o.matmul(x, w))))));
  checkGradients(checkpoint(f), [uniformValues([2, 3], 1), uniformValues([3, 3], 2)]);
  const inner = checkpoint((x: Tensor) => o.sin(o.mul(x, x)));
  checkGradients((x) => checkpoint((x: Tensor) => inner(o.mul(inner(x), x)))(x), [uniformValues([5], 4)]);
  checkGradients((x) => nn.softmax(checkpoint((x: Tensor) => nn.softmax(x))(x)), [uniformValues([2, 4], 4)]);
});

Deno.test("checkpoint() counts each way from a tensor to the result once", () => {
  // h depends on x, both are used inside, and h is used outside too.
  const f = (wrap: typeof checkpoint) => (x: Tensor): Tensor => {
    const h = o.tanh(x);
    const y = wrap((x: Tensor) => o.mul(o.exp(h), o.sin(o.mul(h, x))))(x);
    return o.add(y, o.mul(h, y));
  };
  const gradient = (wrap: typeof checkpoint) =>
    interpretFunction((x: Tensor) => grad(o.sum(f(wrap)(x)), x), uniformValues([6], 3));
  const plain = gradient(((f: unknown) => f) as typeof checkpoint);
  assertClose(gradient(checkpoint), plain, { rtol: 1e-14, atol: 1e-14 });
  checkGradients(f(checkpoint), [uniformValues([6], 3)]);
});

Deno.test("checkpoint() takes and gives trees, integers and its own arguments", () => {
  const f = checkpoint((x: Tensor, { ids }: { ids: Tensor }) => ({
    x,
    ids: o.add(ids, 1),
    both: [o.mul(x, x), o.add(o.mul(x, x), o.cast(ids, "f32"))],
  }));
  const [same, ids, square, sum, gradient] = interpretFunction(
    (x: Tensor, ids: Tensor) => {
      const { x: same, ids: next, both } = f(x, { ids });
      assert.equal(same, x);
      return [same, next, ...both, grad(o.sum(o.mul(both[0]!, both[1]!)), x)];
    },
    values([2], [3, -2]),
    values([2], [7, 8], "u32"),
  ) as unknown as Float64Array[];
  assert.deepEqual([...same!, ...ids!, ...square!, ...sum!], [3, -2, 8, 9, 9, 4, 16, 12]);
  assert.deepEqual([...gradient!], [2 * 3 * (9 + 9 + 7), 2 * -2 * (4 + 4 + 8)]);
});

const DEPTH = 12, WIDTH = 16, INNER = 64, ROWS = 256;

/** A training step of a deep stack: parameters are state, updated in place. */
function stackStep(wrap: (layer: Layer) => Layer, depth = DEPTH) {
  const optimizer = sgd();
  const wrappedLayer = wrap(layer);
  return (state: Tensors, batch: Tensors) => {
    const loss = (state: Record<string, Tensor>) => {
      let x = batch.x!;
      for (let i = 0; i < depth; i++) {
        const p = Object.fromEntries(Object.keys(shapesOf(1, 1)).map((name) => [name, state[`${i}.${name}`]!]));
        x = wrappedLayer(x, p, batch.key!, i);
      }
      return o.mean(o.square(x));
    };
    const { value, grads } = valueAndGrad(loss, state as Record<string, Tensor>);
    const { params } = optimizer.update(grads, optimizer.init(state) as never, state, { learningRate: batch.rate! });
    return { state: params as Tensors, metrics: { loss: value } };
  };
}

const stackParams = (depth = DEPTH): Record<string, HostTensor> =>
  Object.fromEntries(
    Array.from({ length: depth }, (_, i) =>
      Object.entries(paramsOf(WIDTH, INNER, 9 * i)).map(([name, value]) => [`${i}.${name}`, value] as const)).flat(),
  );

const batchTypes = { x: type([ROWS, WIDTH]), key: type([2], "u32"), rate: type([]) };

Deno.test("checkpoint() lets a plan keep the inputs of layers and the inside of one", () => {
  const state = Object.fromEntries(
    Object.entries(stackParams()).map(([name, { shape }]) => [name, type(shape)]),
  );
  const [plain, again] = [(layer: Layer) => layer, wrapped].map((wrap) =>
    planStep(stackStep(wrap), { state, batch: batchTypes })
  );
  // Scores [256, 256] and inner values [256, 64] are kept twelve times, or once.
  const kept = DEPTH * 4 * ROWS * WIDTH, inside = 4 * (6 * ROWS * ROWS + 6 * ROWS * INNER + 12 * ROWS * WIDTH);
  assert.ok(plain!.plan.liveBytes > DEPTH * 4 * ROWS * ROWS, `without: ${plain!.plan.liveBytes}`);
  assert.ok(again!.plan.slotBytes < kept + inside, `with: ${again!.plan.slotBytes}`);
  assert.ok(again!.plan.slotBytes < plain!.plan.slotBytes / 3, `${again!.plan.slotBytes}, ${plain!.plan.slotBytes}`);
  assert.equal(again!.plan.stateCopies.length, 0);
  assert.match(explain(again!.traced, again!.plan), /checkpoints: 12, whose inner values are computed again/);
  assert.doesNotMatch(explain(plain!.traced, plain!.plan), /checkpoints/);
});

onDevices("checkpoint() trains a deep stack to the same parameters", async (device: Device) => {
  const run = async (wrap: (layer: Layer) => Layer): Promise<Map<string, HostTensor>> => {
    using state = device.place(stackParams(3) as never);
    using program = await device.compile(
      stackStep(wrap, 3) as never,
      { state: (state as { types: unknown }).types, batch: batchTypes } as never,
    );
    const batch = { x: randoms([ROWS, WIDTH], 2), key: tensor([2], [3, 4], "u32"), rate: 1e-3 };
    for (let i = 0; i < 2; i++) (program as { run(state: unknown, batch: unknown): void }).run(state, batch);
    return new Map(Object.entries(await (state as { readAll(): Promise<Record<string, HostTensor>> }).readAll()));
  };
  const [plain, again] = [await run((layer) => layer), await run(wrapped)];
  for (const [name, { data }] of plain) {
    if (device.kind === "cpu") assertSame(again.get(name)!.data, data, name);
    else assertClose(again.get(name)!.data, data, { rtol: 2e-5, atol: 2e-5 }, `${device.kind}, ${name}`);
  }
});
