import assert from "node:assert/strict";
import { lower, reachable, storageOf } from "../../../engine/compile/lower.ts";
import { inputTensor } from "../../../engine/graph/input.ts";
import type { Tensor } from "../../../engine/graph/node.ts";
import { apply } from "../../../engine/graph/node.ts";
import { selectThresholdOp } from "../../../engine/graph/index_ops.ts";
import { grad, stopGradient } from "../../../engine/grad.ts";
import { softmax } from "../../../engine/nn/mod.ts";
import * as o from "../../../engine/ops.ts";

const input = (shape: readonly number[], index = 0) => inputTensor(shape, "f32", index);

function lowered(node: Tensor): Tensor {
  return lower([node]).get(node)!;
}

const reductions = (node: Tensor) => reachable([node]).filter((one) => one.op.kind === "reduce");

Deno.test("lower() erases markers and what only their backward rules read", () => {
  const x = input([4, 8]);
  const y = stopGradient(softmax(x));
  const nodes = reachable([lowered(y)]);
  assert.ok(nodes.every((node) => node.op.kind !== "marker"));
  const g = lowered(grad(o.sum(o.square(y)), x));
  assert.ok(reachable([g]).every((node) => node.op.kind !== "marker"));
});

Deno.test("lower() keeps a graph that needs nothing", () => {
  const y = o.add(o.sum(input([4, 8]), 1), 1);
  assert.equal(lowered(y), y);
});

Deno.test("lower() brings the axes of a reduction together", () => {
  const [sum] = reductions(lowered(o.sum(input([4, 5, 6]), [0, 2])));
  assert.deepEqual(sum!.inputs[0]!.shape, [5, 4, 6]);
  assert.deepEqual(sum!.params.axes, [1, 2]);
});

Deno.test("lower() splits long reductions of few results in two stages, by their shapes alone", () => {
  const [first, second] = reductions(lowered(o.sum(input([10000]))));
  assert.deepEqual([first!.inputs[0]!.shape, second!.inputs[0]!.shape], [[100, 100], [100]]);
  const [tall] = reductions(lowered(o.sum(input([6000, 8]), 0)));
  assert.deepEqual(tall!.inputs[0]!.shape, [75, 80, 8]);
});

Deno.test("lower() does not split what is short, has many results or a prime length", () => {
  assert.equal(reductions(lowered(o.sum(input([4096])))).length, 1);
  assert.equal(reductions(lowered(o.sum(input([8192, 5000]), 0))).length, 1);
  assert.equal(reductions(lowered(o.sum(input([4099])))).length, 1);
});

Deno.test("lower() makes a reshape of a reduction of length 1", () => {
  const x = input([4, 1, 3]);
  const y = lowered(o.max(x, 1));
  assert.equal(y.op.name, "reshape");
  assert.equal(storageOf(y), x);
});

Deno.test("lower() copies an operand that a hand-written kernel would bind twice", () => {
  const keys = inputTensor([2, 3], "u32", 0), k = inputTensor([], "u32", 1);
  const y = lowered(apply(selectThresholdOp, [keys, o.reshape(keys, [6]), k]));
  assert.equal(new Set(y.inputs.map(storageOf)).size, 3);
});

Deno.test("lower() joins many pieces in groups", () => {
  const y = lowered(o.concat(Array.from({ length: 40 }, (_, i) => input([2], i)), 0));
  assert.ok(reachable([y]).every((node) => node.inputs.length <= 6));
  assert.deepEqual(y.shape, [80]);
});
