import assert from "node:assert/strict";
import type { Device } from "../../../engine/device/device.ts";
import { ShapeError, type Tensor } from "../../../engine/graph/node.ts";
import { tap } from "../../../engine/graph/taps.ts";
import { stopGradient } from "../../../engine/grad.ts";
import type { HostTensor } from "../../../engine/host.ts";
import * as o from "../../../engine/ops.ts";
import { firstNonFinite } from "../../../engine/compile/finite.ts";
import { checkSteps, type StepCase } from "./steps.ts";
import { onDevices, randoms, tensor } from "./support.ts";
import { rounding } from "./tolerance.ts";

const f32 = (shape: readonly number[]) => ({ shape, dtype: "f32" as const });

/** A case of one batch leaf `x` of the shape of the state leaves. */
function steps(name: string, state: StepCase["state"], step: StepCase["step"]): StepCase {
  const { shape } = Object.values(state)[0]!;
  return {
    name,
    state,
    step,
    batches: [1, 2, 3].map((seed) => ({ x: randoms(shape, seed) })),
    tolerance: rounding(32, 16),
  };
}

const [a, b] = [randoms([4, 6], 11), randoms([4, 6], 12)];

onDevices("state that is delicate to replace", async (device) => {
  const cases: readonly StepCase[] = [
    steps("a swap", { a, b }, (s) => ({ state: { a: s.b!, b: s.a! }, metrics: {} })),
    steps("a swap behind markers", { a, b }, (s) => ({
      state: { a: stopGradient(s.b!), b: stopGradient(s.a!) },
      metrics: { old: stopGradient(s.a!), same: s.a! },
    })),
    steps("a rotation of three", { a, b, c: randoms([4, 6], 13) }, (s, { x }) => ({
      state: { a: s.b!, b: s.c!, c: o.add(s.a!, x!) },
      metrics: { sum: o.sum(s.a!) },
    })),
    steps("one value for two leaves", { a, b }, (s, { x }) => {
      const next = o.mul(o.add(s.a!, x!), 0.5);
      return { state: { a: next, b: next }, metrics: { next } };
    }),
    steps("a new value beside a use of the old one", { a, b }, (s, { x }) => ({
      state: { a: o.mul(x!, 2), b: o.add(s.a!, x!) },
      metrics: { product: o.mul(s.a!, o.mul(x!, 2)) },
    })),
    steps("a transposed self", { a: randoms([5, 5], 1) }, (s) => ({ state: { a: o.transpose(s.a!) }, metrics: {} })),
    steps("a shifted self", { a }, (s) => ({
      state: { a: o.concat([o.slice(s.a!, 1, 1), o.slice(s.a!, 1, 0, 1)], 1) },
      metrics: { mean: o.mean(s.a!) },
    })),
    steps("a product over itself", { a: randoms([5, 5], 2) }, (s) => ({
      state: { a: o.mul(o.matmul(s.a!, s.a!), 0.25) },
      metrics: {},
    })),
    steps("rows taken from itself", { a: randoms([4, 6], 3) }, (s) => ({
      state: { a: o.gather(s.a!, o.sub(3, o.iota([4]))) },
      metrics: { first: o.take(s.a!, 0, 0) },
    })),
    steps("a row's sum that the row still needs", { a, r: randoms([4], 4) }, (s, { x }) => {
      const scaled = o.mul(s.a!, o.reshape(s.r!, [4, 1]));
      return { state: { a: o.add(scaled, x!), r: o.mul(o.sum(scaled, 1), 0.25) }, metrics: { scaled } };
    }),
    steps("a column's sum that the column still needs", { a, c: randoms([6], 5) }, (s, { x }) => {
      const scaled = o.mul(s.a!, s.c!);
      return { state: { a: o.sub(x!, scaled), c: o.mul(o.sum(scaled, 0), 0.25) }, metrics: { scaled } };
    }),
    steps("normalised in place", { a }, (s) => ({
      state: { a: o.sub(s.a!, o.mean(s.a!, 1, { keep: true })) },
      metrics: { mean: o.mean(s.a!, 1) },
    })),
    steps("constants and untouched leaves", { a, b }, (s) => ({
      state: { a: o.constant(3, [4, 6]), b: s.b! },
      metrics: { three: o.constant(3, []), iota: o.iota([5]) },
    })),
    steps(
      "an integer counter and flags",
      { a: tensor([3], [1, 2, 3], "u32"), f: tensor([3], [1, 0, 1], "bool") },
      (s) => ({
        state: { a: o.add(s.a!, 1), f: o.not(s.f!) },
        metrics: { any: o.max(o.cast(s.f!, "u32")) },
      }),
    ),
  ].map((one) => one.name.startsWith("an integer") ? { ...one, batches: one.batches.map(() => ({})) } : one);
  for (const one of cases) await checkSteps(device, one);
});

/** A program that adds its inputs to the state and counts. */
async function counter(device: Device) {
  const state = device.place({ total: tensor([3], [0, 0, 0]) });
  const step = (s: { total: Tensor }, { x, k }: { x: Tensor; k: Tensor }) => {
    const total = o.add(s.total, o.mul(x, k));
    return { state: { total }, metrics: { sum: o.sum(total), k } };
  };
  const program = await device.compile(step, { state: state.types, batch: { x: f32([3]), k: f32([]) } });
  return { state, program };
}

const x = Float32Array.of(1, 2, 3);

onDevices("Program.metrics() gives unread runs in order, and the newest when the ring was overrun", async (device) => {
  const { state, program } = await counter(device);
  using _program = program, _state = state;
  for (let k = 0; k < 5; k++) program.run(state, { x, k });
  const first = await program.metrics();
  assert.deepEqual(first.map(({ run, values }) => [run, values.k, values.sum]), [
    [0, 0, 0],
    [1, 1, 6],
    [2, 2, 18],
    [3, 3, 36],
    [4, 4, 60],
  ]);
  assert.deepEqual(await program.metrics(), []);
  await assert.rejects(() => program.lastMetrics(), /no run since/);
  const many = program.ring + 10;
  for (let k = 0; k < many; k++) program.run(state, { x, k: k % 7 });
  const rest = await program.metrics();
  assert.equal(rest.length, program.ring);
  assert.equal(rest[0]!.run, 15);
  assert.equal(rest.at(-1)!.run, 5 + many - 1);
  assert.deepEqual(rest.map(({ values }) => values.k), rest.map(({ run }) => (run - 5) % 7));
});

onDevices("Program.run() refuses batches that do not fit, and goes on afterwards", async (device) => {
  const { state, program } = await counter(device);
  using _program = program, _state = state;
  const refuses = (batch: unknown, message: RegExp) =>
    assert.throws(
      () => program.run(state, batch as never),
      (error: Error) => error instanceof ShapeError && message.test(error.message),
    );
  refuses({ x }, /no "k"/);
  refuses({ x, k: 1, z: 2 }, /"z", which the program does not take/);
  refuses({ x: Float32Array.of(1), k: 1 }, /"x" is f32\[3\] of 3 elements, got 1/);
  refuses({ x: Uint32Array.of(1, 2, 3), k: 1 }, /takes a Float32Array, got Uint32Array/);
  refuses({ x: 5, k: 1 }, /got the number 5/);
  refuses({ x: tensor([1, 3], [1, 2, 3]), k: 1 }, /f32\[3\], got f32\[1,3\]/);
  using other = device.place({ total: tensor([4], [0, 0, 0, 0]) });
  assert.throws(() => program.run(other as never, { x, k: 1 }), ShapeError);
  program.run(state, { x, k: 2 });
  assert.deepEqual([...(await state.read("total")).data], [2, 4, 6]);
});

onDevices("programs share placed state, which can be written between runs", async (device) => {
  const { state, program } = await counter(device);
  using _program = program, _state = state;
  using evaluate = await device.compile(
    (s: { total: Tensor }, _: Record<string, never>) => ({ state: s, metrics: { doubled: o.mul(s.total, 2) } }),
    { state: state.types, batch: {} },
  );
  assert.equal(evaluate.kernels, 1, "an untouched leaf costs nothing");
  const doubled = async () => {
    evaluate.run(state, {});
    return [...((await evaluate.lastMetrics()).values.doubled as HostTensor).data];
  };
  program.run(state, { x, k: 1 });
  assert.deepEqual(await doubled(), [2, 4, 6]);
  state.write("total", Float32Array.of(10, 20, 30));
  assert.deepEqual(await doubled(), [20, 40, 60]);
  program.run(state, { x, k: 1 });
  assert.deepEqual(await doubled(), [22, 44, 66]);
  assert.throws(() => state.write("nothing", x), ShapeError);
  await assert.rejects(() => state.read("nothing"), ShapeError);
  assert.throws(() => state.write("total", Float32Array.of(1)), ShapeError);
});

onDevices("a program bound to two placed states works on each", async (device) => {
  const { state, program } = await counter(device);
  using _program = program, _state = state;
  using other = device.place({ total: tensor([3], [100, 100, 100]) });
  program.run(state, { x, k: 1 });
  program.run(other, { x, k: 2 });
  program.run(state, { x, k: 3 });
  assert.deepEqual([...(await state.read("total")).data], [4, 8, 12]);
  assert.deepEqual([...(await other.read("total")).data], [102, 104, 106]);
});

onDevices("runs repeat bit for bit", async (device) => {
  const start = { w: randoms([40, 24], 1), m: randoms([40, 24], 2) };
  const step = (s: { w: Tensor; m: Tensor }, { x }: { x: Tensor }) => {
    const y = o.tanh(o.matmul(x, s.w));
    const g = o.matmul(o.transpose(x), y);
    const m = o.add(o.mul(s.m, 0.9), o.mul(g, 0.1));
    return { state: { w: o.sub(s.w, o.mul(m, 0.01)), m }, metrics: { loss: o.mean(o.square(y)) } };
  };
  const run = async (): Promise<number[][]> => {
    using state = device.place(start);
    using program = await device.compile(step, { state: state.types, batch: { x: f32([30, 40]) } });
    for (let i = 0; i < 4; i++) program.run(state, { x: randoms([30, 40], i) });
    const losses = (await program.metrics()).map(({ values }) => values.loss as number);
    return [losses, [...(await state.read("w")).data], [...(await state.read("m")).data]];
  };
  assert.deepEqual(await run(), await run());
});

onDevices("tap() brings inner values out, checkFinite the first that went bad", async (device) => {
  const step = (s: Record<string, never>, { x }: { x: Tensor }) => {
    const y = tap(o.mul(x, 2), "doubled");
    return { state: s, metrics: { loss: o.sum(o.log(o.sub(y, tap(o.mean(y), "mean")))) } };
  };
  const types = { state: {}, batch: { x: f32([4]) } };
  using program = await device.compile(step, types, { checkFinite: true });
  using state = device.place({});
  program.run(state, { x: Float32Array.of(1, 2, 3, 6) });
  const { taps, values } = await program.lastMetrics();
  assert.deepEqual([...(taps.doubled as HostTensor).data], [2, 4, 6, 12]);
  assert.equal(taps.mean, 6);
  assert.ok(!Number.isFinite(values.loss));
  assert.match(firstNonFinite(taps)!, /^log f32\[4\] over x \(3 non-finite elements\)$/);
  program.run(state, { x: Float32Array.of(1, NaN, Infinity, 6) });
  assert.match(firstNonFinite((await program.lastMetrics()).taps)!, /^x f32\[4\] \(2 non-finite elements\)$/);
});

onDevices("Device.read() computes values once", async (device) => {
  const values = await device.read(() => ({ iota: o.iota([3]), sum: o.sum(o.literal(Float32Array.of(1, 2, 3.5))) }));
  assert.deepEqual([...(values.iota as unknown as HostTensor).data], [0, 1, 2]);
  assert.equal(values.sum as unknown as number, 6.5);
});

onDevices("long chains of sums do not bind more buffers than the device allows", async (device) => {
  const leaves = Object.fromEntries(Array.from({ length: 90 }, (_, i) => [`w${i}`, randoms([7, 3], i)]));
  await checkSteps(device, {
    name: "a global norm of 90 tensors, applied to all",
    state: leaves,
    batches: [{}, {}],
    step: (s) => {
      const all = Object.values(s);
      const norm = o.sqrt(all.map((w) => o.sum(o.square(w))).reduce((x: Tensor, y) => o.add(x, y)));
      const total = all.reduce((x, y) => o.add(x, y));
      const scaled = Object.fromEntries(Object.entries(s).map(([name, w]) => [name, o.div(w, norm)]));
      return { state: scaled, metrics: { norm, total, joined: o.concat(all, 0) } };
    },
    tolerance: rounding(90 * 21, 90),
  });
});
