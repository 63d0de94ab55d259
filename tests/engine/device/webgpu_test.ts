import assert from "node:assert/strict";
import { constantIndex } from "../../../engine/compile/index.ts";
import { DeviceError } from "../../../engine/device/backend.ts";
import { openWebGpu, OutOfMemoryError, ShaderError } from "../../../engine/device/webgpu.ts";
import { PipelineCache } from "../../../engine/device/pipelines.ts";
import { argsOf, axes, constant, gpuTest, load, map, op, reduce, stage, store } from "../wgsl/support.ts";

const N = 1024;
const [i] = axes([N]);
/** x = x * 2 + 1, in place. */
const step = map([N], argsOf([["update", N]]), [
  store(0, i!, op("add", [op("mul", [load(0, i!), constant(2)]), constant(1)])),
]);
/** sum of x */
const total = reduce(
  "row",
  [],
  [N],
  [
    { buffer: 0, access: "read", dtype: "f32", length: N },
    { buffer: 1, access: "write", dtype: "f32", length: 1 },
  ],
  [["sum", load(0, i!)]],
  [store(1, constantIndex(0), stage(0), "outer")],
);

gpuTest("openWebGpu() says what it runs on and what it can bind", (backend) => {
  assert.match(backend.description, /, (software|hardware)$/);
  assert.equal(backend.kind, "webgpu");
  assert.ok(backend.limits.bindings >= 8 && backend.limits.bindingBytes >= 1 << 27);
  return Promise.resolve();
});

gpuTest("replay() runs kernels in order, then the copies, as often as asked", async (backend) => {
  using x = backend.allocate(N * 4, "x");
  using sum = backend.allocate(4, "sum");
  using history = backend.allocate(16, "history");
  assert.deepEqual(new Float32Array(await backend.download(x, 0, 16)), new Float32Array(4));
  using loaded = await backend.load([step, total, step]);
  assert.equal(loaded.dispatches, 3);
  assert.equal(loaded.sources.length, 2);
  using recording = backend.bind(loaded, (buffer) => [x, sum][buffer]!);
  for (let run = 0; run < 3; run++) {
    backend.replay(recording, [{ from: sum, fromOffset: 0, to: history, toOffset: 4 * run, bytes: 4 }]);
  }
  // x: 0 -> 1 (summed) -> 3 -> 7 (summed) -> 15 -> 31 (summed) -> 63
  assert.deepEqual([...new Float32Array(await backend.download(history, 0, 12))], [N, 7 * N, 31 * N]);
  assert.equal(new Float32Array(await backend.download(x, 4 * (N - 1), 4))[0], 63);
});

gpuTest("upload() is ordered between replays", async (backend) => {
  using x = backend.allocate(N * 4, "x");
  using loaded = await backend.load([step]);
  using recording = backend.bind(loaded, () => x);
  backend.upload(x, 0, new Float32Array(N).fill(1));
  backend.replay(recording);
  backend.upload(x, 8, new Float32Array([5]));
  backend.replay(recording);
  assert.deepEqual([...new Float32Array(await backend.download(x, 0, 16))], [7, 7, 11, 7]);
  await backend.idle();
});

gpuTest("download() overlaps and takes odd ranges", async (backend) => {
  using x = backend.allocate(N * 4, "x");
  backend.upload(x, 0, Float32Array.from({ length: N }, (_, k) => k));
  const reads = await Promise.all([0, 1, 2, 3, 100, 1000].map((at) => backend.download(x, at * 4, 12)));
  assert.deepEqual(reads.map((bytes) => new Float32Array(bytes)[2]), [2, 3, 4, 5, 102, 1002]);
  assert.equal((await backend.download(x, 0, 0)).byteLength, 0);
  await assert.rejects(backend.download(x, 2, 4), /multiples of 4/);
  await assert.rejects(backend.download(x, N * 4, 4), DeviceError);
  assert.throws(() => backend.upload(x, 0, new Uint8Array(3)), /multiples of 4/);
});

gpuTest("download() with blocking readback gives the same", async (backend) => {
  using x = backend.allocate(N * 4, "x");
  using loaded = await backend.load([step]);
  using recording = backend.bind(loaded, () => x);
  for (let run = 1; run <= 20; run++) {
    backend.replay(recording);
    assert.equal(new Float32Array(await backend.download(x, 0, 4))[0], 2 ** run - 1);
  }
}, { blockingReadback: true });

gpuTest("profile() gives a time for each kernel", async (backend) => {
  using x = backend.allocate(N * 4, "x");
  using sum = backend.allocate(4, "sum");
  using loaded = await backend.load([step, total]);
  using recording = backend.bind(loaded, (buffer) => [x, sum][buffer]!);
  const times = await backend.profile(recording);
  if (times) {
    assert.equal(times.length, 2);
    assert.ok(times.every((time) => time >= 0 && time < 1000), String(times));
  }
});

gpuTest("allocate() keeps to the budget, and says what to do", (backend) => {
  using first = backend.allocate(3 << 20, "first");
  assert.equal(backend.usedBytes, first.bytes);
  assert.throws(
    () => backend.allocate(2 << 20, "activations"),
    (error: Error) =>
      error instanceof OutOfMemoryError &&
      /"activations" needs 2.0 MiB; 3.0 MiB are in use of a budget of 4.0 MiB/.test(error.message),
  );
  first[Symbol.dispose]();
  assert.equal(backend.usedBytes, 0);
  using _second = backend.allocate(4 << 20, "second");
  assert.throws(() => backend.allocate(2 ** 50, "huge"), /holds at most/);
  return Promise.resolve();
}, { budgetBytes: 4 << 20 });

gpuTest("bind() refuses storage that is too small, or that a kernel would both read and write", async (backend) => {
  using small = backend.allocate(16, "small");
  using loaded = await backend.load([step]);
  assert.throws(() => backend.bind(loaded, () => small), /argument 0 of "map" needs 4.0 KiB, "small" has 16 B/);
  using x = backend.allocate(N * 4, "x");
  using both = await backend.load([total]);
  assert.throws(() => backend.bind(both, () => x), /"row" writes "x", which it also has as another argument/);
});

Deno.test("a refused shader is reported with numbered lines", async () => {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) return console.warn("SKIPPED (no WebGPU adapter)");
  const device = await adapter.requestDevice();
  const cache = new PipelineCache(device);
  const wgsl = "@compute @workgroup_size(1)\nfn main() {\n  let x: u32 = 1.5f;\n}\n";
  const compile = () => cache.get({ label: "broken", wgsl, groups: [1, 1, 1], bindings: [] });
  for (let attempt = 0; attempt < 2; attempt++) {
    await assert.rejects(compile(), (error: Error) => {
      assert.ok(error instanceof ShaderError && error instanceof DeviceError);
      assert.match(error.message, /the shader of "broken" does not compile/);
      assert.match(error.message, /> 3 \| {3}let x: u32 = 1.5f;/);
      return true;
    });
  }
  device.destroy();
});

Deno.test("what the device complains of is thrown by the next call", async () => {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) return console.warn("SKIPPED (no WebGPU adapter)");
  const device = await adapter.requestDevice();
  using backend = await openWebGpu({ device });
  using x = backend.allocate(16, "x");
  device.createBuffer({ size: 16, usage: 0xffff, label: "impossible" });
  await assert.rejects(async () => {
    await new Promise((resolve) => setTimeout(resolve, 0));
    await backend.idle();
    await backend.download(x, 0, 4);
  }, /the device refused a command/);
  backend[Symbol.dispose]();
  assert.throws(() => backend.allocate(4, "late"), /closed/);
  device.destroy();
});

Deno.test("openWebGpu() explains that there is no adapter", async () => {
  const gpu = { requestAdapter: () => Promise.resolve(null) } as unknown as GPU;
  await assert.rejects(openWebGpu({ gpu }), /no adapter was found.*mesa-vulkan-drivers.*cpu device/);
  const adapter = { info: { description: "llvmpipe" } } as unknown as GPUAdapter;
  await assert.rejects(openWebGpu({ adapter, allowSoftware: false }), /the only adapter is llvmpipe, software/);
});

Deno.test("a lost device is reported with a remedy", async () => {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) return console.warn("SKIPPED (no WebGPU adapter)");
  const device = await adapter.requestDevice();
  using backend = await openWebGpu({ device });
  device.destroy();
  await device.lost;
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.throws(() => backend.allocate(4, "x"), /device was lost.*open a new device/s);
});
