import assert from "node:assert/strict";
import fc from "fast-check";
import { apply, ShapeError, type Tensor } from "../../engine/graph/node.ts";
import { argsortOp } from "../../engine/graph/sort_ops.ts";
import { argsort, literal, mul, reshape, sort, sum, takeAlongLast, topk } from "../../engine/mod.ts";
import { interpret } from "../../engine/reference/interpret.ts";
import { checkGradients } from "../support/gradients.ts";
import { orderByDefinition } from "../support/order.ts";
import { uniformValues, values } from "../support/values.ts";

const special = fc.constantFrom(0, -0, 1, -1, Infinity, -Infinity, NaN, 1e-45, -1e-45, 1e-40, 3.4e38);
const element = fc.oneof(special, fc.float(), fc.constantFrom(0.5, 0.25));

const evaluate = (tensor: Tensor): number[] => [...interpret([tensor] as const, new Map())[0]!];

Deno.test("argsort() is the stable order of each row, ascending and descending", () => {
  fc.assert(fc.property(fc.array(element, { minLength: 1, maxLength: 60 }), fc.boolean(), (row, descending) => {
    const x = Float32Array.from(row);
    const order = evaluate(argsort(literal(x), { descending }));
    assert.deepEqual(order, orderByDefinition(x, descending));
    assert.deepEqual([...order].sort((a, b) => a - b), row.map((_, i) => i), "a permutation");
  }));
});

Deno.test("argsort() of integers goes by value over their whole range", () => {
  const integers = fc.array(fc.oneof(fc.integer(), fc.constantFrom(0, 1, -1, 2 ** 31 - 1, -(2 ** 31))), {
    minLength: 1,
  });
  fc.assert(fc.property(integers, fc.boolean(), (row, descending) => {
    for (const x of [Int32Array.from(row), Uint32Array.from(row)]) {
      assert.deepEqual(evaluate(argsort(literal(x), { descending })), orderByDefinition(x, descending));
    }
  }));
});

Deno.test("sort() of a batch sorts each row and keeps every element, signs of zeros included", () => {
  const rows = [[3, -0, 0, NaN, -1], [0, -0, -Infinity, Infinity, 1e-45]];
  const sorted = evaluate(sort(literal(Float32Array.from(rows.flat()), [2, 5])));
  const expected = rows.flatMap((row) => {
    const x = Float32Array.from(row);
    return orderByDefinition(x, false).map((i) => x[i]!);
  });
  assert.equal(sorted.length, expected.length);
  sorted.forEach((value, i) => assert.ok(Object.is(value, expected[i]), `${i}: ${value}, not ${expected[i]}`));
});

Deno.test("topk() gives the greatest in descending order, for every k", () => {
  fc.assert(fc.property(fc.array(element, { minLength: 1, maxLength: 20 }), (row) => {
    const x = Float32Array.from(row), order = orderByDefinition(x, true);
    for (let k = 1; k <= x.length; k++) {
      const top = topk(literal(x), k);
      assert.deepEqual(evaluate(top.indices), order.slice(0, k));
      assert.deepEqual(evaluate(top.values), order.slice(0, k).map((i) => x[i]!));
    }
  }));
});

Deno.test("gradients of sort(), topk() and takeAlongLast() go to where the elements came from", () => {
  const x = uniformValues([3, 7], 1);
  const weights = literal(Float32Array.from({ length: 21 }, (_, i) => i - 4.5), [3, 7]);
  checkGradients((x) => mul(sort(x), weights), [x]);
  checkGradients((x) => mul(sort(x, { descending: true }), sort(x)), [x]);
  checkGradients((x) => topk(x, 3).values, [x]);
  checkGradients((x) => sum(mul(topk(x, 2).values, topk(x, 2).values), 1), [x]);
  const indices = values([3, 4], [0, 0, 6, 7, 2, 2, 2, 1, 5, 4, 3, 9], "u32");
  checkGradients((x, i) => takeAlongLast(x, i), [x, indices]);
});

Deno.test("takeAlongLast() gives 0 for a position outside its row, and never another row's element", () => {
  const x = literal(Float32Array.of(1, 2, 3, 4), [2, 2]);
  assert.deepEqual(evaluate(takeAlongLast(x, literal(Uint32Array.of(1, 2, 0xffffffff, 0), [2, 2]))), [2, 0, 0, 3]);
  assert.deepEqual(evaluate(takeAlongLast(x, literal(Int32Array.of(-1, 0, 2, 1), [2, 2]))), [0, 1, 0, 4]);
});

Deno.test("what cannot be sorted is refused with the operation, the type and the remedy", () => {
  const x = literal(Float32Array.of(1, 2));
  assert.throws(() => sort(reshape(literal(Float32Array.of(1)), [])), /argsort: f32\[\] has no axis/);
  assert.throws(() => topk(x, 3), /topk: 3 of rows of f32\[2\]/);
  assert.throws(() => topk(x, 1.5), ShapeError);
  assert.throws(() => apply(argsortOp, [x]), /argsort: takes one u32 tensor .* got f32\[2\]/);
  assert.throws(() => takeAlongLast(x, literal(Uint32Array.of(1), [1, 1])), /takeAlongLast: f32\[2\] by u32\[1,1\]/);
});
