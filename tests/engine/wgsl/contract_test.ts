import assert from "node:assert/strict";
import fc from "fast-check";
import { addIndex, constantIndex, divIndex, type Index, modIndex, scaleIndex } from "../../../engine/compile/index.ts";
import { emitContract } from "../../../engine/wgsl/contract.ts";
import { contract, fused, product, type Shape } from "./contract_kernels.ts";
import { accumulator, argsOf, axes, check, constant, gpuTest, linearize, load, op, store } from "./support.ts";

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
  const name = software ? "shaped for software" : "shaped for hardware";

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
      await check(backend, fused({ batch: [], m, n, k }));
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

  gpuTest(`contract (${name}): results stored transposed`, async (backend) => {
    for (const [m, n, k] of [[64, 50, 10], [12, 33, 8], [8, 8, 3]] as const) {
      const kernel = product({ batch: [2], m, n, k }, "NT");
      const [b, i, j] = axes([2, m, n]) as [Index, Index, Index];
      const value = op("add", [accumulator, load(0, linearize([b, i, constantIndex(0)], [2, m, k]))]);
      await check(backend, { ...kernel, stores: [store(2, linearize([b, j, i], [2, n, m]), value)] });
    }
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
  const target = {
    software: true,
    bindings: 8,
    bindingBytes: 2 ** 27,
    invocations: 256,
    workgroupBytes: 16384,
    groups: 65535,
  };
  const kernel = product({ batch: [], m: 64, n: 64, k: 64 }, "NN");
  const moved = { ...kernel, args: kernel.args.map((arg) => ({ ...arg, buffer: arg.buffer + 10 })) };
  assert.equal(emitContract(kernel, target)[0]!.wgsl, emitContract(moved, target)[0]!.wgsl);
});
