import assert from "node:assert/strict";
import { grad, stopGradient, withVjp } from "../../../engine/grad.ts";
import { inputTensor } from "../../../engine/graph/input.ts";
import { type Tensor, withTable } from "../../../engine/graph/node.ts";
import * as o from "../../../engine/ops.ts";

const x = (index = 0): Tensor => inputTensor([2, 3], "f32", index);

Deno.test("apply() makes equal nodes one object inside a table", () => {
  withTable(() => {
    assert.equal(x(), x());
    assert.equal(o.add(o.exp(x()), 1), o.add(o.exp(x()), 1));
    assert.equal(o.sum(x(), [0]), o.sum(x(), 0));
    assert.notEqual(o.sum(x(), 0), o.sum(x(), 1));
    assert.notEqual(x(0), x(1));
    assert.notEqual(o.sub(x(0), x(1)), o.sub(x(1), x(0)));
    assert.notEqual(o.constant(1), o.constant(1, [], "u32"));
  });
});

Deno.test("apply() keeps constants apart that JSON would write the same", () => {
  withTable(() => {
    const values = [0, -0, Infinity, -Infinity, NaN];
    const nodes = values.map((value) => o.constant(value, [2]));
    assert.equal(new Set(nodes).size, values.length);
    nodes.forEach((node, i) => assert.ok(Object.is(node.params.value, values[i])));
    assert.equal(o.constant(-Infinity, [2]), nodes[3]);
  });
});

Deno.test("apply() compares attachments by identity", () => {
  withTable(() => {
    const data = Float32Array.of(1, 2);
    assert.equal(o.literal(data), o.literal(data));
    assert.notEqual(o.literal(data), o.literal(Float32Array.of(1, 2)));
    const rule = (g: Tensor): Tensor[] => [g];
    assert.equal(withVjp(o.exp(x()), [x()], rule), withVjp(o.exp(x()), [x()], rule));
    assert.notEqual(withVjp(o.exp(x()), [x()], rule), withVjp(o.exp(x()), [x()], (g) => [g]));
    assert.equal(stopGradient(x()), stopGradient(x()));
  });
});

Deno.test("withTable() ends with its call and nests", () => {
  const outer = withTable(() => {
    const a = x();
    const b = withTable(() => x());
    assert.notEqual(a, b);
    assert.equal(x(), a);
    return a;
  });
  assert.notEqual(withTable(() => x()), outer);
  assert.notEqual(x(), x());
  assert.throws(() =>
    withTable(() => {
      throw new Error("inside");
    }), /inside/);
  assert.notEqual(x(), x());
});

Deno.test("ids are a topological order, gradients included", () => {
  withTable(() => {
    const loss = o.sum(o.mul(o.exp(x()), o.log(x(1))));
    const open: Tensor[] = grad(loss, [x(), x(1)]);
    while (open.length) {
      const node = open.pop()!;
      for (const input of node.inputs) {
        assert.ok(input.id < node.id);
        open.push(input);
      }
    }
  });
});
