import assert from "node:assert/strict";
import fc from "fast-check";
import { addIndex, divIndex, type Index, modIndex, scaleIndex } from "../../../engine/compile/index.ts";
import type { ContractKernel, Expr } from "../../../engine/compile/kernel.ts";
import { emitContract } from "../../../engine/wgsl/contract.ts";
import { accumulator, argsOf, axes, check, constant, gpuTest, linearize, load, op, store } from "./support.ts";

interface Shape {
  readonly batch: readonly number[];
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

interface Parts {
  readonly args: ContractKernel["args"];
  readonly a: (b: readonly Index[], m: Index, k: Index) => Expr;
  readonly b: (b: readonly Index[], k: Index, n: Index) => Expr;
  readonly stores: (b: readonly Index[], m: Index, n: Index) => ContractKernel["stores"];
}

function contract({ batch, m, n, k }: Shape, parts: Parts): ContractKernel {
  const at = axes([...batch, m, n, k]), rank = batch.length, b = at.slice(0, rank);
  const [im, jn, ik] = [at[rank]!, at[rank + 1]!, at[rank + 2]!];
  return {
    kind: "contract",
    label: `contract ${batch}|${m}x${n}x${k}`,
    args: parts.args,
    batch,
    m,
    n,
    k,
    a: parts.a(b, im, ik),
    b: parts.b(b, ik, jn),
    stores: parts.stores(b, im, jn),
  };
}

/** A plain product; `mode` says which operands are stored transposed. */
function product(shape: Shape, mode: "NN" | "NT" | "TN" | "TT"): ContractKernel {
  const { batch, m, n, k } = shape, count = batch.reduce((p, s) => p * s, 1);
  return contract(shape, {
    args: argsOf([["read", count * m * k], ["read", count * k * n], ["write", count * m * n]]),
    a: (b, i, l) =>
      load(0, mode[0] === "N" ? linearize([...b, i, l], [...batch, m, k]) : linearize([...b, l, i], [...batch, k, m])),
    b: (b, l, j) =>
      load(1, mode[1] === "N" ? linearize([...b, l, j], [...batch, k, n]) : linearize([...b, j, l], [...batch, n, k])),
    stores: (b, i, j) => [store(2, linearize([...b, i, j], [...batch, m, n]), accumulator)],
  });
}

const SHAPES: readonly Shape[] = [
  { batch: [], m: 64, n: 64, k: 32 },
  { batch: [], m: 1, n: 1, k: 1 },
  { batch: [], m: 3, n: 5, k: 7 },
  { batch: [2], m: 50, n: 50, k: 64 },
  { batch: [2, 3], m: 50, n: 64, k: 50 },
  { batch: [], m: 70, n: 36, k: 20 },
  { batch: [3], m: 12, n: 100, k: 6 },
  { batch: [], m: 33, n: 2, k: 40 },
];

for (const software of [true, false]) {
  const name = software ? "registers" : "staged";

  gpuTest(`contract (${name}): NN, NT, TN, TT of divisible and other shapes`, async (backend) => {
    for (const shape of SHAPES) {
      for (const mode of ["NN", "NT", "TN", "TT"] as const) await check(backend, product(shape, mode));
    }
  }, { software });

  gpuTest(`contract (${name}): random shapes`, async (backend) => {
    const size = fc.integer({ min: 1, max: 40 });
    await fc.assert(
      fc.asyncProperty(size, size, size, fc.constantFrom("NN", "NT", "TN", "TT"), async (m, n, k, mode) => {
        await check(backend, product({ batch: [], m, n, k }, mode as "NN"));
      }),
      { numRuns: 8 },
    );
  }, { software });

  gpuTest(`contract (${name}): masked weight, bias, activation, residual in place, two outputs`, async (backend) => {
    for (const [m, n, k] of [[32, 64, 16], [10, 7, 9], [20, 12, 8]] as const) {
      const kernel = contract({ batch: [], m, n, k }, {
        args: argsOf([
          ["read", m * k],
          ["read", n * k],
          ["read", n * k, "u32"],
          ["read", n],
          ["update", m * n],
          ["write", m * n],
          ["read", m],
        ]),
        a: (_, i, l) => op("mul", [load(0, linearize([i, l], [m, k])), load(6, i)]),
        b: (_, l, j) => {
          const at = linearize([j, l], [n, k]);
          return op("select", [
            op("less", [constant(40, "u32"), load(2, at, "u32")], "bool"),
            load(1, at),
            constant(0),
          ]);
        },
        stores: (_, i, j) => {
          const at = linearize([i, j], [m, n]), biased = op("add", [accumulator, load(3, j)]);
          return [
            store(5, at, biased),
            store(4, at, op("add", [op("mul", [biased, op("erf", [biased])]), load(4, at)])),
          ];
        },
      });
      await check(backend, kernel);
    }
  }, { software });

  gpuTest(`contract (${name}): heads split and merged under quotients and remainders`, async (backend) => {
    // x [batch * time, heads * depth] read as [batch, heads, time, depth], written back merged.
    const [batch, heads, time, depth] = [2, 3, 10, 8];
    const width = heads * depth, size = batch * time * width;
    const at = axes([batch * heads, time, time, depth]);
    const [g, i, j, l] = at as [Index, Index, Index, Index];
    const image = divIndex(g, heads), head = modIndex(g, heads);
    const element = (t: Index, d: Index) =>
      addIndex(scaleIndex(addIndex(scaleIndex(image, time), t), width), addIndex(scaleIndex(head, depth), d));
    await check(backend, {
      kind: "contract",
      label: "attention scores",
      args: argsOf([["read", size], ["read", size], ["write", batch * heads * time * time]]),
      batch: [batch * heads],
      m: time,
      n: time,
      k: depth,
      a: load(0, element(i, l)),
      b: load(1, element(j, l)),
      stores: [store(2, linearize([g, i, j], [batch * heads, time, time]), op("mul", [accumulator, constant(0.25)]))],
    });
  }, { software });

  gpuTest(`contract (${name}): operands without any contiguous axis, and constants`, async (backend) => {
    const [m, n, k] = [20, 24, 16];
    const kernel = contract({ batch: [], m, n, k }, {
      args: argsOf([["read", 2 * m * k], ["write", m * n], ["write", m]]),
      a: (_, i, l) => load(0, scaleIndex(linearize([i, l], [m, k]), 2)),
      b: () => constant(0.5),
      stores: (_, i, j) => [store(1, linearize([i, j], [m, n]), op("max", [accumulator, constant(0)]))],
    });
    await check(backend, { ...kernel, args: kernel.args.slice(0, 2) });
  }, { software });
}

Deno.test("contract: equal shapes give equal text, whatever the buffers", () => {
  const target = { software: true, bindings: 8, bindingBytes: 2 ** 27, invocations: 256, workgroupBytes: 16384, groups: 65535 };
  const kernel = product({ batch: [], m: 64, n: 64, k: 64 }, "NN");
  const moved = { ...kernel, args: kernel.args.map((arg) => ({ ...arg, buffer: arg.buffer + 10 })) };
  assert.equal(emitContract(kernel, target)[0]!.wgsl, emitContract(moved, target)[0]!.wgsl);
});
