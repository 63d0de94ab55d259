import assert from "node:assert/strict";
import { constantIndex, coordinate, linearize } from "../../../engine/compile/index.ts";
import type { Kernel } from "../../../engine/compile/kernel.ts";
import { createMemory } from "../../../engine/device/memory.ts";
import { compile } from "../../../engine/js/code.ts";
import { emitKernel } from "../../../engine/js/emit.ts";
import { instantiate } from "../../../engine/wasm/module.ts";
import { accumulator, arg, load, noise, rowMajor, scalar, stage, store } from "./build.ts";

/** Output (the last argument) of a kernel run in so many parts, one after the other. */
function run(kernel: Kernel, parts: number): Float32Array {
  const memory = createMemory(2 ** 26);
  const { source, tables, scratchBytes } = emitKernel(kernel);
  const place = (length: number): number => memory.take(4 * length, "test");
  const addresses = tables.map((table) => {
    const address = place(table.length);
    memory.heap.i32.set(table, address / 4);
    return address;
  });
  const kernelRun = compile(source, kernel.label, instantiate(memory.wasm).kernels, addresses);
  const bases = Int32Array.from(kernel.args, ({ length, dtype }, number) => {
    const base = place(length) / 4;
    if (dtype === "u32") memory.heap.u32.set(Array.from({ length }, (_, i) => i * 7 % 11), base);
    else memory.heap.f32.set(noise(length, number + 1), base);
    return base;
  });
  memory.heap.scratch = memory.take(scratchBytes, "working space");
  for (let part = 0; part < parts; part++) kernelRun(memory.heap, bases, part, parts);
  return memory.heap.f32.slice(bases.at(-1)!, bases.at(-1)! + kernel.args.at(-1)!.length);
}

const [i, j, q] = [coordinate(0, 20), coordinate(1, 9), coordinate(2, 5)];
const softmax = (): Kernel => {
  const at = rowMajor([20, 37]), exponential = scalar("exp", [scalar("sub", [load(0, at), stage(0)])]);
  return {
    kind: "row",
    label: "softmax",
    args: [arg(740), arg(740, "write")],
    outer: [20],
    inner: [37],
    stages: [{ fold: "max", dtype: "f32", value: load(0, at) }, { fold: "sum", dtype: "f32", value: exponential }],
    stores: [store(1, at, scalar("div", [exponential, stage(1)]), "full")],
  };
};
const wideProduct = (m: number, n: number): Kernel => {
  const [row, column, sum] = [m, n, 17].map((size, axis) => coordinate(axis, size));
  return {
    kind: "contract",
    label: `wide product ${m} x ${n}`,
    args: [arg(m * 17), arg(17 * n), arg(m * n, "write")],
    batch: [],
    m,
    n,
    k: 17,
    a: scalar("neg", [load(0, linearize([row!, sum!], [m, 17]))]),
    b: load(1, linearize([sum!, column!], [17, n])),
    stores: [store(2, linearize([row!, column!], [m, n]), scalar("tanh", [accumulator]))],
  };
};
const flat = coordinate(0, 1000);
const product = (batch: number): Kernel => {
  const lead = batch > 1 ? [coordinate(0, batch)] : [], sizes = lead.map(() => batch);
  const [m, n, k] = [20, 9, 5].map((size, axis) => coordinate(axis + lead.length, size));
  return {
    kind: "contract",
    label: "product",
    args: [arg(batch * 100), arg(batch * 45), arg(batch * 180, "write")],
    batch: sizes,
    m: 20,
    n: 9,
    k: 5,
    a: scalar("neg", [load(0, linearize([...lead, m!, k!], [...sizes, 20, 5]))]),
    b: load(1, linearize([...lead, k!, n!], [...sizes, 5, 9])),
    stores: [store(2, linearize([...lead, m!, n!], [...sizes, 20, 9]), scalar("abs", [accumulator]))],
  };
};

const kernels: readonly Kernel[] = [
  product(1),
  product(7),
  softmax(),
  wideProduct(40, 22),
  wideProduct(22, 70),
  {
    kind: "map",
    label: "flat map",
    args: [arg(1000), arg(1000, "write")],
    dims: [1000],
    stores: [store(1, flat, scalar("erf", [load(0, flat)]))],
  },
  ...([["row", [20]], ["column", [20]], ["column", [3, 20]], ["row", []]] as const).map(([kind, outer]): Kernel => ({
    kind,
    label: `${kind} over ${outer.length} axes`,
    args: [arg(60 * 9), arg(60, "write")],
    outer,
    inner: [9],
    stages: [{ fold: "sum", dtype: "f32", value: load(0, rowMajor([...outer, 9])) }],
    stores: [store(1, outer.length ? rowMajor(outer) : constantIndex(0), stage(0), "outer")],
  })),
  {
    kind: "map",
    label: "map",
    args: [arg(900), arg(900, "write")],
    dims: [20, 9, 5],
    stores: [store(1, linearize([j, i, q], [9, 20, 5]), load(0, rowMajor([20, 9, 5])))],
  },
  ...["gather", "scatterAdd"].map((op): Kernel => {
    const table = { shape: [10, 7], dtype: "f32" } as const, ids = { shape: [12], dtype: "u32" } as const;
    const rows = { shape: [12, 7], dtype: "f32" } as const;
    return {
      kind: "opaque",
      label: op,
      op,
      params: { rows: 10 },
      inputs: op === "gather" ? [table, ids] : [ids, rows],
      outputs: op === "gather" ? [rows] : [table],
      scratch: [],
      args: op === "gather"
        ? [arg(70), arg(12, "read", "u32"), arg(84, "write")]
        : [arg(12, "read", "u32"), arg(84), arg(70, "write")],
    };
  }),
];

for (const kernel of kernels) {
  Deno.test(`${kernel.kind} "${kernel.label}" gives the same bits in any number of parts`, () => {
    const whole = run(kernel, 1);
    for (const parts of [2, 3, 8, 30]) assert.deepEqual(run(kernel, parts), whole);
  });
}
