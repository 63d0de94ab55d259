import assert from "node:assert/strict";
import { grad, linear, literal, matmul, mul, patchEmbedding, relu, stopGradient, sum } from "../../../engine/mod.ts";
import { type Tensor, withTable } from "../../../engine/graph/node.ts";
import { inputTensor } from "../../../engine/graph/input.ts";
import { OptionError, wanda } from "../../../seven/mod.ts";
import { linearInputs } from "../../../seven/linear_inputs.ts";
import { isViTPrunable, viT, viTConfig, viTShapes } from "../../../models/mod.ts";
import { assertClose } from "../../support/assert_close.ts";
import { judge, situation } from "../support/oracle.ts";

Deno.test("wanda() scores |theta| times the norm of its input over all batches", () => {
  const first = situation(), second = { ...first, batch: situation(3).batch };
  const before = judge(wanda(), first);
  const { state, score } = judge(wanda(), { ...second, state: before.state });
  const { w1, b1, w2 } = first.params;
  const squares = { w1: new Float64Array(10), w2: new Float64Array(24) };
  for (const { batch: { x } } of [first, second]) {
    for (let row = 0; row < 16; row++) {
      for (let i = 0; i < 10; i++) squares.w1[i]! += x[row * 10 + i]! ** 2;
      for (let h = 0; h < 24; h++) {
        let s = b1![h]!;
        for (let i = 0; i < 10; i++) s += x[row * 10 + i]! * w1![h * 10 + i]!;
        squares.w2[h]! += Math.max(0, s) ** 2;
      }
    }
  }
  assertClose(state.squares!.w1!, squares.w1, { rtol: 1e-6 });
  assertClose(state.squares!.w2!, squares.w2, { rtol: 1e-6 });
  assertClose(score.w1!, w1!.map((x, i) => Math.abs(x) * Math.sqrt(squares.w1[i % 10]!)), { rtol: 1e-6 });
  assertClose(score.w2!, w2!.map((x, i) => Math.abs(x) * Math.sqrt(squares.w2[i % 24]!)), { rtol: 1e-6 });
});

Deno.test("wanda() refuses vectors", () => {
  assert.throws(
    () => wanda().init({ bias: { shape: [4], dtype: "f32" } }),
    (error) => error instanceof OptionError && /wanda: bias has the shape \[4\]/.test(error.message),
  );
});

Deno.test("linearInputs() finds what a weight multiplies, through any leading axes and gradient rules", () => {
  withTable(() => {
    const x = inputTensor([2, 3, 4], "f32", 0), w = inputTensor([5, 4], "f32", 1);
    const find = (y: Tensor, weight = w) => linearInputs(sum(y))(weight, "w");
    assert.deepEqual(find(linear(x, w)).shape, [6, 4]);
    assert.equal(find(linear(stopGradient(x), stopGradient(w))).shape[1], 4);
    // A weight may be an inner node: masked, say.
    const masked = mul(w, 2);
    assert.equal(find(relu(linear(x, masked)), masked), find(linear(x, w)));
    const one = inputTensor([1, 4], "f32", 2);
    assert.deepEqual(find(linear(x, one), one).shape, [6, 4]);
    const images = inputTensor([2, 3, 4, 4], "f32", 3), kernel = inputTensor([5, 3, 2, 2], "f32", 4);
    assert.deepEqual(find(patchEmbedding(images, kernel), kernel).shape, [8, 12]);
    // The contractions of the gradient are not the loss's: they are not seen.
    const loss = sum(relu(linear(x, w)));
    grad(loss, { x, w });
    assert.deepEqual(linearInputs(loss)(w, "w").shape, [6, 4]);
  });
});

Deno.test("linearInputs() names a weight that multiplies nothing, or several inputs", () => {
  withTable(() => {
    const x = inputTensor([3, 4], "f32", 0), y = inputTensor([3, 4], "f32", 1), w = inputTensor([4, 4], "f32", 2);
    const find = (loss: Tensor) => () => linearInputs(sum(loss))(w, "layer.weight");
    assert.throws(find(mul(x, 2)), /layer.weight is no linear layer's weight/);
    assert.throws(find(matmul(x, w)), /layer.weight is no linear layer's weight/);
    assert.throws(find(mul(linear(x, w), linear(y, w))), /layer.weight multiplies 2 different inputs/);
    assert.equal(find(mul(linear(x, w), linear(x, w)))(), x);
  });
});

Deno.test("linearInputs() knows every prunable weight of a ViT", () => {
  const config = viTConfig({
    model_type: "vit",
    hidden_size: 8,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    intermediate_size: 16,
    image_size: 8,
    patch_size: 4,
    num_channels: 1,
    num_labels: 3,
  }, "config.json");
  withTable(() => {
    let index = 1;
    const shapes = viTShapes(config);
    const params = Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [name, inputTensor(shape, "f32", index++)]),
    );
    const inputOf = linearInputs(sum(viT(params, config, literal(new Float32Array(128), [2, 1, 8, 8]))));
    const names = Object.keys(shapes).filter(isViTPrunable);
    assert.equal(names.length, 12);
    // 2 images of 4 patches and a class token.
    for (const name of names) assert.deepEqual(inputOf(params[name]!, name).shape, [10, shapes[name]![1]], name);
  });
});
