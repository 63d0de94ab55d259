import assert from "node:assert/strict";
import fc from "fast-check";
import { constantIndex, coordinate } from "../../../engine/compile/index.ts";
import type { Fold, ReduceKernel } from "../../../engine/compile/kernel.ts";
import { emitRow } from "../../../engine/js/row.ts";
import { anyValue, arg, constant, load, noise, rowMajor, scalar, sizeOf, stage, store } from "./build.ts";
import { checkKernel, contents } from "./evaluate.ts";

const folds: readonly Fold[] = ["sum", "max", "min"];

/** Chained random stages, then a store per row and a store per element. */
function anyReduction(kind: "row" | "column"): fc.Arbitrary<ReduceKernel> {
  const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 3 });
  return fc.tuple(sizes, sizes, fc.nat(2), fc.nat(2)).chain(([outer, inner, first, second]) => {
    const dims = [...outer, ...inner];
    return fc.tuple(
      anyValue(dims, 2),
      anyValue(dims, 5, [stage(0)]),
      anyValue(dims, 8, [stage(1), stage(0)]),
      anyValue(outer, 11, [stage(1)]),
    )
      .map(([a, b, full, out]): ReduceKernel => {
        const lengths = [a, b, full, out].flatMap((one) => [...one.lengths, 1, 1, 1].slice(0, 3));
        return {
          kind,
          label: "random",
          args: [
            arg(sizeOf(outer), "write"),
            arg(sizeOf(dims), "write"),
            ...lengths.map((length) => arg(length)),
          ],
          outer,
          inner,
          stages: [
            { fold: folds[first]!, dtype: "f32", value: a.value },
            { fold: folds[second]!, dtype: "f32", value: scalar("add", [b.value, a.value]) },
          ],
          stores: [
            store(0, rowMajor(outer), out.value, "outer"),
            store(1, rowMajor(dims), scalar("add", [full.value, b.value]), "full"),
          ],
        };
      });
  });
}

for (const kind of ["row", "column"] as const) {
  Deno.test(`${kind} kernels compute random chained reductions`, async () => {
    await fc.assert(
      fc.asyncProperty(anyReduction(kind), async (kernel) => {
        await checkKernel(kernel, kernel.args.map(({ length }, number) => contents(noise(length, number + 1))), 1e-5);
      }),
      { numRuns: 120 },
    );
  });

  Deno.test(`${kind} kernels of integers wrap and compare as their type`, async () => {
    const at = kind === "row" ? rowMajor([3, 4]) : coordinate(0, 3);
    const value = load(0, kind === "row" ? at : rowMajor([3, 4]), "u32"), signed = load(1, rowMajor([3, 4]), "i32");
    await checkKernel({
      kind,
      label: "integers",
      args: [
        arg(12, "read", "u32"),
        arg(12, "read", "i32"),
        arg(3, "write", "u32"),
        arg(3, "write", "i32"),
        arg(3, "write", "i32"),
      ],
      outer: [3],
      inner: [4],
      stages: [
        { fold: "sum", dtype: "u32", value },
        { fold: "sum", dtype: "i32", value: signed },
        { fold: "max", dtype: "i32", value: signed },
      ],
      stores: [
        store(2, coordinate(0, 3), stage(0, "u32"), "outer"),
        store(3, coordinate(0, 3), stage(1, "i32"), "outer"),
        store(4, coordinate(0, 3), stage(2, "i32"), "outer"),
      ],
    }, [
      contents(Array.from({ length: 12 }, (_, i) => 0xfffffff0 + i), "u32"),
      contents(Array.from({ length: 12 }, (_, i) => 2147483640 - 900000000 * (i % 4)), "i32"),
      contents([0, 0, 0]),
      contents([0, 0, 0]),
      contents([0, 0, 0]),
    ]);
  });

  Deno.test(`${kind} kernels fold everything into one value, and nothing into the start of the fold`, async () => {
    for (const inner of [[1000], [0]]) {
      await checkKernel({
        kind,
        label: "total",
        args: [arg(inner[0]!), arg(1, "write"), arg(1, "write")],
        outer: [],
        inner,
        stages: [
          { fold: "sum", dtype: "f32", value: load(0, rowMajor(inner)) },
          { fold: "max", dtype: "f32", value: load(0, rowMajor(inner)) },
        ],
        stores: [store(1, constantIndex(0), stage(0), "outer"), store(2, constantIndex(0), stage(1), "outer")],
      }, [contents(noise(inner[0]!)), contents([5]), contents([5])]);
    }
  });

  Deno.test(`${kind} kernels normalise in place over wide outer axes`, async () => {
    const dims = kind === "row" ? [700, 9] : [700, 9];
    const at = kind === "row" ? rowMajor(dims) : coordinate(0, 700);
    const full = kind === "row" ? at : { terms: [], offset: 0 };
    const index = kind === "row" ? full : rowMajor([700, 9]);
    const x = load(0, index);
    const root = scalar("sqrt", [scalar("add", [stage(0), constant(1e-3)])]);
    await checkKernel({
      kind,
      label: "normalise",
      args: [arg(6300, "update"), arg(700, "update")],
      outer: [700],
      inner: [9],
      stages: [{ fold: "sum", dtype: "f32", value: scalar("mul", [x, x]) }],
      stores: [
        store(0, index, scalar("div", [x, root]), "full"),
        store(1, coordinate(0, 700), scalar("add", [root, load(1, coordinate(0, 700))]), "outer"),
      ],
    }, [contents(noise(6300)), contents(noise(700, 3))]);
  });
}

Deno.test("emitRow() computes the exponentials of a softmax once", async () => {
  const dims = [6, 13], at = rowMajor(dims);
  const e = scalar("exp", [scalar("sub", [load(0, at), stage(0)])]);
  const kernel: ReduceKernel = {
    kind: "row",
    label: "softmax",
    args: [arg(78), arg(78, "write")],
    outer: [6],
    inner: [13],
    stages: [{ fold: "max", dtype: "f32", value: load(0, at) }, { fold: "sum", dtype: "f32", value: e }],
    stores: [store(1, at, scalar("div", [e, stage(1)]), "full")],
  };
  assert.equal(emitRow(kernel).source.match(/fastExp\(v/g)?.length, 1);
  await checkKernel(kernel, [contents(noise(78)), contents(noise(78))]);
});

Deno.test("emitRow() runs independent stages in one loop", () => {
  const at = rowMajor([4, 5]);
  const kernel: ReduceKernel = {
    kind: "row",
    label: "range",
    args: [arg(20), arg(4, "write")],
    outer: [4],
    inner: [5],
    stages: [
      { fold: "max", dtype: "f32", value: load(0, at) },
      { fold: "min", dtype: "f32", value: load(0, at) },
    ],
    stores: [store(1, coordinate(0, 4), scalar("sub", [stage(0), stage(1)]), "outer")],
  };
  assert.equal(emitRow(kernel).source.match(/for \(/g)?.length, 2);
});

Deno.test("row kernels ignore NaN in extrema and keep it in sums", async () => {
  const at = rowMajor([1, 3]);
  await checkKernel({
    kind: "row",
    label: "nan",
    args: [arg(3), arg(1, "write"), arg(1, "write")],
    outer: [1],
    inner: [3],
    stages: [{ fold: "max", dtype: "f32", value: load(0, at) }, { fold: "sum", dtype: "f32", value: load(0, at) }],
    stores: [store(1, constantIndex(0), stage(0), "outer"), store(2, constantIndex(0), stage(1), "outer")],
  }, [contents([1, NaN, 2]), contents([0]), contents([0])]);
});
