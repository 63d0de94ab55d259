import assert from "node:assert/strict";
import type { ContractKernel, MapKernel, ReduceKernel } from "../../../engine/compile/kernel.ts";
import { grad } from "../../../engine/grad.ts";
import { gelu, layerNorm, softmax } from "../../../engine/nn/mod.ts";
import * as o from "../../../engine/ops.ts";
import { kindsOf, planFunction, planStep, type } from "./support.ts";

const big = type([64, 32]);

Deno.test("epilogue: bias, activation and residual happen at a contraction's store", () => {
  const plan = planFunction(
    ({ x, w, b, r }) => o.add(r!, gelu(o.add(o.matmul(x!, w!), b!))),
    { x: big, w: type([32, 48]), b: type([48]), r: type([64, 48]) },
  );
  assert.deepEqual(kindsOf(plan), ["contract"]);
  assert.equal((plan.kernels[0] as ContractKernel).stores.length, 1);
});

Deno.test("epilogue: a pre-activation that is also needed is a second store", () => {
  const plan = planFunction(({ x, w }) => {
    const y = o.matmul(x!, w!);
    return [y, gelu(y)];
  }, { x: big, w: type([32, 48]) });
  assert.deepEqual(kindsOf(plan), ["contract"]);
  assert.equal((plan.kernels[0] as ContractKernel).stores.length, 2);
});

Deno.test("epilogue: splitting and merging heads costs no kernel", () => {
  const plan = planFunction(({ x, w, v }) => {
    const heads = o.permute(o.reshape(o.matmul(x!, w!), [8, 8, 4, 12]), [0, 2, 1, 3]);
    const context = o.matmul(o.matmul(heads, o.transpose(heads)), heads);
    return o.matmul(o.reshape(o.permute(context, [0, 2, 1, 3]), [64, 48]), v!);
  }, { x: big, w: type([32, 48]), v: type([48, 16]) });
  assert.deepEqual(kindsOf(plan), ["contract", "contract", "contract", "contract"]);
});

Deno.test("loads: a mask is applied on a contraction's load, an expensive operand is stored", () => {
  const types = { x: big, w: type([32, 48]), m: type([32, 48], "bool") };
  assert.deepEqual(kindsOf(planFunction(({ x, w, m }) => o.matmul(x!, o.where(m!, w!, 0)), types)), ["contract"]);
  assert.deepEqual(kindsOf(planFunction(({ x, w }) => o.matmul(o.tanh(x!), w!), types)), ["map", "contract"]);
});

Deno.test("rows: layerNorm is one kernel", () => {
  const plan = planFunction(({ x, g, b }) => layerNorm(x!, g!, b!, 1e-5), { x: big, g: type([32]), b: type([32]) });
  assert.deepEqual(kindsOf(plan), ["row"]);
  const [kernel] = plan.kernels as [ReduceKernel];
  assert.deepEqual(kernel.stages.map(({ fold }) => fold), ["sum", "sum"]);
  assert.deepEqual([kernel.outer, kernel.inner], [[64], [32]]);
});

Deno.test("rows: softmax is one kernel forward and one backward", () => {
  assert.deepEqual(kindsOf(planFunction(({ x }) => softmax(x!), { x: big })), ["row"]);
  const { plan } = planStep((state, { x, g }) => {
    const y = softmax(x!);
    return { state, metrics: { y, g: grad(o.sum(o.mul(y, g!)), x!) } };
  }, { batch: { x: big, g: big } });
  assert.ok(plan.kernels.every(({ kind }) => kind === "row"));
  assert.ok(plan.kernels.length <= 2);
});

Deno.test("rows: work before, between and after reductions over the same rows is one kernel", () => {
  const plan = planFunction(({ x, y }) => {
    const z = o.tanh(o.add(x!, y!));
    return o.sub(z, o.mean(z, 1, { keep: true }));
  }, { x: big, y: big });
  assert.deepEqual(kindsOf(plan), ["row"]);
});

Deno.test("rows: reductions over other axes are another kernel", () => {
  const plan = planFunction(({ x }) => [o.sum(x!, 0), o.sum(x!, 1)], { x: big });
  assert.deepEqual(kindsOf(plan).sort(), ["column", "row"]);
});

Deno.test("siblings: gradients of bias and scale that read the same value are one kernel", () => {
  const plan = planFunction(({ g, xhat }) => [o.sum(g!, 0), o.sum(o.mul(g!, xhat!), 0)], { g: big, xhat: big });
  assert.deepEqual(kindsOf(plan), ["column"]);
  assert.equal(plan.kernels[0]!.args.length, 4);
});

Deno.test("map: elementwise work over the same elements is one kernel with several outputs", () => {
  const { plan } = planStep((s, { g }) => {
    const m = o.add(o.mul(s.m!, 0.9), o.mul(g!, 0.1));
    const v = o.add(o.mul(s.v!, 0.99), o.mul(o.square(g!), 0.01));
    return { state: { m, v, p: o.sub(s.p!, o.div(m, o.sqrt(v))) }, metrics: {} };
  }, { state: { p: big, m: big, v: big }, batch: { g: big } });
  assert.deepEqual(kindsOf(plan), ["map"]);
  assert.equal((plan.kernels[0] as MapKernel).stores.length, 3);
});

Deno.test("map: values without a common read stay apart", () => {
  const plan = planFunction(({ x, y }) => [o.tanh(x!), o.tanh(y!)], { x: big, y: big });
  assert.deepEqual(kindsOf(plan), ["map", "map"]);
});

Deno.test("an optimiser's update happens at the store of the weight's gradient", () => {
  const { plan } = planStep((s, { x, g }) => {
    const grad = o.matmul(o.transpose(x!), g!);
    const m = o.add(o.mul(s.m!, 0.9), grad);
    return { state: { w: o.sub(s.w!, o.mul(m, 0.1)), m }, metrics: {} };
  }, { state: { w: type([32, 16]), m: type([32, 16]) }, batch: { x: big, g: type([64, 16]) } });
  assert.deepEqual(kindsOf(plan), ["contract"]);
  assert.deepEqual(plan.kernels[0]!.args.map(({ access }) => access).sort(), ["read", "read", "update", "update"]);
});

Deno.test("no kernel binds more buffers than the device allows", () => {
  const types = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`x${i}`, big]));
  for (const bindings of [8, 9, 12]) {
    const plan = planFunction(
      (x) => {
        const all = Object.values(x);
        const total = all.reduce((a, b) => o.add(a, b));
        return [...all.map((one) => o.mul(one, total)), o.concat(all, 0), o.sum(total)];
      },
      types,
      bindings,
    );
    assert.ok(plan.kernels.every(({ args }) => args.length <= bindings), `${bindings}`);
  }
});

Deno.test("new state that cannot be written in place counts as a buffer of its own", () => {
  // Each leaf becomes the one before it, scaled by the sum of all: none can be written in place.
  const names = Array.from({ length: 6 }, (_, i) => `w${i}`);
  const { plan } = planStep(
    (s) => {
      const total = names.map((name) => s[name]!).reduce((a, b) => o.add(a, b));
      const next = names.map((name, i) => [name, o.mul(s[names[(i + 1) % 6]!]!, total)] as const);
      return { state: Object.fromEntries(next), metrics: {} };
    },
    { state: Object.fromEntries(names.map((name) => [name, big])) },
    8,
  );
  assert.ok(plan.kernels.every(({ args }) => args.length <= 8));
});

Deno.test("what no output needs in the end is not computed", () => {
  const plan = planFunction(({ x, ids }) => {
    const rows = o.pad(o.gather(x!, ids!), 1, 40, 0, 1);
    return o.slice(rows, 1, 0, 20);
  }, { x: big, ids: type([5], "u32") });
  assert.deepEqual(kindsOf(plan), ["map"]);
});
