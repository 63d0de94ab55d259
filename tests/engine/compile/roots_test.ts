import assert from "node:assert/strict";
import { chooseRoots } from "../../../engine/compile/roots.ts";
import { inputTensor } from "../../../engine/graph/input.ts";
import type { Tensor } from "../../../engine/graph/node.ts";
import * as o from "../../../engine/ops.ts";

const input = (index: number, shape: readonly number[] = [8, 8]) => inputTensor(shape, "f32", index);
const rootsOf = (outputs: readonly Tensor[], bindings = 32) => chooseRoots(outputs, bindings).roots;

Deno.test("chooseRoots() stores outputs, reductions and contractions, and nothing that is cheap", () => {
  const x = input(0), w = input(1);
  const cheap = o.add(x, 1);
  const sum = o.sum(cheap, 1), product = o.matmul(cheap, w);
  const out = o.add(o.mul(sum, 2), o.sum(product, 1));
  const roots = rootsOf([out]);
  assert.ok(roots.has(sum) && roots.has(product) && roots.has(out));
  assert.ok(!roots.has(cheap) && !roots.has(x));
});

Deno.test("chooseRoots() ends a chain of single uses over a contraction in a root", () => {
  const product = o.matmul(input(0), input(1));
  const biased = o.add(product, input(2, [8]));
  const active = o.tanh(biased);
  const roots = rootsOf([o.sum(active, 0), o.sum(active, 1)]);
  assert.ok(roots.has(active));
  assert.ok(!roots.has(biased));
});

Deno.test("chooseRoots() stores what is used again and costs more than a load", () => {
  const dear = o.exp(input(0)), cheap = o.mul(input(0), 2);
  const outputs = (x: Tensor) => [o.sum(x, 0), o.sum(o.permute(x, [1, 0]), 0)];
  assert.ok(rootsOf(outputs(dear)).has(dear));
  assert.ok(!rootsOf(outputs(cheap)).has(cheap));
  assert.ok(!rootsOf([o.sum(dear, 0)]).has(dear), "a single use is computed where it is read");
});

Deno.test("chooseRoots() stores what an extremum is taken of, when it is compared with it", () => {
  const x = o.mul(input(0), input(1));
  const top = o.max(x, 1, { keep: true });
  assert.ok(rootsOf([o.cast(o.equal(x, top), "f32")]).has(x));
  assert.ok(!rootsOf([top]).has(x));
});

Deno.test("chooseRoots() stores the operand that merges permuted axes", () => {
  const x = o.tanh(input(0, [2, 4, 8, 3]));
  const merged = o.reshape(o.permute(x, [0, 2, 1, 3]), [16, 12]);
  assert.ok(rootsOf([o.matmul(merged, input(1, [12, 5]))]).has(merged));
});

Deno.test("chooseRoots() stores parts of a sum over more tensors than a kernel may bind", () => {
  const sum = Array.from({ length: 40 }, (_, i) => input(i)).reduce((a, b) => o.add(a, b));
  assert.equal(rootsOf([sum], 64).size, 1);
  assert.equal(rootsOf([sum], 16).size, 3);
});

Deno.test("chooseRoots() stores a value between operations that are too many in a row", () => {
  let x: Tensor = input(0);
  for (let i = 0; i < 300; i++) x = o.mul(x, 0.5);
  assert.equal(rootsOf([x]).size, 3);
});
