/** Programs of one device share the memory of their temporaries, and never see each other's. */

import assert from "node:assert/strict";
import type { Device } from "../../../engine/device/device.ts";
import { grad } from "../../../engine/grad.ts";
import { gelu } from "../../../engine/nn/mod.ts";
import * as o from "../../../engine/ops.ts";
import type { HostTensor } from "../../../engine/host.ts";
import type { Tensor } from "../../../engine/graph/node.ts";
import { randomStep } from "./random_step.ts";
import type { StepCase } from "./steps.ts";
import { onDevices, randoms } from "./support.ts";

type Named = Record<string, HostTensor>;

/** A placed state and the program that runs on it. */
async function open(device: Device, { state, step, batches }: StepCase) {
  const placed = device.place(state as Named);
  const types = Object.fromEntries(
    Object.entries(batches[0]!).map(([name, { shape, dtype }]) => [name, {
      shape,
      dtype,
    }]),
  );
  const program = await device.compile(step as never, { state: placed.types, batch: types } as never);
  return {
    run: (batch: number) => program.run(placed as never, batches[batch]! as never),
    read: () => placed.readAll(),
    [Symbol.dispose]() {
      program[Symbol.dispose]();
      placed[Symbol.dispose]();
    },
  };
}

onDevices("programs take turns on shared slots as if each were alone", async (device) => {
  const cases = Array.from({ length: 6 }, (_, i) => randomStep(900 + i));
  const alone = [];
  for (const one of cases) {
    using opened = await open(device, one);
    for (const batch of one.batches.keys()) opened.run(batch);
    alone.push(await opened.read());
  }
  assert.equal(device.slotBytes, 0, "nothing is left of programs that are gone");

  using stack = new DisposableStack();
  const opened: Awaited<ReturnType<typeof open>>[] = [];
  for (const one of cases) {
    opened.push(stack.use(await open(device, one)));
    // Between compilations, which may move the slots: the newest begins, the one before it goes on.
    opened.slice(-2).reverse().forEach((program, before) => program.run(before));
  }
  opened.at(-1)!.run(1);
  for (const program of opened.toReversed()) program.run(2);
  for (const [i, one] of cases.entries()) assert.deepEqual(await opened[i]!.read(), alone[i], one.name);
});

/** A training step of two layers over `rows` rows. */
const step = (s: Record<string, Tensor>, { x }: Record<string, Tensor>) => {
  const loss = o.mean(o.square(o.matmul(gelu(o.matmul(x!, s.w!)), s.v!)));
  const g = grad(loss, s);
  return { state: { w: o.sub(s.w!, g.w!), v: o.sub(s.v!, g.v!) }, metrics: { loss } };
};

onDevices("steps for several lengths take the temporaries of the longest", async (device) => {
  using state = device.place({ w: randoms([32, 64], 1), v: randoms([64, 8], 2) });
  const programs = [];
  let largest = 0, sum = 0;
  for (const rows of [16, 256, 64, 128]) {
    const batch = { x: { shape: [rows, 32], dtype: "f32" } } as const;
    const program = await device.compile(step as never, { state: state.types, batch } as never);
    programs.push(program);
    largest = Math.max(largest, program.plan.slotBytes);
    sum += program.plan.slotBytes;
  }
  assert.ok(device.slotBytes >= largest && device.slotBytes <= 1.1 * largest, `${device.slotBytes} for ${largest}`);
  assert.ok(sum > 1.7 * largest, "there was something to share");
  programs.forEach((program) => program[Symbol.dispose]());
  assert.equal(device.slotBytes, 0);
});
