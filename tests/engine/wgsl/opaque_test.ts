import assert from "node:assert/strict";
import fc from "fast-check";
import type { Dtype, Type } from "../../../engine/graph/node.ts";
import { selectScratch, sortScratch } from "../../../engine/graph/scratch.ts";
import { emitSelectThreshold } from "../../../engine/wgsl/select.ts";
import type { WebGpuBackend } from "../../../engine/device/webgpu.ts";
import { argsOf, bothTest, type Data, gpuTest, type OpaqueKernel, randoms, runKernel } from "./support.ts";

const type = (shape: readonly number[], dtype: Dtype = "f32"): Type => ({ shape, dtype });

/** Scratch is not cleared between kernels: whatever was there before. */
const garbage = (scratch: readonly Type[]): Data[] => scratch.map(({ shape }) => new Uint32Array(shape[0]!).fill(5));

function gather(rows: number, rest: readonly number[], ids: number, dtype: "u32" | "i32"): OpaqueKernel {
  const width = rest.reduce((p, s) => p * s, 1);
  return {
    kind: "opaque",
    op: "gather",
    label: "gather",
    params: {},
    inputs: [type([rows, ...rest]), type([ids], dtype)],
    outputs: [type([ids, ...rest])],
    scratch: [],
    args: argsOf([["read", rows * width], ["read", ids, dtype], ["write", ids * width]]),
  };
}

bothTest("gather: rows by id, zeros outside", async (backend) => {
  for (const rest of [[], [8], [3], [2, 6]]) {
    const width = rest.reduce((p, s) => p * s, 1), table = randoms(7 * width);
    for (const dtype of ["u32", "i32"] as const) {
      const ids = dtype === "u32" ? Uint32Array.of(0, 6, 7, 3, 0xffffffff) : Int32Array.of(0, 6, 7, 3, -1);
      const [, , actual] = await runKernel(backend, gather(7, rest, 5, dtype), [
        table,
        ids,
        new Float32Array(5 * width),
      ]);
      ids.forEach((id, position) => {
        const wanted = id >= 0 && id < 7 ? table.slice(id * width, (id + 1) * width) : new Float32Array(width);
        assert.deepEqual(actual!.slice(position * width, (position + 1) * width), wanted);
      });
    }
  }
});

function scatterAdd(rows: number, width: number, ids: number): OpaqueKernel {
  return {
    kind: "opaque",
    op: "scatterAdd",
    label: "scatterAdd",
    params: { rows },
    inputs: [type([ids], "u32"), type([ids, width])],
    outputs: [type([rows, width])],
    scratch: sortScratch(ids),
    args: argsOf([
      ["read", ids, "u32"],
      ["read", ids * width],
      ["write", rows * width],
      ...sortScratch(ids).map(({ shape }) => ["update", shape[0]!, "u32"] as const),
    ]),
  };
}

bothTest("scatterAdd: sums in ascending position, to the last bit, every length", async (backend) => {
  for (const [rows, width, count] of [[5, 4, 1], [5, 3, 2], [10, 1, 100], [50, 8, 1000], [20, 4, 2049], [3, 4, 5000]]) {
    const kernel = scatterAdd(rows!, width!, count!), updates = randoms(count! * width!, 3);
    const ids = Uint32Array.from(randoms(count!, 9), (value) => Math.floor((value + 1) * (rows! + 2) / 2));
    if (count! > 10) ids[7] = 0xffffffff;
    const wanted = new Float32Array(rows! * width!);
    ids.forEach((id, position) => {
      if (id >= rows!) return;
      for (let c = 0; c < width!; c++) {
        wanted[id * width! + c] = Math.fround(wanted[id * width! + c]! + updates[position * width! + c]!);
      }
    });
    const data: Data[] = [
      ids,
      updates,
      new Float32Array(rows! * width!).fill(9),
      ...garbage(kernel.scratch),
    ];
    const actual = await runKernel(backend, kernel, data);
    assert.deepEqual(actual[2], wanted, `${count} updates of ${rows} rows`);
  }
});

function select(sizes: readonly number[]): OpaqueKernel {
  return {
    kind: "opaque",
    op: "selectThreshold",
    label: "selectThreshold",
    params: {},
    inputs: [...sizes.map((size) => type([size], "u32")), type([], "u32")],
    outputs: [type([2], "u32")],
    scratch: selectScratch(sizes),
    args: argsOf([
      ...sizes.map((size) => ["read", size, "u32"] as const),
      ["read", 1, "u32"],
      ["write", 2, "u32"],
      ...selectScratch(sizes).map(({ shape }) => ["update", shape[0]!, "u32"] as const),
    ]),
  };
}

async function checkSelect(backend: WebGpuBackend, tensors: readonly Uint32Array[], k: number): Promise<void> {
  const all = tensors.flatMap((tensor) => [...tensor]);
  const kernel = select(tensors.map((tensor) => tensor.length));
  const data: Data[] = [...tensors, Uint32Array.of(k), new Uint32Array(2), ...garbage(kernel.scratch)];
  const [T, L] = (await runKernel(backend, kernel, data))[tensors.length + 1]! as unknown as [number, number];
  const keep = Math.min(k, all.length);
  const kept = new Set(
    all.map((key, p) => ({ key, p })).sort((x, y) => y.key - x.key || x.p - y.p).slice(0, keep).map((x) => x.p),
  );
  all.forEach((key, p) => {
    assert.equal(
      key > T || (key === T && p < L),
      kept.has(p),
      `k ${k} of ${all.length}: position ${p}, key ${key}, T ${T}, L ${L}`,
    );
  });
  if (k === 0) assert.deepEqual([T, L], [0xffffffff, 0]);
  else if (k >= all.length) assert.deepEqual([T, L], [0, all.length]);
}

bothTest("selectThreshold: exactly k, ties by position, whatever the keys", async (backend) => {
  const key = fc.oneof(
    fc.constant(0),
    fc.constantFrom(1, 7, 0xffffffff, 0x80000000),
    fc.integer({ min: 0, max: 0xffffffff }),
  );
  const tensor = fc.array(key, { minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(tensor, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 0, max: 170 }),
      async (lists, k) => {
        await checkSelect(backend, lists.map((list) => Uint32Array.from(list)), k);
      },
    ),
    { numRuns: 12 },
  );
});

bothTest("selectThreshold: half zeros, all equal, many tensors", async (backend) => {
  const n = 9000, random = Uint32Array.from(randoms(n), (v) => v < 0 ? 0 : Math.floor(v * 4294967295));
  const zeros = random.filter((v) => v === 0).length;
  for (const k of [1, 100, n - zeros, n - zeros + 1, n - 1, n]) {
    await checkSelect(backend, [random.slice(0, 4001), random.slice(4001)], k);
  }
  for (const k of [0, 1, 2500, 4999, 5000, 6000]) {
    await checkSelect(backend, [new Uint32Array(5000).fill(0xffffffff)], k);
  }
  const many = Array.from(
    { length: 40 },
    (_, i) => Uint32Array.from(randoms(3 + i, i + 1), (v) => Math.floor((v + 1) * 8)),
  );
  for (const k of [1, 300, 600]) await checkSelect(backend, many, k);
});

Deno.test("selectThreshold: as many tensors per dispatch as the device binds", () => {
  const target = {
    software: false,
    bindings: 8,
    bindingBytes: 2 ** 27,
    invocations: 256,
    workgroupBytes: 16384,
    groups: 65535,
  };
  const dispatches = emitSelectThreshold(select(new Array(15).fill(10)), target);
  for (const dispatch of dispatches) assert.ok(dispatch.bindings.length <= 8);
  // 150 keys are candidates at once: table, start, three parts, judge, collect, cut, ties of three parts.
  assert.equal(dispatches.length, 8 + (3 + 1 + 3));
  const large = emitSelectThreshold(select(new Array(15).fill(1000)), target);
  for (const dispatch of large) assert.ok(dispatch.bindings.length <= 8);
  // Also three samples and a bracket, and three digits of a count, three counts and a search.
  assert.equal(large.length, 8 + (3 + 1) + 3 * (1 + 3 + 1) + (3 + 1 + 3));
});

gpuTest("an unknown hand-written kernel is named in the error", async (backend) => {
  const kernel: OpaqueKernel = { ...select([4]), op: "median" };
  await assert.rejects(backend.load([kernel]), /no kernel named "median"; known are argsort/);
});
