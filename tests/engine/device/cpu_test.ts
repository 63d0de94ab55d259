import assert from "node:assert/strict";
import { coordinate, linearize } from "../../../engine/compile/index.ts";
import type { Kernel } from "../../../engine/compile/kernel.ts";
import { DeviceError } from "../../../engine/device/backend.ts";
import { type CpuBackend, openCpu } from "../../../engine/device/cpu.ts";
import { arg, constant, load, noise, rowMajor, scalar, store } from "../js/build.ts";

/** buffer `to` = buffer `from` + 1. */
function increment(from: number, to: number, length: number): Kernel {
  const at = rowMajor([length]);
  return {
    kind: "map",
    label: "increment",
    args: [{ ...arg(length), buffer: from }, { ...arg(length, "write"), buffer: to }],
    dims: [length],
    stores: [store(1, at, scalar("add", [load(0, at), constant(1)]))],
  };
}

async function read(device: CpuBackend, storage: Parameters<CpuBackend["download"]>[0]): Promise<readonly number[]> {
  return [...new Float32Array(await device.download(storage, 0, storage.bytes))];
}

Deno.test("openCpu() describes itself", () => {
  using device = openCpu();
  assert.equal(device.kind, "cpu");
  assert.match(device.description, /^cpu, WebAssembly SIMD/);
  assert.ok(device.limits.storageBytes > 4e9);
});

Deno.test("replay() runs kernels in order, then copies", async () => {
  using device = openCpu();
  const [a, b, c] = ["a", "b", "c"].map((label) => device.allocate(12, label));
  const loaded = await device.load([increment(0, 1, 3), increment(1, 0, 3)]);
  const recording = device.bind(loaded, (buffer) => [a!, b!][buffer]!);
  device.upload(a!, 4, new Float32Array([10]));
  device.replay(recording);
  device.replay(recording, [{ from: a!, fromOffset: 4, to: c!, toOffset: 0, bytes: 8 }]);
  assert.deepEqual(await read(device, a!), [4, 14, 4]);
  assert.deepEqual(await read(device, b!), [3, 13, 3]);
  assert.deepEqual(await read(device, c!), [14, 4, 0]);
});

Deno.test("load() compiles equal kernels once", async () => {
  using device = openCpu();
  const { sources, dispatches } = await device.load([increment(0, 1, 3), increment(1, 2, 3), increment(0, 1, 4)]);
  assert.equal(sources.length, 2);
  assert.equal(dispatches, 3);
});

Deno.test("recordings survive growth of the memory", async () => {
  using device = openCpu();
  const a = device.allocate(400, "a"), b = device.allocate(400, "b");
  const recording = device.bind(await device.load([increment(0, 1, 100)]), (buffer) => buffer === 0 ? a : b);
  device.upload(a, 0, noise(100));
  const large = device.allocate(40 * 2 ** 20, "large");
  device.replay(recording);
  assert.deepEqual(await read(device, b), [...noise(100)].map((x) => Math.fround(x + 1)));
  assert.ok(new Uint32Array(await device.download(large, 0, large.bytes)).every((x) => x === 0));
});

Deno.test("allocate() reuses what was released, filled with zeros", async () => {
  using device = openCpu();
  const before = device.bytesInUse();
  const parts = Array.from({ length: 8 }, (_, i) => device.allocate(1000 * (i + 1), `part ${i}`));
  parts.forEach((part) => device.upload(part, 0, new Uint8Array(part.bytes).fill(255)));
  [3, 1, 2, 7, 0, 5, 4, 6].forEach((i) => parts[i]![Symbol.dispose]());
  parts[0]![Symbol.dispose]();
  assert.equal(device.bytesInUse(), before);
  const whole = device.allocate(36000, "whole");
  assert.ok((await read(device, whole)).every((x) => x === 0));
});

Deno.test("allocate() refuses more than its limit with sizes and a remedy", () => {
  using device = openCpu({ memoryBytes: 2 ** 20 });
  using _kept = device.allocate(2 ** 19, "kept");
  assert.throws(() => device.allocate(2 ** 20, "activations"), (error: Error) => {
    assert.ok(error instanceof DeviceError);
    assert.match(
      error.message,
      /activations: 1\.0 MiB asked, 0\.5 MiB in use, 1\.0 MiB is the limit; use a smaller batch/,
    );
    return true;
  });
  device.allocate(2 ** 18, "still fits");
});

Deno.test("storages are checked: bounds, owner, life", async () => {
  using device = openCpu();
  using other = openCpu();
  const a = device.allocate(16, "a");
  assert.throws(() => device.upload(a, 8, new Float32Array(3)), /bytes 8 to 20 are outside storage a of 16 bytes/);
  await assert.rejects(device.download(a, -4, 8), /outside storage a/);
  assert.throws(() => other.upload(a, 0, new Float32Array(1)), /it is of another device/);
  const loaded = await device.load([increment(0, 0, 5)]);
  assert.throws(() => device.bind(loaded, () => a), /needs 20 bytes, storage a has 16/);
  const recording = device.bind(await device.load([increment(0, 0, 4)]), () => a);
  a[Symbol.dispose]();
  assert.throws(() => device.replay(recording), /storage a cannot be used: it was disposed/);
});

Deno.test("load() reports kernels that the device cannot run", async () => {
  using device = openCpu();
  const kernel: Kernel = {
    kind: "opaque",
    label: "x",
    op: "toString",
    params: {},
    inputs: [],
    outputs: [],
    scratch: [],
    args: [],
  };
  await assert.rejects(device.load([kernel]), DeviceError);
});

Deno.test("profile() gives a time per kernel and runs them", async () => {
  using device = openCpu();
  const [a, b] = [device.allocate(12, "a"), device.allocate(12, "b")];
  const recording = device.bind(
    await device.load([increment(0, 1, 3), increment(1, 0, 3)]),
    (buffer) => [a, b][buffer]!,
  );
  const times = await device.profile(recording);
  assert.equal(times?.length, 2);
  assert.ok(times.every((time) => time >= 0));
  assert.deepEqual(await read(device, a), [2, 2, 2]);
});

Deno.test("poison() fills with NaN only on a device opened for it", async () => {
  using strict = openCpu({ poison: true });
  using plain = openCpu();
  for (const device of [strict, plain]) {
    const guard = device.allocate(64, "before"), storage = device.allocate(8, "poisoned");
    device.poison(storage);
    assert.deepEqual(await read(device, storage), device === strict ? [NaN, NaN] : [0, 0]);
    assert.deepEqual(new Set(await read(device, guard)), new Set([0]));
  }
});

Deno.test("idle() lets timers in", async () => {
  using device = openCpu();
  let fired = false;
  setTimeout(() => fired = true, 0);
  const deadline = performance.now() + 2000;
  while (!fired && performance.now() < deadline) await device.idle();
  assert.ok(fired);
});

Deno.test("kernels reach beyond 2 GiB", async () => {
  using device = openCpu();
  using _below = device.allocate(2 ** 31 + 2 ** 20, "below");
  const [i, j, q] = [coordinate(0, 7), coordinate(1, 9), coordinate(2, 5)];
  const kernel: Kernel = {
    kind: "contract",
    label: "product",
    args: [{ ...arg(35), buffer: 0 }, { ...arg(45), buffer: 1 }, { ...arg(63, "write"), buffer: 2 }],
    batch: [],
    m: 7,
    n: 9,
    k: 5,
    a: load(0, linearize([i, q], [7, 5])),
    b: scalar("mul", [load(1, linearize([q, j], [5, 9])), constant(2)]),
    stores: [store(2, linearize([i, j], [7, 9]), scalar("add", [{ kind: "accumulator", dtype: "f32" }, constant(1)]))],
  };
  const storages = kernel.args.map((argument, buffer) => device.allocate(4 * argument.length, `buffer ${buffer}`));
  device.upload(storages[0]!, 0, new Float32Array(35).fill(1));
  device.upload(storages[1]!, 0, new Float32Array(45).fill(0.5));
  device.replay(device.bind(await device.load([kernel]), (buffer) => storages[buffer]!));
  assert.deepEqual(await read(device, storages[2]!), new Array(63).fill(6));
});
