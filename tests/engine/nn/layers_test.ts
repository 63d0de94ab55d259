import assert from "node:assert/strict";
import { grad } from "../../../engine/grad.ts";
import { inputTensor } from "../../../engine/graph/input.ts";
import { type Dtype, ShapeError, sizeOf, type Tensor, withTable } from "../../../engine/graph/node.ts";
import * as nn from "../../../engine/nn/mod.ts";
import * as o from "../../../engine/ops.ts";
import { keyFromSeed } from "../../../engine/random.ts";
import { type HostValues, interpret } from "../../../engine/reference/interpret.ts";
import { assertClose, assertSame } from "../../support/assert_close.ts";
import { checkGradients, evaluate } from "../../support/gradients.ts";
import { uniformArray, uniformValues, values } from "../../support/values.ts";

const t = (dtype: Dtype, ...shape: number[]): Tensor => inputTensor(shape, dtype, 0);
const mask = values([2, 4], [1, 1, 0, 1, 0, 1, 1, 1], "bool");
const qkv = [uniformValues([2, 2, 3, 5], 1), uniformValues([2, 2, 4, 5], 2), uniformValues([2, 2, 4, 6], 3)];

const composites: Readonly<Record<string, readonly [(...xs: Tensor[]) => Tensor, ...HostValues[]]>> = {
  linear: [
    (x, w, b) => nn.linear(x!, w!, b),
    uniformValues([2, 3, 4], 1),
    uniformValues([5, 4], 2),
    uniformValues([5], 3),
  ],
  softmax: [(x) => nn.softmax(x!), uniformValues([3, 5], 1, -3, 3)],
  logSoftmax: [(x) => nn.logSoftmax(x!), uniformValues([3, 5], 1, -3, 3)],
  layerNorm: [
    (x, g, b) => nn.layerNorm(x!, g!, b!, 1e-5),
    uniformValues([2, 3, 6], 1),
    uniformValues([6], 2),
    uniformValues([6], 3),
  ],
  gelu: [(x) => nn.gelu(x!), uniformValues([20], 1, -3, 3)],
  geluTanh: [(x) => nn.geluTanh(x!), uniformValues([20], 1, -3, 3)],
  relu: [(x) => o.mul(nn.relu(x!), x!), uniformValues([20], 1, -3, 3)],
  sigmoid: [(x) => nn.sigmoid(x!), uniformValues([20], 1, -3, 3)],
  silu: [(x) => nn.silu(x!), uniformValues([20], 1, -3, 3)],
  quickGelu: [(x) => nn.quickGelu(x!), uniformValues([20], 1, -3, 3)],
  attention: [(q, k, v, m) => nn.attention(q!, k!, v!, { mask: m! }), ...qkv, mask],
  "attention with dropout": [
    (q, k, v, key) => nn.attention(q!, k!, v!, { dropout: { rate: 0.3, key: key!, site: 2 } }),
    ...qkv,
    values([2], keyFromSeed(1), "u32"),
  ],
  embedding: [
    (table, ids) => o.sin(nn.embedding(table!, ids!)),
    uniformValues([5, 3], 1),
    values([2, 3], [4, 0, 4, 1, 1, 2], "u32"),
  ],
  patchEmbedding: [
    (x, w, b) => o.sin(nn.patchEmbedding(x!, w!, b)),
    uniformValues([2, 3, 4, 6], 1),
    uniformValues([5, 3, 2, 3], 2),
    uniformValues([5], 3),
  ],
};

for (const [name, [fn, ...inputs]] of Object.entries(composites)) {
  Deno.test(`${name}: gradients agree with finite differences to second order`, () => {
    checkGradients(fn, inputs, { rtol: 1e-6 });
  });
}

Deno.test("composites with a rule of their own have the derived gradient", () => {
  const derived: Readonly<Record<string, readonly [(x: Tensor) => Tensor, (x: Tensor) => Tensor]>> = {
    softmax: [nn.softmax, (x) => o.div(o.exp(x), o.sum(o.exp(x), -1, { keep: true }))],
    logSoftmax: [nn.logSoftmax, (x) => o.sub(x, o.log(o.sum(o.exp(x), -1, { keep: true })))],
    sigmoid: [nn.sigmoid, (x) => o.div(1, o.add(o.exp(o.neg(x)), 1))],
    normalize: [(x) => nn.normalize(x, 1e-3), (x) => {
      const centred = o.sub(x, o.mean(x, -1, { keep: true }));
      return o.div(centred, o.sqrt(o.add(o.mean(o.square(centred), -1, { keep: true }), 1e-3)));
    }],
  };
  for (const [name, [ruled, plain]] of Object.entries(derived)) {
    withTable(() => {
      const [x, c] = [t("f32", 3, 5), inputTensor([3, 5], "f32", 1)];
      const given = new Map([[x, uniformArray(15, 1, -3, 3)], [c, uniformArray(15, 2)]]);
      const both = [ruled, plain].map((f) => ({ y: f(x), g: grad(o.sum(o.mul(f(x), c)), x) }));
      const [a, b] = interpret(both, given);
      assertClose(a!.y, b!.y, { rtol: 1e-12, atol: 1e-14 }, name);
      assertClose(a!.g, b!.g, { rtol: 1e-10, atol: 1e-13 }, `${name}, gradient`);
    });
  }
});

Deno.test("equal layers are one node, forward and backward", () => {
  withTable(() => {
    const x = t("f32", 3, 5);
    assert.equal(nn.softmax(x), nn.softmax(x));
    assert.equal(nn.normalize(x, 1e-5), nn.normalize(x, 1e-5));
    assert.notEqual(nn.normalize(x, 1e-5), nn.normalize(x, 1e-6));
    const loss = () => o.sum(o.exp(nn.normalize(nn.logSoftmax(nn.sigmoid(x)), 1e-5)));
    assert.equal(grad(loss(), x), grad(loss(), x));
  });
});

Deno.test("softmax() and logSoftmax() stay finite where exp would not", () => {
  const x = values([2, 3], [1000, 999, -1000, -5000, -5000, -5000]);
  const third = 1 / 3;
  const e = Math.exp(-1);
  assertClose(evaluate((a) => nn.softmax(a!), x), [1 / (1 + e), e / (1 + e), 0, third, third, third]);
  const log = evaluate((a) => nn.logSoftmax(a!), x);
  assertClose(log, [-Math.log1p(e), -1 - Math.log1p(e), -2000 - Math.log1p(e), ...Array(3).fill(-Math.log(3))]);
  withTable(() => {
    const a = t("f32", 3);
    const g = grad(o.sum(nn.sigmoid(a)), a);
    const [y, dy] = interpret([nn.sigmoid(a), g], new Map([[a, [-1000, 0, 1000]]]));
    assertClose(y!, [0, 0.5, 1]);
    assertClose(dy!, [0, 0.25, 0]);
  });
});

Deno.test("relu() has gradient 0 at 0 and keeps NaN", () => {
  withTable(() => {
    const x = t("f32", 4);
    const [y, g] = interpret([nn.relu(x), grad(o.sum(nn.relu(x)), x)], new Map([[x, [-1, 0, 2, NaN]]]));
    assertSame(y!, [0, 0, 2, NaN]);
    assertSame(g!, [0, 0, 1, 1]);
  });
});

Deno.test("activation() knows the names of checkpoints", () => {
  assert.equal(nn.activation("gelu"), nn.gelu);
  assert.equal(nn.activation("gelu_new"), nn.geluTanh);
  assert.equal(nn.activation("quick_gelu"), nn.quickGelu);
  for (const name of ["mish", "toString"]) {
    assert.throws(() => nn.activation(name), new RegExp(`activation: "${name}" is not known; use gelu, `));
  }
});

Deno.test("attention() never looks at masked keys, and a row without keys is uniform", () => {
  const [q, k, v] = qkv;
  const run = (keys: HostValues, vals: HostValues) =>
    evaluate((a, b, c, m) => nn.attention(a!, b!, c!, { mask: m! }), q!, keys, vals, mask);
  const change = (x: HostValues, width: number): HostValues => ({
    ...x,
    data: Float64Array.from(x.data, (value, i) => {
      const token = Math.floor(i / width) % 4;
      const batch = Math.floor(i / (width * 4 * 2));
      return mask.data[batch * 4 + token] ? value : value * 50 + 7;
    }),
  });
  assertSame(run(change(k!, 5), change(v!, 6)), run(k!, v!));
  const none = values([2, 4], Array(8).fill(0), "bool");
  const uniform = evaluate((a, b, c, m) => nn.attention(a!, b!, c!, { mask: m! }), ...qkv, none);
  const means = evaluate((c) => o.broadcastTo(o.mean(c!, 2, { keep: true }), [2, 2, 3, 6]), v!);
  assertClose(uniform, means, { rtol: 1e-12, atol: 1e-14 });
});

Deno.test("dropout() zeroes its share, scales the rest and repeats by key and site", () => {
  const x = values([100, 100], new Float64Array(10_000).fill(2));
  const run = (rate: number, seed: number, site: number) =>
    evaluate((a, key) => nn.dropout(a!, rate, key!, site), x, values([2], keyFromSeed(seed), "u32"));
  const dropped = run(0.25, 1, 0);
  assert.ok(dropped.every((value) => value === 0 || Math.abs(value - 2 / 0.75) < 1e-12));
  assert.ok(Math.abs(dropped.filter((value) => value === 0).length / 10_000 - 0.25) < 0.02);
  assertSame(run(0.25, 1, 0), dropped);
  const agreement = (other: Float64Array) => other.filter((value, i) => value === dropped[i]).length / 10_000;
  for (const other of [run(0.25, 1, 1), run(0.25, 2, 0)]) assert.ok(Math.abs(agreement(other) - 0.625) < 0.02);
  withTable(() => assert.equal(nn.dropout(t("f32", 2), 0, t("u32", 2), 0), t("f32", 2)));
});

Deno.test("layers name what they cannot take", () => {
  const refuses = (call: () => unknown, ...mentions: string[]) =>
    assert.throws(call, (error) => {
      assert.ok(error instanceof ShapeError && /^\w+: .*; ./.test(error.message), String(error));
      for (const text of mentions) assert.ok(error.message.includes(text), `${error.message} lacks ${text}`);
      return true;
    });
  const f = (...shape: number[]) => t("f32", ...shape);
  refuses(() => nn.linear(f(2, 3), f(4, 5)), "linear", "f32[2,3]", "f32[4,5]");
  refuses(() => nn.linear(f(2, 3), f(4, 3), f(3)), "bias f32[3]", "[4]");
  refuses(() => nn.softmax(f()), "softmax");
  refuses(() => nn.layerNorm(f(2, 3), f(3), f(2), 1e-5), "layerNorm", "beta f32[2]", "f32[2,3]");
  refuses(() => nn.embedding(f(5, 3), f(2)), "embedding", "f32[2]");
  refuses(() => nn.patchEmbedding(f(1, 3, 5, 4), f(8, 3, 2, 2)), "patchEmbedding", "f32[1,3,5,4]", "resize");
  refuses(() => nn.attention(f(1, 2, 3, 4), f(1, 2, 3, 5), f(1, 2, 3, 4)), "attention", "k f32[1,2,3,5]");
  const attend = (m: Tensor) => () => nn.attention(f(1, 2, 3, 4), f(1, 2, 3, 4), f(1, 2, 3, 4), { mask: m });
  refuses(attend(f(1, 3)), "mask f32[1,3]", "notEqual");
  refuses(attend(t("bool", 2, 4)), "mask bool[2,4]", "f32[1,2,3,3]");
  refuses(attend(t("bool", 1, 3, 3)), "mask bool[1,3,3]");
  refuses(() => nn.dropout(f(2), 1, t("u32", 2), 0), "dropout", "[0, 1)");
  assert.equal(sizeOf(nn.attention(f(1, 2, 3, 4), f(1, 2, 5, 4), f(1, 2, 5, 6))), 36);
});
