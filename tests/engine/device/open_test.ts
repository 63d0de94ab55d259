import assert from "node:assert/strict";
import { DeviceError, openDevice } from "../../../engine/mod.ts";

/** A stand-in for `navigator.gpu` with an adapter of this description, or none. */
function gpuOf(description?: string): GPU {
  const adapter = { info: { description, isFallbackAdapter: description === "slow" }, features: new Set(), limits: {} };
  return { requestAdapter: () => Promise.resolve(description === undefined ? null : adapter) } as unknown as GPU;
}

Deno.test("openDevice() takes the cpu device where there is no adapter or a software one, and says why", async () => {
  for (
    const [gpu, reason] of [
      [gpuOf(), "no GPU can be used: no adapter was found"],
      [gpuOf("llvmpipe"), "the only adapter is llvmpipe, software, which is slower than the cpu device"],
      [gpuOf("slow"), "the only adapter is slow, software, which is slower than the cpu device"],
    ] as const
  ) {
    using device = await openDevice("auto", { webgpu: { gpu } });
    assert.deepEqual([device.kind, device.reason], ["cpu", reason]);
  }
});

Deno.test("openDevice() takes the cpu device that is asked for without looking for adapters", async () => {
  const gpu = { requestAdapter: () => assert.fail("asked for an adapter") } as unknown as GPU;
  using device = await openDevice("cpu", { webgpu: { gpu } });
  assert.deepEqual([device.kind, device.reason], ["cpu", "asked for"]);
});

Deno.test("openDevice() fails where the device that is asked for is not there", async () => {
  await assert.rejects(openDevice("webgpu", { webgpu: { gpu: gpuOf() } }), (error) => {
    assert.ok(error instanceof DeviceError && /no adapter was found\. On Debian/.test(error.message), String(error));
    return true;
  });
});
