/**
 * The test of a memory plan: kernels run one by one on the cpu device, and every slot is filled with NaN before the
 * value it is to hold is written and after the last kernel that reads it has run. A plan is right if nothing changes.
 *
 * @module
 */
import { type Plan, plan } from "../../../engine/compile/plan.ts";
import { trace } from "../../../engine/compile/trace.ts";
import type { Storage } from "../../../engine/device/backend.ts";
import { type CpuBackend, openCpu } from "../../../engine/device/cpu.ts";
import { toHost } from "../../../engine/device/placed.ts";
import { assertSame } from "../../support/assert_close.ts";
import { type StepCase, typesOf } from "../suite/steps.ts";

/** Asserts that the first run of a step gives the same with and without poison. */
export async function checkPoisoned(one: StepCase, bindings = 32): Promise<void> {
  const planned = plan(trace(one.step as never, typesOf(one) as never), { bindings });
  using clean = openCpu();
  using poisoned = openCpu({ poison: true });
  const expected = await runOnce(clean, planned, one);
  const actual = await runOnce(poisoned, planned, one);
  for (const [label, data] of expected) assertSame(actual.get(label)!, data, `${one.name}, ${label}`);
}

async function runOnce(backend: CpuBackend, planned: Plan, one: StepCase): Promise<Map<string, ArrayLike<number>>> {
  const storages = planned.buffers.map((spec) => backend.allocate(spec.bytes, spec.label));
  const state = Object.values(one.state), batch = one.batches[0]!;
  planned.buffers.forEach((spec, i) => {
    if (spec.role === "state") backend.upload(storages[i]!, 0, state[spec.leaf]!.data);
    if (spec.role === "literal") backend.upload(storages[i]!, 0, spec.data);
    if (spec.role === "slot") backend.poison(storages[i]!);
  });
  planned.batch.forEach(({ path, buffer, byteOffset }) => {
    backend.upload(storages[buffer]!, byteOffset, batch[path]!.data);
  });
  const slots = (position: number, end: "first" | "last"): readonly Storage[] =>
    planned.lifetimes.filter((life) => life[end] === position).map(({ buffer }) => storages[buffer]!);
  for (const [position, kernel] of planned.kernels.entries()) {
    for (const slot of slots(position, "first")) backend.poison(slot);
    using recording = backend.bind(await backend.load([kernel]), (buffer) => storages[buffer]!);
    backend.replay(recording);
    for (const slot of slots(position, "last")) backend.poison(slot);
  }
  const results = new Map<string, ArrayLike<number>>();
  for (const { path, type, buffer, byteOffset, bytes } of planned.metrics) {
    results.set(`metric ${path}`, toHost(type, await backend.download(storages[buffer]!, byteOffset, bytes)).data);
  }
  for (const { from, to, bytes } of planned.stateCopies) {
    backend.upload(storages[to]!, 0, new Uint8Array(await backend.download(storages[from]!, 0, bytes)));
  }
  for (const [i, spec] of planned.buffers.entries()) {
    if (spec.role !== "state") continue;
    const [path, leaf] = Object.entries(one.state)[spec.leaf]!;
    results.set(`state ${path}`, toHost(leaf, await backend.download(storages[i]!, 0, spec.bytes)).data);
  }
  return results;
}
