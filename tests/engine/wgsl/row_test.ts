import assert from "node:assert/strict";
import fc from "fast-check";
import type { ReduceKernel } from "../../../engine/compile/kernel.ts";
import {
  argsOf,
  axes,
  bothTest,
  check,
  constant,
  constantIndex,
  type Data,
  linearize,
  load,
  op,
  reduce,
  runKernel,
  stage,
  store,
} from "./support.ts";

function softmax(rows: number, length: number): ReduceKernel {
  const at = axes([rows, length]), x = load(0, linearize(at, [rows, length]));
  const exp = op("exp", [op("sub", [x, stage(0)])]);
  const size = rows * length;
  return reduce("row", [rows], [length], argsOf([["read", size], ["write", size], ["write", rows]]), [
    ["max", x],
    ["sum", exp],
  ], [
    store(1, linearize(at, [rows, length]), op("div", [exp, stage(1)])),
    store(2, at[0]!, op("add", [op("log", [stage(1)]), stage(0)]), "outer"),
  ]);
}

bothTest("row: softmax of every length class", async (backend) => {
  for (
    const [rows, length] of [[5, 1], [3, 7], [700, 20], [9, 32], [4, 33], [6, 50], [10, 128], [3, 1000], [2, 1021]]
  ) {
    await check(backend, softmax(rows!, length!));
  }
});

bothTest("row: layer norm in place, its two sums in one pass", async (backend) => {
  for (const [rows, length] of [[6, 64], [5, 100], [7, 50], [3, 51], [3, 768], [300, 12]] as const) {
    const at = axes([rows, length]), full = linearize(at, [rows, length]);
    const x = load(0, full), mean = op("mul", [stage(0), constant(1 / length)]);
    const variance = op("sub", [op("mul", [stage(1), constant(1 / length)]), op("mul", [mean, mean])]);
    const scale = op("rsqrt", [op("add", [variance, constant(1e-5)])]);
    const normal = op("mul", [op("sub", [x, mean]), scale]);
    const size = rows * length;
    await check(
      backend,
      reduce(
        "row",
        [rows],
        [length],
        argsOf([["update", size], ["read", length], ["write", rows], ["write", rows]]),
        [["sum", x], ["sum", op("mul", [x, x])]],
        [
          store(0, full, op("mul", [normal, load(1, at[1]!)])),
          store(2, at[0]!, mean, "outer"),
          store(3, at[0]!, scale, "outer"),
        ],
      ),
    );
  }
});

bothTest("row: any outer and inner axes, strided and merged", async (backend) => {
  const size = fc.integer({ min: 1, max: 9 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(size, { maxLength: 2 }),
      fc.array(size, { minLength: 1, maxLength: 2 }),
      fc.boolean(),
      fc.constantFrom("row", "column"),
      async (outer, inner, swapped, kind) => {
        const at = axes([...outer, ...inner]), rank = outer.length;
        const dims = [...outer, ...inner], order = swapped ? [...inner, ...outer] : dims;
        const coordinates = swapped ? [...at.slice(rank), ...at.slice(0, rank)] : at;
        const x = load(0, linearize(coordinates, order));
        const total = dims.reduce((p, s) => p * s, 1), rows = outer.reduce((p, s) => p * s, 1);
        await check(
          backend,
          reduce(
            kind as "row" | "column",
            outer,
            inner,
            argsOf([["read", total], ["write", rows], ["write", rows], ["write", total]]),
            [["sum", x], ["max", op("sub", [x, stage(0)])], ["min", x]],
            [
              store(1, linearize(at.slice(0, rank), outer), op("add", [stage(0), stage(2)]), "outer"),
              store(2, linearize(at.slice(0, rank), outer), stage(1), "outer"),
              store(3, linearize(at, dims), op("sub", [x, stage(1)])),
            ],
          ),
        );
      },
    ),
    { numRuns: 20 },
  );
});

bothTest("row: more rows than one dimension of workgroups holds", async (backend) => {
  const rows = 70001, length = 33, at = axes([rows, length]);
  const kernel = reduce(
    "row",
    [rows],
    [length],
    argsOf([["read", rows], ["write", rows]]),
    [["sum", load(0, at[0]!)]],
    [
      store(1, at[0]!, stage(0), "outer"),
    ],
  );
  const values = Float32Array.from({ length: rows }, (_, i) => i % 100);
  const [, sums] = await runKernel(backend, kernel, [values, new Float32Array(rows)]);
  for (const row of [0, 65535, 65536, rows - 1]) assert.equal(sums![row], values[row]! * length);
});

bothTest("row: the maximum of minus infinities is minus infinity; integers fold too", async (backend) => {
  for (const length of [8, 40, 41]) {
    const at = axes([2, length]), x = load(0, linearize(at, [2, length]));
    const integer = load(1, linearize(at, [2, length]), "u32"), signed = load(2, linearize(at, [2, length]), "i32");
    const args = argsOf([
      ["read", 2 * length],
      ["read", 2 * length, "u32"],
      ["read", 2 * length, "i32"],
      ["write", 2],
      ["write", 2, "u32"],
      ["write", 2, "i32"],
    ]);
    const kernel = reduce("row", [2], [length], args, [["max", x], ["max", integer], ["max", signed]], [
      store(3, at[0]!, stage(0), "outer"),
      store(4, at[0]!, stage(1, "u32"), "outer"),
      store(5, at[0]!, stage(2, "i32"), "outer"),
    ]);
    const data: Data[] = [
      new Float32Array(2 * length).fill(-Infinity),
      new Uint32Array(2 * length).map((_, i) => 0xfffffff0 + (i % 8)),
      new Int32Array(2 * length).map((_, i) => -0x80000000 + (i % 5)),
      new Float32Array(2),
      new Uint32Array(2),
      new Int32Array(2),
    ];
    data[0]![length] = -5;
    const actual = await runKernel(backend, kernel, data);
    assert.deepEqual([...actual[3]!], [-Infinity, -5]);
    assert.deepEqual([...actual[4]!], [0xfffffff7, 0xfffffff7]);
    assert.deepEqual([...actual[5]!], [-0x80000000 + 4, -0x80000000 + 4]);
  }
});

bothTest("row: a full reduction updates its result in place", async (backend) => {
  const length = 1000, at = axes([length]);
  await check(
    backend,
    reduce("row", [], [length], argsOf([["read", length], ["update", 1]]), [["sum", load(0, at[0]!)]], [
      store(1, constantIndex(0), op("add", [load(1, constantIndex(0)), stage(0)]), "outer"),
    ]),
  );
});
