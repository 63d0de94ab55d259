import assert from "node:assert/strict";
import { grad, stopGradient, valueAndGrad, vjp, withVjp } from "../../engine/grad.ts";
import { inputTensor } from "../../engine/graph/input.ts";
import { apply, type Tensor, withTable } from "../../engine/graph/node.ts";
import { scalarOps } from "../../engine/graph/scalar_ops.ts";
import * as nn from "../../engine/nn/mod.ts";
import * as o from "../../engine/ops.ts";
import { interpret } from "../../engine/reference/interpret.ts";
import { assertClose } from "../support/assert_close.ts";
import { checkAdjoint, checkGradients, directionalDerivative } from "../support/gradients.ts";
import { dot, uniformArray, uniformValues, values } from "../support/values.ts";

/** Operands of each differentiable scalar operation, away from kinks and poles; [low, high] for each operand. */
const scalar: Readonly<Record<string, readonly (readonly [number, number])[]>> = {
  copy: [[-2, 2]],
  neg: [[-2, 2]],
  abs: [[0.1, 2]],
  exp: [[-2, 2]],
  log: [[0.5, 3]],
  sqrt: [[0.5, 3]],
  rsqrt: [[0.5, 3]],
  sin: [[-3, 3]],
  cos: [[-3, 3]],
  tanh: [[-2, 2]],
  erf: [[-2, 2]],
  add: [[-2, 2], [-2, 2]],
  sub: [[-2, 2], [-2, 2]],
  mul: [[-2, 2], [-2, 2]],
  div: [[-2, 2], [0.5, 2]],
  max: [[-1, 1], [-1, 1]],
  min: [[-1, 1], [-1, 1]],
};

for (const [name, ranges] of Object.entries(scalar)) {
  Deno.test(`${name}: vjp agrees with finite differences to second order`, () => {
    const operands = ranges.map(([low, high], i) => uniformValues([3, 4], 10 + i, low, high));
    // Multiplied by a smooth function of the operand, so that second derivatives of linear operations are not all 0.
    checkGradients((...xs) => o.mul(apply(scalarOps[name]!, xs), o.sin(xs[0]!)), operands);
  });
}

Deno.test("abs has the gradient of its sign on both sides", () => {
  withTable(() => {
    const x = inputTensor([3], "f32", 0);
    const g = interpret(grad(o.sum(o.abs(x)), x), new Map([[x, [-2, 0, 3]]]));
    assert.deepEqual([...g], [-1, 0, 1]);
  });
});

Deno.test("select: vjp sends the cotangent to the branch taken", () => {
  checkGradients((a, b) => o.where(o.less(a!, 0), o.mul(a!, a!), o.exp(b!)), [
    uniformValues([8], 1),
    uniformValues([8], 2),
  ]);
});

Deno.test("every scalar operation with a vjp is checked here", () => {
  const withoutDerivative = ["sign", "floor", "cast", "select"];
  const differentiable = Object.entries(scalarOps).filter(([, op]) => op.vjp).map(([name]) => name);
  assert.deepEqual(
    differentiable.filter((name) => !withoutDerivative.includes(name)).sort(),
    Object.keys(scalar).sort(),
  );
});

Deno.test("max and min give ties to the first operand, sign and floor give nothing", () => {
  withTable(() => {
    const [a, b] = [inputTensor([1], "f32", 0), inputTensor([1], "f32", 1)];
    const at = (y: Tensor) => interpret(grad(o.sum(y), [a, b]), new Map([[a, [2]], [b, [2]]])).map((g) => g[0]);
    assert.deepEqual(at(o.maximum(a, b)), [1, 0]);
    assert.deepEqual(at(o.minimum(b, a)), [0, 1]);
    assert.deepEqual(at(o.add(o.sign(a), o.floor(b))), [0, 0]);
    assert.deepEqual(at(o.cast(o.cast(a, "u32"), "f32")), [0, 0]);
  });
});

const ids = values([2, 3], [4, 0, 4, 1, 9, 0], "u32");
const linearOps: Readonly<Record<string, readonly [(...xs: Tensor[]) => Tensor, ...ReturnType<typeof values>[]]>> = {
  reshape: [(x) => o.reshape(x!, [4, 3]), uniformValues([2, 6], 1)],
  permute: [(x) => o.permute(x!, [2, 0, 1]), uniformValues([2, 3, 4], 1)],
  "broadcast of new and stretched axes": [(x) => o.broadcastTo(x!, [5, 2, 4, 3]), uniformValues([2, 1, 3], 1)],
  slice: [(x) => o.slice(x!, 1, 1, 4), uniformValues([2, 6, 2], 1)],
  "stepped slice": [(x) => o.slice(x!, -2, 1, 6, 2), uniformValues([2, 7, 2], 1)],
  "stepped slice to the end": [(x) => o.slice(x!, 0, 2, undefined, 3), uniformValues([9], 1)],
  "stepped slice of one element": [(x) => o.slice(x!, 0, 5, undefined, 4), uniformValues([7, 2], 1)],
  pad: [(x) => o.pad(o.pad(x!, 0, 1, 2), -1, 0, 3), uniformValues([2, 3], 1)],
  "concat, first operand": [
    (x, y) => o.concat([x!, o.mul(y!, 0)], 1),
    uniformValues([2, 3], 1),
    uniformValues([2, 2], 2),
  ],
  "concat of one twice": [(x) => o.concat([x!, x!], -1), uniformValues([2, 3], 1)],
  "sum over the last": [(x) => o.sum(x!, -1), uniformValues([2, 3, 4], 1)],
  "sum over some": [(x) => o.sum(x!, [0, 2]), uniformValues([2, 3, 4], 1)],
  mean: [(x) => o.mean(x!, 1, { keep: true }), uniformValues([2, 3, 4], 1)],
  "matmul, left": [(a, b) => o.matmul(a!, b!), uniformValues([2, 3, 4], 1), uniformValues([2, 4, 5], 2)],
  "matmul, right": [(b, a) => o.matmul(a!, b!), uniformValues([2, 4, 5], 1), uniformValues([2, 3, 4], 2)],
  "matmul, shared right": [(b, a) => o.matmul(a!, b!), uniformValues([4, 5], 1), uniformValues([2, 3, 4], 2)],
  "matmul, batch of one": [(a, b) => o.matmul(a!, b!), uniformValues([1, 3, 4], 1), uniformValues([2, 4, 5], 2)],
  "gather, with an id outside": [(table, i) => o.gather(table!, i!), uniformValues([5, 2], 1), ids],
  "scatterAdd, with an id outside": [(x, i) => o.scatterAdd(i!, x!, 5), uniformValues([2, 3, 2], 1), ids],
};

for (const [name, [fn, ...inputs]] of Object.entries(linearOps)) {
  Deno.test(`${name}: vjp is the adjoint, and agrees with finite differences to second order`, () => {
    checkAdjoint(fn, inputs);
    checkGradients((...xs) => {
      const y = fn(...xs);
      return o.mul(y, o.sin(y));
    }, inputs);
  });
}

Deno.test("reduceMax and reduceMin: vjp agrees with finite differences, ties share", () => {
  checkGradients((x) => o.mul(o.max(x!, 1), o.min(x!, -1)), [uniformValues([4, 5], 3)]);
  withTable(() => {
    const x = inputTensor([4], "f32", 0);
    const given = new Map([[x, [1, 3, 3, 0]]]);
    assert.deepEqual([...interpret(grad(o.max(x), x), given)], [0, 0.5, 0.5, 0]);
  });
});

Deno.test("grad() adds contributions of all uses and gives zeros where there are none", () => {
  withTable(() => {
    const [x, y] = [inputTensor([2], "f32", 0), inputTensor([3], "f32", 1)];
    const grads = grad(o.sum(o.add(o.mul(x, x), o.mul(x, 3))), { x, list: [y, x] as const });
    const { x: gx, list: [gy, again] } = interpret(grads, new Map([[x, [1, -2]]]));
    assert.deepEqual([...gx!], [5, -1]);
    assert.deepEqual([...again!], [5, -1]);
    assert.deepEqual([...gy!], [0, 0, 0]);
  });
});

Deno.test("grad() with respect to an inner node and a leaf under it at once", () => {
  withTable(() => {
    const [w, m, x] = [0, 1, 2].map((i) => inputTensor([2, 2], "f32", i)) as [Tensor, Tensor, Tensor];
    const masked = o.mul(w, m);
    const loss = o.sum(o.square(o.matmul(x, masked)));
    const data = [uniformArray(4, 1), Float64Array.of(1, 0, 0, 1), uniformArray(4, 3)];
    const given = new Map([w, m, x].map((t, i) => [t, data[i]!]));
    const [inner, outer] = interpret(grad(loss, [masked, w]), given);
    // The inner gradient does not know the mask: it is not 0 at pruned weights.
    assert.ok(Math.abs(inner![1]!) > 1e-3 && outer![1] === 0);
    assertClose(outer!, inner!.map((g, i) => g * data[1]![i]!));
    const direction = uniformArray(4, 9);
    const product = data[0]!.map((v, i) => v * data[1]![i]!);
    const difference = directionalDerivative(
      ([at]) => interpret(loss, new Map([[masked, at!], [x, data[2]!]]))[0]!,
      [product],
      [direction],
    );
    assertClose([dot(inner!, direction)], [difference], { rtol: 1e-8 });
  });
});

Deno.test("grad() of the loss with respect to itself is 1", () => {
  withTable(() => {
    const x = inputTensor([], "f32", 0);
    assert.deepEqual([...interpret(grad(x, x), new Map([[x, [3]]]))], [1]);
  });
});

Deno.test("valueAndGrad() returns both; vjp() takes a cotangent of the output", () => {
  withTable(() => {
    const x = inputTensor([2], "f32", 0);
    const { value, grads } = valueAndGrad((p: { x: Tensor }) => o.sum(o.exp(p.x)), { x });
    const given = new Map([[x, [0, 1]]]);
    const result = interpret({ value, g: grads.x }, given);
    assertClose(result.value, [1 + Math.E]);
    assertClose(result.g, [1, Math.E]);
    const pulled = vjp(o.exp(x), o.literal(Float32Array.of(2, 0)), x);
    assertClose(interpret(pulled, given), [2, 0]);
  });
});

Deno.test("stopGradient() is the same value without a gradient", () => {
  withTable(() => {
    const x = inputTensor([2], "f32", 0);
    const y = o.mul(stopGradient(x), x);
    const given = new Map([[x, [3, 4]]]);
    assert.deepEqual([...interpret(y, given)], [9, 16]);
    assert.deepEqual([...interpret(grad(o.sum(y), x), given)], [3, 4]);
    assert.deepEqual([...interpret(grad(o.sum(stopGradient(y)), x), given)], [0, 0]);
  });
});

Deno.test("withVjp() uses its rule, also under a second derivative", () => {
  const cubeBackward = (g: Tensor, node: Tensor): Tensor[] => [o.mul(g, o.mul(o.square(node.inputs[1]!), 3))];
  const cube = (x: Tensor) => withVjp(o.mul(x, o.square(x)), [x], cubeBackward);
  checkGradients((x) => cube(o.sin(x!)), [uniformValues([5], 1)]);
  // A straight-through estimator: the value rounds, the gradient does not.
  const through = (x: Tensor) => withVjp(o.floor(x), [x], (g) => [g]);
  withTable(() => {
    const x = inputTensor([2], "f32", 0);
    const given = new Map([[x, [1.7, -0.2]]]);
    assert.deepEqual([...interpret(through(x), given)], [1, -1]);
    assert.deepEqual([...interpret(grad(o.sum(o.mul(through(x), 2)), x), given)], [2, 2]);
  });
});

Deno.test("Hessian-vector product of a classifier agrees with finite differences of its gradient", () => {
  withTable(() => {
    const shapes = { w1: [6, 4], b1: [6], gamma: [6], beta: [6], w2: [3, 6] } as const;
    const names = Object.keys(shapes) as (keyof typeof shapes)[];
    const params = Object.fromEntries(names.map((name, i) => [name, inputTensor(shapes[name], "f32", i)]));
    const vector = names.map((name, i) => inputTensor(shapes[name], "f32", 10 + i));
    const x = inputTensor([5, 4], "f32", 20);
    const labels = inputTensor([5], "u32", 21);
    const hidden = nn.layerNorm(nn.gelu(nn.linear(x, params.w1!, params.b1)), params.gamma!, params.beta!, 1e-5);
    const attended = o.matmul(nn.softmax(o.matmul(hidden, o.transpose(hidden))), hidden);
    const loss = nn.crossEntropy(nn.linear(attended, params.w2!), labels, { labelSmoothing: 0.1 });
    const wrt = names.map((name) => params[name]!);
    const grads = grad(loss, wrt);
    const product = grad(grads.map((g, i) => o.sum(o.mul(g, vector[i]!))).reduce((a, b) => o.add(a, b)), wrt);
    const data = wrt.map((tensor, i) => uniformArray(tensor.shape.reduce((a, b) => a * b, 1), 30 + i));
    const v = wrt.map((_, i) => uniformArray(data[i]!.length, 50 + i));
    const fixed: [Tensor, ArrayLike<number>][] = [[x, uniformArray(20, 70)], [labels, [0, 2, 1, 1, 0]]];
    const at = (step: number) =>
      interpret(
        grads,
        new Map([...fixed, ...wrt.map((t, i) => [t, data[i]!.map((p, j) => p + step * v[i]![j]!)] as const)]),
      );
    const exact = interpret(
      product,
      new Map([...fixed, ...[...wrt, ...vector].map((t, i) => [t, [...data, ...v][i]!] as const)]),
    );
    const h = 1e-4;
    const [up, down, upper, downer] = [at(h), at(-h), at(2 * h), at(-2 * h)];
    names.forEach((name, i) => {
      const difference = exact[i]!.map((_, j) =>
        (8 * (up[i]![j]! - down[i]![j]!) - (upper[i]![j]! - downer[i]![j]!)) / (12 * h)
      );
      assertClose(exact[i]!, difference, { rtol: 1e-7, atol: 1e-9 }, name);
    });
  });
});

Deno.test("grad() walks a graph deeper than the call stack", () => {
  withTable(() => {
    const x = inputTensor([1], "f32", 0);
    let y = x;
    for (let i = 0; i < 20_000; i++) y = o.add(y, 1);
    const result = interpret([y, grad(o.sum(y), x)], new Map([[x, [0.5]]]));
    assert.deepEqual(result.map((r) => r[0]), [20_000.5, 1]);
  });
});
