import assert from "node:assert/strict";
import fc from "fast-check";
import { constantIndex, coordinate, linearize } from "../../../engine/compile/index.ts";
import type { ContractKernel, Expr, Kernel, MapKernel, ReduceKernel } from "../../../engine/compile/kernel.ts";
import { emitKernel } from "../../../engine/js/emit.ts";
import { accumulator, arg, constant, load, noise, rowMajor, scalar, stage, store } from "./build.ts";
import { checkKernel, contents } from "./evaluate.ts";

/** f32 rounds at every operation here. */
const TOLERANCE = 3e-6;
const lengths = fc.integer({ min: 16, max: 70 });

const usesVectors = (kernel: Kernel): boolean => emitKernel(kernel).source.includes("vectors.loop0(");

async function check(kernel: MapKernel | ReduceKernel | ContractKernel): Promise<void> {
  assert.ok(usesVectors(kernel));
  await checkKernel(kernel, kernel.args.map(({ length }, seed) => contents(noise(length, seed + 1))), TOLERANCE);
}

/** Every operation that vectors know, each bounded so that errors stay comparable. */
function mixture(x: Expr, y: Expr): Expr {
  const unary = ["copy", "neg", "abs", "exp", "erf", "tanh"].map((name) => scalar(name, [x]));
  const root = scalar("sqrt", [scalar("abs", [y])]);
  const inverse = scalar("rsqrt", [scalar("add", [scalar("abs", [y]), constant(1)])]);
  const binary = ["add", "sub", "mul", "max", "min"].map((name) => scalar(name, [x, y]));
  const quotient = scalar("div", [x, scalar("add", [scalar("abs", [y]), constant(1)])]);
  const [less, equal] = [scalar("less", [x, y], "bool"), scalar("equal", [x, y], "bool")];
  const flag = scalar("or", [scalar("and", [less, scalar("not", [equal], "bool")], "bool"), equal], "bool");
  const terms = [...unary, root, inverse, ...binary, quotient, scalar("select", [flag, x, y])];
  return terms.reduce((sum, term) => scalar("add", [sum, term]));
}

Deno.test("vector maps compute every operation on any length, in place too", async () => {
  await fc.assert(
    fc.asyncProperty(lengths, fc.constantFrom(1, 3), async (length, rows) => {
      const at = rowMajor([rows, length]), scale = load(2, constantIndex(0));
      const [x, y] = [load(0, at), load(1, at)];
      await check({
        kind: "map",
        label: "mixture",
        args: [arg(rows * length, "update"), arg(rows * length), arg(1), arg(rows * length, "write")],
        dims: [rows, length],
        stores: [store(0, at, mixture(x, y)), store(3, at, scalar("mul", [x, scale]))],
      });
    }),
    { numRuns: 40 },
  );
});

Deno.test("vector rows compute softmax and normalisation on any length", async () => {
  await fc.assert(
    fc.asyncProperty(lengths, async (length) => {
      const at = rowMajor([5, length]), outer = coordinate(0, 5), x = load(0, at);
      const exponential = scalar("exp", [scalar("sub", [x, stage(0)])]);
      const shared = { kind: "row", outer: [5], inner: [length] } as const;
      await check({
        ...shared,
        label: "softmax",
        args: [arg(5 * length), arg(5 * length, "write"), arg(5, "write")],
        stages: [{ fold: "max", dtype: "f32", value: x }, { fold: "sum", dtype: "f32", value: exponential }],
        stores: [store(1, at, scalar("div", [exponential, stage(1)]), "full"), store(2, outer, stage(0), "outer")],
      });
      const centred = scalar("sub", [x, scalar("mul", [stage(0), constant(1 / length)])]);
      await check({
        ...shared,
        label: "normalise",
        args: [arg(5 * length, "update"), arg(length), arg(5, "write")],
        stages: [
          { fold: "sum", dtype: "f32", value: x },
          { fold: "min", dtype: "f32", value: x },
          { fold: "sum", dtype: "f32", value: scalar("mul", [centred, centred]) },
        ],
        stores: [
          store(
            0,
            at,
            scalar("mul", [scalar("mul", [centred, scalar("rsqrt", [stage(2)])]), load(1, coordinate(1, length))]),
            "full",
          ),
          store(2, outer, stage(1), "outer"),
        ],
      });
    }),
    { numRuns: 25 },
  );
});

Deno.test("vector stores and computed operands of contractions, whatever the sizes", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 40 }), lengths, fc.integer({ min: 1, max: 40 }), async (m, n, k) => {
      const [i, j, q] = [coordinate(0, m), coordinate(1, n), coordinate(2, k)];
      const c = linearize([i, j], [m, n]);
      const total = scalar("add", [accumulator, load(2, j)]);
      const kernel: ContractKernel = {
        kind: "contract",
        label: "layer",
        args: [arg(m * k), arg(k * n), arg(n), arg(m * n, "update"), arg(m * n, "write")],
        batch: [],
        m,
        n,
        k,
        a: scalar("erf", [load(0, linearize([i, q], [m, k]))]),
        b: scalar("max", [load(1, linearize([q, j], [k, n])), constant(0)]),
        stores: [
          store(3, c, scalar("add", [load(3, c), scalar("tanh", [total])])),
          store(4, c, scalar("mul", [total, constant(0.5)])),
        ],
      };
      await check(kernel);
    }),
    { numRuns: 40 },
  );
});

Deno.test("rows keep NaN in sums and ignore it in extrema, in vectors as elsewhere", async () => {
  const at = rowMajor([2, 19]), x = noise(38);
  x[5] = NaN;
  x[37] = NaN;
  const kernel: ReduceKernel = {
    kind: "row",
    label: "nan",
    args: [arg(38), arg(2, "write"), arg(2, "write")],
    outer: [2],
    inner: [19],
    stages: [{ fold: "sum", dtype: "f32", value: load(0, at) }, { fold: "max", dtype: "f32", value: load(0, at) }],
    stores: [store(1, coordinate(0, 2), stage(0), "outer"), store(2, coordinate(0, 2), stage(1), "outer")],
  };
  assert.ok(usesVectors(kernel));
  await checkKernel(kernel, [contents(x), contents(noise(2)), contents(noise(2))]);
});

Deno.test("vector columns fold, and use what they folded, over any number of columns", async () => {
  const columns = fc.oneof(lengths, fc.constantFrom(511, 512, 515, 1029));
  await fc.assert(
    fc.asyncProperty(columns, fc.integer({ min: 1, max: 7 }), fc.constantFrom(1, 3), async (length, rows, above) => {
      // Axes: above, column, inner; row-major as [above, inner, column].
      const [g, c, r] = [coordinate(0, above), coordinate(1, length), coordinate(2, rows)];
      const at = linearize([g, r, c], [above, rows, length]), outer = linearize([g, c], [above, length]);
      const x = load(0, at);
      const centred = scalar("sub", [x, scalar("mul", [stage(0), constant(1 / rows)])]);
      const count = above * rows * length;
      await check({
        kind: "column",
        label: "columns",
        args: [
          arg(count, "update"),
          arg(rows),
          arg(above * length, "update"),
          arg(above * length, "write"),
          arg(count, "write"),
        ],
        outer: [above, length],
        inner: [rows],
        stages: [
          { fold: "sum", dtype: "f32", value: x },
          { fold: "max", dtype: "f32", value: scalar("mul", [x, load(1, r)]) },
          { fold: "sum", dtype: "f32", value: scalar("mul", [centred, centred]) },
        ],
        stores: [
          store(0, at, scalar("mul", [centred, scalar("rsqrt", [scalar("add", [stage(2), constant(1)])])]), "full"),
          store(4, at, scalar("max", [centred, load(1, r)]), "full"),
          store(2, outer, scalar("add", [load(2, outer), stage(2)]), "outer"),
          store(3, outer, stage(1), "outer"),
        ],
      });
    }),
    { numRuns: 30 },
  );
});

Deno.test("what vectors cannot express stays JavaScript: strides, some operations, guards, short loops", () => {
  const map = (length: number, value: Expr): Kernel => ({
    kind: "map",
    label: "x",
    args: [arg(4 * length), arg(length, "write")],
    dims: [length],
    stores: [store(1, coordinate(0, length), value)],
  });
  const at = coordinate(0, 64);
  assert.ok(usesVectors(map(64, scalar("neg", [load(0, at)]))));
  const word = load(0, at, "u32");
  assert.ok(!usesVectors(map(64, scalar("rem", [word, constant(3, "u32")]))));
  assert.ok(!usesVectors(map(64, scalar("shiftLeft", [word, word]))));
  assert.ok(!usesVectors(map(64, scalar("cast", [load(0, at)], "u32"))));
  assert.ok(!usesVectors(map(64, scalar("sin", [load(0, at)]))));
  assert.ok(!usesVectors(map(64, load(0, { ...at, terms: at.terms.map((term) => ({ ...term, coefficient: 4 })) }))));
  assert.ok(!usesVectors(map(8, scalar("neg", [load(0, coordinate(0, 8))]))));
});
