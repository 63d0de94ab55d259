import assert from "node:assert/strict";
import { inputTensor } from "../../engine/graph/input.ts";
import { ShapeError, type Tensor, withTable } from "../../engine/graph/node.ts";
import {
  adam,
  adamax,
  adamw,
  clipByGlobalNorm,
  constantSchedule,
  cosineSchedule,
  decaysByDefault,
  globalNorm,
  linearSchedule,
  type Optimizer,
  sgd,
} from "../../engine/optim.ts";
import { interpret } from "../../engine/reference/interpret.ts";
import { leavesOf } from "../../engine/tree.ts";
import { assertClose } from "../support/assert_close.ts";

const optimizers: readonly Optimizer[] = [sgd(), sgd({ momentum: 0.9, dampening: 0.1 }), adam(), adamw(), adamax()];

/** One step from zeros on two parameters, with the scalars as constants of the graph. */
function step(optimizer: Optimizer, grads: Readonly<Record<string, number>>, params: Readonly<Record<string, number>>) {
  return withTable(() => {
    const given = new Map<Tensor, ArrayLike<number>>();
    const input = (value: number) => {
      const tensor = inputTensor([1], "f32", given.size);
      given.set(tensor, [value]);
      return tensor;
    };
    const scalar = (value: number) => {
      const tensor = inputTensor([], "f32", given.size);
      given.set(tensor, [value]);
      return tensor;
    };
    const record = <T>(numbers: Readonly<Record<string, number>>, f: (value: number) => T) =>
      Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, f(value)]));
    const types = record(params, () => ({ shape: [1], dtype: "f32" }) as const);
    const state = Object.fromEntries(
      Object.entries(optimizer.init(types)).map(([slot, values]) => [slot, record(values as never, () => input(0))]),
    );
    const scalars = record(optimizer.scalars(1, 0.1), scalar);
    return interpret(optimizer.update(record(grads, input), state, record(params, input), scalars).params, given);
  });
}

Deno.test("init() gives zeros of the types of the parameters", () => {
  const types = { "a.weight": { shape: [2, 3], dtype: "f32" }, "a.bias": { shape: [2], dtype: "f32" } } as const;
  const slots = optimizers.map((optimizer) => Object.keys(optimizer.init(types)));
  assert.deepEqual(slots, [[], ["momentum"], ["m", "v"], ["m", "v"], ["m", "u"]]);
  for (const optimizer of optimizers) {
    for (
      const [path, leaf] of leavesOf(optimizer.init(types) as never) as [
        string,
        { data: Float32Array; shape: number[] },
      ][]
    ) {
      const type = types[path.split("/")[1] as keyof typeof types];
      assert.deepEqual([leaf.shape, [...leaf.data]], [type.shape, Array(leaf.data.length).fill(0)]);
    }
  }
});

Deno.test("update() leaves parameters without a gradient alone, decay included", () => {
  for (const optimizer of optimizers) {
    const params = step(optimizer, { a: 0.5 }, { a: 1, b: 2 });
    assert.equal(params.b![0], 2);
    assert.ok(params.a![0]! < 1);
  }
});

Deno.test("weight decay spares biases and norms unless told otherwise", () => {
  for (const make of [sgd, adam, adamw, adamax]) {
    const spared = step(make({ weightDecay: 0.5 }), { "x.weight": 0, "x.bias": 0 }, { "x.weight": 1, "x.bias": 1 });
    assert.ok(spared["x.weight"]![0]! < 1);
    assert.equal(spared["x.bias"]![0], 1);
    const asked = step(
      make({ weightDecay: 0.5, weightDecayFor: (name) => name === "x.bias" }),
      { "x.weight": 0, "x.bias": 0 },
      { "x.weight": 1, "x.bias": 1 },
    );
    assert.equal(asked["x.weight"]![0], 1);
    assert.ok(asked["x.bias"]![0]! < 1);
  }
  assertClose(step(adamw(), { weight: 0 }, { weight: 1 }).weight!, [1 - 0.1 * 0.01]);
});

Deno.test("decaysByDefault() reads the names of checkpoints", () => {
  const spared = [
    "bert.encoder.layer.0.attention.output.LayerNorm.weight",
    "bert.encoder.layer.0.attention.output.LayerNorm.gamma",
    "bert.embeddings.LayerNorm.bias",
    "bert.encoder.layer.0.attention.self.query.bias",
    "vit.encoder.layer.0.layernorm_before.weight",
    "vit.layernorm.weight",
    "text_model.encoder.layers.0.layer_norm1.weight",
    "vision_model.pre_layrnorm.weight",
    "transformer.resblocks.0.ln_1.weight",
    "ln_final.weight",
    "bias",
  ];
  const decaying = [
    "bert.encoder.layer.0.attention.self.query.weight",
    "bert.pooler.dense.weight",
    "bert.embeddings.word_embeddings.weight",
    "vit.embeddings.cls_token",
    "classifier.weight",
    "normalizer_head.dense.weight",
    "text_projection.weight",
  ];
  assert.deepEqual(spared.filter(decaysByDefault), []);
  assert.deepEqual(decaying.filter((name) => !decaysByDefault(name)), []);
});

Deno.test("scalars() are f64 on the host: bias corrections hold at any step", () => {
  const { stepSize, rootCorrection } = adam().scalars(1, 1e-3) as { stepSize: number; rootCorrection: number };
  assertClose([stepSize, rootCorrection], [1e-2, 1 / Math.sqrt(0.001)]);
  assertClose(Object.values(adam().scalars(1e6, 1e-3)), [1e-3, 1e-3, 1]);
  assert.deepEqual(sgd({ momentum: 0.9, dampening: 0.25 }).scalars(1, 2), { learningRate: 2, gradientShare: 1 });
  assert.deepEqual(sgd({ momentum: 0.9, dampening: 0.25 }).scalars(2, 2), { learningRate: 2, gradientShare: 0.75 });
});

Deno.test("clipByGlobalNorm() scales down only", () => {
  withTable(() => {
    const [a, b] = [inputTensor([2], "f32", 0), inputTensor([1], "f32", 1)];
    const given = new Map([[a, [3, 0]], [b, [-4]]]);
    const run = (maxNorm: number) => interpret(clipByGlobalNorm({ a, b }, maxNorm), given);
    assertClose(run(10).grads.a!, [3, 0]);
    assertClose(run(10).norm, [5]);
    assertClose(run(1).grads.b!, [-4 / 5.000001]);
    assert.ok(Number.isNaN(interpret(clipByGlobalNorm({ a, b }, 1), new Map([[a, [NaN, 0]], [b, [1]]])).grads.b![0]));
    assert.throws(() => globalNorm({}), /globalNorm: there is no tensor; give/);
  });
});

Deno.test("schedules have their ends, and refuse negative numbers", () => {
  const options = { learningRate: 2, warmup: 10, total: 110 };
  for (const schedule of [linearSchedule(options), cosineSchedule(options)]) {
    assertClose([0, 5, 10, 60, 110].map(schedule), [0, 1, 2, 1, 0], { atol: 1e-12 });
  }
  assertClose([0, 5, 10, 1000].map(constantSchedule({ learningRate: 2, warmup: 10 })), [0, 1, 2, 2]);
  assert.equal(constantSchedule({ learningRate: 2 })(0), 2);
  assert.equal(linearSchedule(options)(200), 0);
  assert.throws(() => linearSchedule({ learningRate: -1, total: 5 }), /schedule: learningRate -1/);
});

Deno.test("optimisers name what they cannot take", () => {
  withTable(() => {
    const [w, g] = [inputTensor([2], "f32", 0), inputTensor([3], "f32", 1)];
    const scalars = { learningRate: inputTensor([], "f32", 2) };
    const refuses = (call: () => unknown, message: RegExp) =>
      assert.throws(call, (error) => error instanceof ShapeError && message.test(error.message));
    refuses(() => sgd().update({ w: g }, {}, { w }, scalars), /sgd: gradient f32\[3\] of "w", which is f32\[2\]; give/);
    refuses(() => sgd().update({ v: w }, {}, { w }, scalars), /"v", which is no parameter/);
    refuses(
      () => adam().update({ w }, { m: { w } }, { w }, scalars),
      /adam: the state has no "v\/w"; make it with init/,
    );
    refuses(
      () => adam().update({ w }, { m: { w }, v: { w } }, { w }, scalars),
      /adam: scalar "rootCorrection" is missing/,
    );
    assert.throws(() => sgd({ nesterov: true }), /sgd: nesterov with momentum 0/);
  });
});
