import assert from "node:assert/strict";
import { type Plan, plan } from "../../../engine/compile/plan.ts";
import { trace } from "../../../engine/compile/trace.ts";
import * as o from "../../../engine/ops.ts";
import { randomGraph } from "../suite/random_graph.ts";
import { randomStep } from "../suite/random_step.ts";
import { type StepCase, typesOf } from "../suite/steps.ts";
import { rounding } from "../suite/tolerance.ts";
import { checkPoisoned } from "./poison.ts";
import { planFunction, planStep, type } from "./support.ts";

/** A random graph as a step without state. */
function graphStep(seed: number): StepCase {
  const { name, inputs, build } = randomGraph(seed);
  const batch = Object.fromEntries(inputs.map((input, i) => [`x${i}`, input]));
  return {
    name,
    state: {},
    batches: [batch],
    step: (state, x) => ({ state, metrics: build(...Object.values(x)) }),
    tolerance: rounding(),
  };
}

const planOf = (one: StepCase): Plan => plan(trace(one.step as never, typesOf(one) as never), { bindings: 32 });
const samples = [
  ...Array.from({ length: 60 }, (_, seed) => graphStep(seed)),
  ...Array.from({ length: 60 }, (_, i) => randomStep(i)),
];

Deno.test("plan() never gives one slot to two values that live at the same time", () => {
  for (const one of samples) {
    const { lifetimes, buffers, slotBytes } = planOf(one);
    lifetimes.forEach((a, i) => {
      assert.ok(a.first <= a.last && a.bytes <= buffers[a.buffer]!.bytes);
      for (const b of lifetimes.slice(0, i)) {
        if (a.buffer === b.buffer) {
          assert.ok(a.last < b.first || b.last < a.first, `${one.name}: ${a.label}, ${b.label}`);
        }
      }
    });
    assert.equal(buffers.reduce((sum, { role, bytes }) => sum + (role === "slot" ? bytes : 0), 0), slotBytes);
  }
});

Deno.test("plan() needs hardly more slot bytes than are live at once", () => {
  let slots = 0, live = 0;
  for (const one of samples) {
    const { slotBytes, liveBytes } = planOf(one);
    assert.ok(slotBytes >= liveBytes);
    slots += slotBytes;
    live += liveBytes;
  }
  assert.ok(slots <= 1.15 * live, `${slots} bytes for ${live}`);
});

Deno.test("plan() keeps values until they are read: poisoned slots change nothing", async () => {
  for (const one of samples) await checkPoisoned(one);
});

Deno.test("plan() binds every argument within its buffer, and none twice", () => {
  for (const one of samples) {
    const { kernels, buffers } = planOf(one);
    for (const { args, label } of kernels) {
      assert.equal(new Set(args.map(({ buffer }) => buffer)).size, args.length, label);
      for (const { buffer, length } of args) assert.ok(4 * length <= buffers[buffer]!.bytes, label);
    }
  }
});

Deno.test("plan() packs small batch leaves into one buffer", () => {
  const scalars = planFunction(({ a, b, c, x }) => o.mul(x!, o.add(o.mul(a!, o.cast(b!, "f32")), o.sum(c!))), {
    a: type([]),
    b: type([], "u32"),
    c: type([3]),
    x: type([100]),
  });
  const [a, b, c, x] = scalars.batch;
  assert.equal(scalars.buffers.filter(({ role }) => role === "scalars").length, 1);
  assert.deepEqual([a!.byteOffset, b!.byteOffset, c!.byteOffset], [0, 4, 8]);
  assert.notEqual(x!.buffer, a!.buffer);
});

Deno.test("plan() does not pack what a hand-written kernel binds, seen through a reshape too", () => {
  for (
    const view of [
      (ids: Parameters<typeof o.reshape>[0]) => ids,
      (ids: Parameters<typeof o.reshape>[0]) => o.reshape(ids, [2, 3]),
    ]
  ) {
    const { buffers } = planFunction(({ table, ids }) => o.gather(table!, view(ids!)), {
      table: type([9, 4]),
      ids: type([6], "u32"),
    });
    assert.ok(buffers.every(({ role }) => role !== "scalars"));
  }
});

Deno.test("plan() puts literals into buffers of their own, once each", () => {
  const data = Float32Array.from({ length: 40 }, (_, i) => i);
  const { plan: planned } = planStep((state, { x }) => {
    const table = o.literal(data);
    return { state, metrics: { sum: o.sum(o.mul(x!, table)), table: o.add(table, 1) } };
  }, { batch: { x: type([40]) } });
  assert.equal(planned.buffers.filter(({ role }) => role === "literal").length, 1);
});
