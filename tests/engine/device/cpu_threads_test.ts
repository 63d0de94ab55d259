import assert from "node:assert/strict";
import { coordinate, linearize } from "../../../engine/compile/index.ts";
import type { ContractKernel, Kernel } from "../../../engine/compile/kernel.ts";
import { partsOf } from "../../../engine/device/cpu_parts.ts";
import { type Spawn, spawnWeb } from "../../../engine/device/cpu_spawn.ts";
import { createTeam } from "../../../engine/device/cpu_team.ts";
import { type CpuBackend, openCpu } from "../../../engine/device/cpu.ts";
import { DeviceError } from "../../../engine/device/backend.ts";
import { createMemory } from "../../../engine/device/memory.ts";
import { emitKernel } from "../../../engine/js/emit.ts";
import { instantiate } from "../../../engine/wasm/module.ts";
import { arg, constant, load, noise, rowMajor, scalar, store } from "../js/build.ts";

/** buffer `to` = 2 * buffer `from` + 1, long enough to be shared. */
function stretch(from: number, to: number, length: number): Kernel {
  const at = rowMajor([length]);
  return {
    kind: "map",
    label: "stretch",
    args: [{ ...arg(length), buffer: from }, { ...arg(length, "write"), buffer: to }],
    dims: [length],
    stores: [store(1, at, scalar("add", [scalar("mul", [load(0, at), constant(2)]), constant(1)]))],
  };
}

function product(m: number, n: number, k: number): ContractKernel {
  const [i, j, q] = [coordinate(0, m), coordinate(1, n), coordinate(2, k)];
  return {
    kind: "contract",
    label: "product",
    args: [arg(m * k), arg(k * n), arg(m * n, "write")].map((one, buffer) => ({ ...one, buffer })),
    batch: [],
    m,
    n,
    k,
    a: load(0, linearize([i, q], [m, k])),
    b: load(1, linearize([q, j], [k, n])),
    stores: [store(2, linearize([i, j], [m, n]), { kind: "accumulator", dtype: "f32" })],
  };
}

/** Waits until all threads take part. */
async function allRunning(device: CpuBackend, threads: number): Promise<void> {
  const deadline = performance.now() + 10000;
  while (device.threadsRunning() < threads && performance.now() < deadline) await device.idle();
  assert.equal(device.threadsRunning(), threads);
}

Deno.test("openCpu() says how many threads it has", () => {
  using one = openCpu({ threads: 1 });
  using three = openCpu({ threads: 3 });
  assert.match(one.description, /, 1 thread$/);
  assert.match(three.description, /, 3 threads$/);
  for (const threads of [0, -1, 1.5, 64, NaN]) {
    assert.throws(() => openCpu({ threads }), (error: Error) => {
      assert.ok(error instanceof DeviceError);
      assert.match(error.message, /threads is a whole number from 1 to 63/);
      return true;
    });
  }
});

Deno.test("workers start only for kernels that are worth sharing", async () => {
  using device = openCpu({ threads: 2 });
  await device.load([stretch(0, 1, 1000)]);
  for (let i = 0; i < 20; i++) await device.idle();
  assert.equal(device.threadsRunning(), 1);
  await device.load([stretch(0, 1, 100000)]);
  await allRunning(device, 2);
});

Deno.test("partsOf() gives all threads the same number of parts, and small kernels to one", () => {
  const partsFor = (kernel: Kernel, threads: number): number => partsOf(kernel, emitKernel(kernel), threads);
  assert.equal(partsFor(product(512, 512, 512), 1), 1);
  assert.equal(partsFor(product(512, 512, 512), 2), 4);
  assert.equal(partsFor(product(512, 512, 512), 3), 3);
  assert.equal(partsFor(product(64, 64, 4000), 2), 2);
  assert.equal(partsFor(product(20, 20, 100000), 2), 1);
  assert.equal(partsFor(product(8, 8, 8), 2), 1);
  assert.equal(partsFor(stretch(0, 1, 1000), 16), 1);
  assert.equal(partsFor(stretch(0, 1, 1000000), 16), 64);
});

Deno.test("threads see each other's results from kernel to kernel, also after the memory has grown", async () => {
  const threads = 3, length = 60000;
  using device = openCpu({ threads });
  const allocate = (label: string) => device.allocate(4 * length, label);
  let [a, b] = [allocate("a"), allocate("b")];
  const chain = Array.from({ length: 20 }, (_, i) => stretch(i % 2, 1 - i % 2, length));
  const loaded = await device.load(chain);
  await allRunning(device, threads);
  for (let round = 0; round < 3; round++) {
    using recording = device.bind(loaded, (buffer) => buffer === 0 ? a : b);
    for (let again = 0; again < 10; again++) {
      device.upload(a, 0, noise(length, again));
      device.replay(recording);
      const result = new Float32Array(await device.download(a, 0, a.bytes));
      const expected = noise(length, again).map((x) => {
        for (let i = 0; i < 20; i++) x = Math.fround(2 * x + 1);
        return x;
      });
      assert.deepEqual(result, expected);
    }
    device.allocate(60 * 2 ** 20, "grows");
    [a, b] = [allocate("a again"), allocate("b again")];
  }
});

Deno.test("a product is the same bit for bit whatever the number of threads and the way it is cut", async () => {
  for (const [m, n, k] of [[131, 70, 500], [50, 301, 700]] as const) {
    const results: Float32Array[] = [];
    for (const threads of [1, 2, 3, 5]) {
      using device = openCpu({ threads });
      const kernel = product(m, n, k);
      const storages = kernel.args.map(({ length }, i) => device.allocate(4 * length, `buffer ${i}`));
      for (const i of [0, 1]) device.upload(storages[i]!, 0, noise(kernel.args[i]!.length, i));
      const recording = device.bind(await device.load([kernel]), (buffer) => storages[buffer]!);
      await allRunning(device, threads);
      device.replay(recording);
      results.push(new Float32Array(await device.download(storages[2]!, 0, storages[2]!.bytes)));
    }
    for (const result of results) assert.deepEqual(result, results[0]);
  }
});

Deno.test("where workers cannot be made, the main thread does all and the description says why", () => {
  const memory = createMemory(2 ** 24, true);
  const refuses: Spawn = () => {
    throw new Error("no workers today");
  };
  const team = createTeam(4, memory.wasm, instantiate(memory.wasm, true).module, refuses);
  team.start();
  const calls: number[][] = [];
  const run = (_heap: unknown, _bases: unknown, part: number, parts: number): void => void calls.push([part, parts]);
  team.run({ run, bases: new Int32Array(0), parts: 8, entry: 0, alone: Infinity }, memory.heap);
  assert.deepEqual(calls, [[0, 1]]);
  assert.match(team.description(), /^1 thread \(workers do not run: no workers today\)$/);
  team.stop();
});

Deno.test("workers of browsers start, take part and end", async () => {
  const memory = createMemory(2 ** 24, true);
  const { module } = instantiate(memory.wasm, true);
  const team = createTeam(2, memory.wasm, module, spawnWeb);
  const source = "return (heap, bases, part, parts) => { heap.i32[bases[0] + part] += parts; };";
  const text = new TextEncoder().encode(source);
  const [code, words, result] = [text.length, 16, 256].map((bytes) => memory.take(bytes, "test") / 4) as [
    number,
    number,
    number,
  ];
  memory.view(4 * code, text.length).set(text);
  memory.heap.i32.set([code, text.length, 0], words);
  const entry = memory.take(16, "entry") / 4;
  memory.heap.i32.set([words, 64, 1, result], entry);
  team.start();
  const tick = () => new Promise((resolve) => setTimeout(resolve, 1));
  const waitFor = async (ready: number): Promise<void> => {
    for (let i = 0; i < 5000 && team.ready() !== ready; i++) await tick();
    assert.equal(team.ready(), ready);
  };
  await waitFor(1);
  const run = (_heap: unknown, _bases: unknown, part: number): void => {
    memory.heap.i32[result + part]! += 1000;
    for (let i = 0; i < 20000; i++) performance.now(); // leaves time to the other
  };
  team.run({ run, bases: new Int32Array(1), parts: 64, entry, alone: Infinity }, memory.heap);
  const counts = [...memory.heap.i32.subarray(result, result + 64)];
  assert.ok(counts.every((count) => count === 64 || count === 1000), String(counts));
  assert.ok(counts.includes(64), "the worker took no part");
  team.stop();
  await waitFor(0);
});
