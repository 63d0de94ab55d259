/** The stopwatch runs models in turn, as often as it says, on batches of the size that is asked for. */
import assert from "node:assert/strict";
import { Device } from "../../engine/mod.ts";
import { openCpu } from "../../engine/device/cpu.ts";
import { latencies, type Latency, type Network } from "../../models/mod.ts";
import { bertJson, randomNetwork, viTJson } from "./shrink/support.ts";

/** A model that notes the shapes of each batch that it is compiled for. */
function watched(network: Network): { readonly network: Network; readonly seen: Record<string, readonly number[]>[] } {
  const seen: Record<string, readonly number[]>[] = [];
  const outputs: Network["outputs"] = (params, batch, options) => {
    seen.push(Object.fromEntries(Object.entries(batch).map(([name, { shape }]) => [name, shape])));
    return network.outputs(params, batch, options);
  };
  return { network: { ...network, outputs }, seen };
}

function assertMeasured({ median, least, lower, upper, all }: Latency, repeats: number): void {
  assert.equal(all.length, repeats);
  assert.ok(all.every((time) => time > 0 && Number.isFinite(time)));
  assert.ok(
    least === Math.min(...all) && least <= lower && lower <= median && median <= upper && upper <= Math.max(...all),
  );
}

Deno.test("latencies() measures as often as it is told, on batches of the model's input", async () => {
  using device = new Device(openCpu());
  for (const json of [bertJson, viTJson]) {
    const { network, seen } = watched(await randomNetwork(json, 1));
    const [latency] = await latencies([network], { device, rows: 3, tokens: 5, repeats: 4 });
    assertMeasured(latency!, 4);
    assert.deepEqual(
      seen,
      [network.image ? { images: [3, 1, 8, 8] } : { ids: [3, 5], typeIds: [3, 5], mask: [3, 5] }],
    );
  }
});

Deno.test("latencies() compiles models that differ by their parameters alone once, others by themselves", async () => {
  using device = new Device(openCpu());
  const { network, seen } = watched(await randomNetwork(viTJson, 1));
  const { params } = await randomNetwork(viTJson, 2);
  const other = watched(await randomNetwork({ ...viTJson, intermediate_size: 5 }, 1));
  const measured = await latencies([network, { ...network, params }, other.network], { device, rows: 2, repeats: 3 });
  measured.forEach((latency) => assertMeasured(latency, 3));
  assert.deepEqual([seen.length, other.seen.length], [1, 1]);
});

Deno.test("latencies() ends when its time is up, after a pass of each model", async () => {
  using device = new Device(openCpu());
  const network = await randomNetwork(viTJson, 1);
  const measured = await latencies([network, network], { device, rows: 1, seconds: 0 });
  measured.forEach((latency) => assertMeasured(latency, 1));
});

Deno.test("latencies() takes a batch, and leaves parameters as they are and nothing on the device", async () => {
  const backend = openCpu();
  using device = new Device(backend);
  const network = await randomNetwork(viTJson, 1);
  const before = structuredClone(network.params);
  const batch = { images: { shape: [2, 1, 8, 8], dtype: "f32", data: new Float32Array(128) } } as const;
  await latencies([network], { device, batch, repeats: 1 }); // compiled kernels stay
  const bytes = backend.bytesInUse();
  const [latency] = await latencies([network], { device, batch, repeats: 2 });
  assertMeasured(latency!, 2);
  assert.equal(backend.bytesInUse(), bytes);
  assert.deepEqual(network.params, before);
});
