import assert from "node:assert/strict";
import type { Plan } from "../../../engine/compile/plan.ts";
import { stopGradient } from "../../../engine/grad.ts";
import * as o from "../../../engine/ops.ts";
import { planStep, type Tensors, type } from "./support.ts";

const big = type([64, 32]);
const [two, three] = [{ state: { a: big, b: big }, batch: { x: big } }, { state: { a: big, b: big, c: big } }];

/** Position of the kernel that writes state leaf number `leaf`, and of the last that reads it only. */
function accesses(plan: Plan, leaf: number): { readonly writes: number; readonly lastRead: number } {
  const buffer = plan.buffers.findIndex((spec) => spec.role === "state" && spec.leaf === leaf);
  const positions = (wanted: (access: string) => boolean) =>
    plan.kernels.map(({ args }, i) => args.some((arg) => arg.buffer === buffer && wanted(arg.access)) ? i : -1);
  return {
    writes: Math.max(...positions((access) => access !== "read")),
    lastRead: Math.max(...positions((access) => access === "read")),
  };
}

const planOf = (step: (s: Tensors, b: Tensors) => Tensors, types: object = two) =>
  planStep((s, b) => ({ state: step(s, b), metrics: {} }), types).plan;

Deno.test("order() overwrites a state leaf after its readers", () => {
  const { plan } = planStep((s, { x }) => {
    const next = o.add(s.a!, x!);
    return { state: { a: next }, metrics: { column: o.sum(s.a!, 0), row: o.sum(o.tanh(s.a!), 1), next: o.sum(next) } };
  }, { state: { a: big }, batch: { x: big } });
  const { writes, lastRead } = accesses(plan, 0);
  assert.deepEqual(plan.stateCopies, []);
  assert.ok(writes > lastRead);
});

Deno.test("order() writes in place what is read at the written element or not at all", () => {
  assert.deepEqual(planOf((s, { x }) => ({ a: o.mul(s.a!, 2), b: x! })).stateCopies, []);
  assert.deepEqual(planOf((s) => ({ a: o.sub(s.a!, o.mean(s.a!, 1, { keep: true })), b: s.b! })).stateCopies, []);
});

Deno.test("order() does not write in place what is read at another element", () => {
  const square = { state: { a: type([32, 32]) } };
  const copies = (step: (s: Tensors) => Tensors) => planOf(step, square).stateCopies.length;
  assert.equal(copies((s) => ({ a: o.transpose(s.a!) })), 1);
  assert.equal(copies((s) => ({ a: o.matmul(s.a!, s.a!) })), 1);
  assert.equal(copies((s) => ({ a: o.add(s.a!, o.slice(o.pad(s.a!, 1, 1, 0), 1, 0, 32)) })), 1);
  assert.equal(copies((s) => ({ a: o.gather(s.a!, o.iota([32])) })), 1, "a hand-written kernel reads all of it");
});

Deno.test("order() gives a swap a copy, behind markers too", () => {
  const swap = planOf((s) => ({ a: s.b!, b: s.a! }));
  assert.equal(swap.stateCopies.length, 1);
  const hidden = planOf((s) => ({ a: stopGradient(s.b!), b: stopGradient(s.a!) }));
  assert.equal(hidden.stateCopies.length, 1);
  const rotation = planOf((s) => ({ a: s.b!, b: s.c!, c: s.a! }), three);
  assert.equal(rotation.stateCopies.length, 1);
});

Deno.test("a state leaf that a step does not touch costs nothing", () => {
  const { plan } = planStep((s, { x }) => ({
    state: { a: o.add(s.a!, x!), b: stopGradient(s.b!) },
    metrics: {},
  }), two);
  assert.equal(plan.kernels.length, 1);
  assert.deepEqual([plan.stateCopies, plan.slotBytes], [[], 0]);
  assert.ok(plan.kernels.every(({ args }) => args.every((arg) => arg.buffer !== 1)));
});

Deno.test("one value for two state leaves is computed once and copied once", () => {
  const plan = planOf((s, { x }) => {
    const next = o.add(s.a!, x!);
    return { a: next, b: next };
  });
  assert.equal(plan.kernels.length, 1);
  assert.deepEqual(plan.stateCopies.map(({ from, to }) => [from, to]), [[0, 1]]);
});

Deno.test("a metric of an old state value is a copy made before it is overwritten", () => {
  const { plan } = planStep((s, { x }) => ({
    state: { a: o.add(s.a!, x!) },
    metrics: { old: stopGradient(s.a!), same: s.a! },
  }), { state: { a: big }, batch: { x: big } });
  const [old, same] = plan.metrics;
  assert.equal(old!.buffer, same!.buffer);
  assert.equal(plan.buffers[old!.buffer]!.role, "slot");
});
