import assert from "node:assert/strict";
import { addIndex, offsetIndex, scaleIndex } from "../../../engine/compile/index.ts";
import type { Kernel } from "../../../engine/compile/kernel.ts";
import type { WebGpuBackend } from "../../../engine/device/webgpu.ts";
import {
  argsOf,
  axes,
  check,
  constant,
  gpuTest,
  guard,
  indexValue,
  linearize,
  load,
  map,
  op,
  reduce,
  stage,
  store,
} from "./support.ts";

const LIMIT = 1024;

/** Registers a test on a device that binds 1 KiB, with the kernels of software adapters and of hardware. */
function tinyTest(name: string, body: (backend: WebGpuBackend) => Promise<void>): void {
  for (const software of [true, false]) {
    const shape = software ? "software" : "hardware";
    gpuTest(`split: ${name} (shaped for ${shape})`, body, { software, bindingBytes: LIMIT });
  }
}

/** Checks results, and that the kernel takes at least so many dispatches. */
async function checkSplit(backend: WebGpuBackend, kernel: Kernel, least: number): Promise<void> {
  using loaded = await backend.load([kernel]);
  assert.ok(loaded.dispatches >= least, `${loaded.dispatches} dispatches`);
  await check(backend, kernel);
}

tinyTest("flat maps of any remainder, in place too, with positions as values", async (backend) => {
  for (const n of [257, 260, 1000, 1027]) {
    const [i] = axes([n]);
    const value = op("add", [op("mul", [load(0, i!), constant(3)]), indexValue(i!)]);
    await checkSplit(
      backend,
      map([n], argsOf([["update", n], ["read", n], ["write", n]]), [
        store(0, i!, value),
        store(2, i!, op("sub", [load(1, i!), load(0, i!)])),
      ]),
      Math.ceil(n / 256),
    );
  }
});

tinyTest("a transpose, along both axes", async (backend) => {
  for (const [rows, columns] of [[40, 30], [3, 500]] as const) {
    const [i, j] = axes([rows, columns]);
    const value = load(0, linearize([j!, i!], [columns, rows]));
    const size = rows * columns;
    const kernel = map([rows, columns], argsOf([["read", size], ["write", size]]), [
      store(1, linearize([i!, j!], [rows, columns]), value),
    ]);
    await checkSplit(backend, kernel, Math.ceil(size / 256));
  }
});

tinyTest("two large tensors joined, a small one broadcast, strided reads", async (backend) => {
  const a = 500, b = 700, [i] = axes([a + b]);
  const joined = guard(i!, 0, a, load(0, i!), load(1, offsetIndex(i!, -a)));
  await checkSplit(
    backend,
    map([a + b], argsOf([["read", a], ["read", b], ["write", a + b]]), [store(2, i!, joined)]),
    5,
  );
  const [row, column] = axes([50, 24]);
  const even = load(0, addIndex(scaleIndex(row!, 60), offsetIndex(scaleIndex(column!, 2), 5)));
  await checkSplit(
    backend,
    map([50, 24], argsOf([["read", 3000], ["read", 24], ["write", 1200]]), [
      store(2, linearize([row!, column!], [50, 24]), op("mul", [even, load(1, column!)])),
    ]),
    5,
  );
});

tinyTest("rows, with stores at both levels", async (backend) => {
  for (const [rows, length] of [[40, 32], [33, 50], [7, 130]] as const) {
    const [i, j] = axes([rows, length]);
    const at = linearize([i!, j!], [rows, length]), x = load(0, at);
    const kernel = reduce(
      "row",
      [rows],
      [length],
      argsOf([["read", rows * length], ["write", rows], ["write", rows * length]]),
      [["max", x], ["sum", op("sub", [x, stage(0)])]],
      [store(1, i!, stage(1), "outer"), store(2, at, op("mul", [x, stage(0)]))],
    );
    await checkSplit(backend, kernel, Math.ceil(rows * length / 256));
  }
});

tinyTest("columns over chunks", async (backend) => {
  const [chunk, column, k] = axes([12, 20, 9]);
  const kernel = reduce(
    "column",
    [12, 20],
    [9],
    argsOf([["read", 12 * 9 * 20], ["write", 12 * 20]]),
    [["sum", load(0, linearize([chunk!, k!, column!], [12, 9, 20]))]],
    [store(1, linearize([chunk!, column!], [12, 20]), stage(0), "outer")],
  );
  await checkSplit(backend, kernel, 8);
});

tinyTest("what cannot be split is refused with the buffer, its size, the limit and what to do", async (backend) => {
  const [i, k] = axes([4, 1000]);
  // Each row is longer than a binding.
  const kernel = reduce("row", [4], [1000], argsOf([["read", 4000], ["write", 4]]), [[
    "sum",
    load(0, linearize([i!, k!], [4, 1000])),
  ]], [store(1, i!, stage(0), "outer")]);
  await assert.rejects(
    backend.load([kernel], (buffer) => `state w${buffer}`),
    /^DeviceError: webgpu: state w0 takes 16000 bytes .* binds 1024 at most: use a smaller batch, split the tensor/,
  );
});
