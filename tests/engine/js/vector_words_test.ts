/** Vector loops over integers and flags. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { coordinate, linearize } from "../../../engine/compile/index.ts";
import type { Expr, Kernel, MapKernel, ReduceKernel } from "../../../engine/compile/kernel.ts";
import type { Dtype } from "../../../engine/graph/node.ts";
import { emitKernel } from "../../../engine/js/emit.ts";
import { arg, constant, load, noise, rowMajor, scalar, stage, store } from "./build.ts";
import { checkKernel, contents } from "./evaluate.ts";

const lengths = fc.integer({ min: 16, max: 70 });

const usesVectors = (kernel: Kernel): boolean => emitKernel(kernel).source.includes("vectors.loop0(");

Deno.test("vector columns fold integers exactly", async () => {
  const [c, r] = [coordinate(0, 37), coordinate(1, 5)], at = linearize([r, c], [5, 37]);
  for (const type of ["i32", "u32"] as const) {
    const x = load(0, at, type);
    const kernel: ReduceKernel = {
      kind: "column",
      label: "integers",
      args: [arg(185, "read", type), ...[0, 1, 2].map(() => arg(37, "write", type))],
      outer: [37],
      inner: [5],
      stages: (["sum", "max", "min"] as const).map((fold) => ({ fold, dtype: type, value: x })),
      stores: [0, 1, 2].map((number) => store(1 + number, c, stage(number, type), "outer")),
    };
    assert.ok(usesVectors(kernel));
    const zeros = [0, 1, 2].map(() => contents(new Array(37).fill(0)));
    await checkKernel(kernel, [contents(wordsOf(185, 4), type), ...zeros]);
  }
});

/** Every operation on integers and flags, into one word that depends on all of them. */
function words(x: Expr, y: Expr, type: "u32" | "i32"): Expr {
  const flag = (name: string, ...inputs: Expr[]): Expr => scalar(name, inputs, "bool");
  const cast = (value: Expr, to: Dtype): Expr => scalar("cast", [value], to);
  const own = type === "i32"
    ? ["neg", "abs"].map((name) => scalar(name, [x]))
    : [scalar("shiftLeft", [x, constant(5, "u32")]), scalar("shiftRight", [x, constant(9, "u32")])];
  const binary = ["add", "sub", "mul", "max", "min", "and", "or", "xor"].map((name) => scalar(name, [x, y]));
  const compared = ["equal", "notEqual", "less", "lessEqual"].map((name) => flag(name, x, y));
  const mixed = [flag("equal", compared[2]!, compared[3]!), flag("xor", compared[0]!, compared[2]!)];
  const real = scalar("mul", [cast(scalar("and", [x, constant(0xffff, type)]), "f32"), constant(0.5)]);
  const real2 = scalar("floor", [scalar("div", [cast(x, "f32"), constant(3e5)])]);
  const bitsOf = (value: Expr): Expr => cast(scalar("bitcast", [value], "u32"), type);
  const flags = [...compared, ...mixed, flag("isNaN", real), flag("isFinite", scalar("bitcast", [x], "f32"))];
  const terms = [
    ...own,
    ...binary,
    ...flags.map((value) => cast(value, type)),
    scalar("not", [x]),
    scalar("select", [compared[2]!, x, y]),
    bitsOf(real),
    bitsOf(real2),
    bitsOf(cast(compared[2]!, "f32")),
    cast(flag("cast", y), type),
  ];
  return terms.reduce((sum, term) => scalar("xor", [scalar("mul", [sum, constant(31, type)]), term]));
}

const wordsOf = (length: number, seed: number): Float64Array =>
  Float64Array.from(noise(length, seed), (x) => Math.floor(x * 2 ** 31));

for (const type of ["u32", "i32"] as const) {
  Deno.test(`vector maps and rows compute every operation on ${type}, flags and indices exactly`, async () => {
    await fc.assert(
      fc.asyncProperty(lengths, async (length) => {
        const at = rowMajor([3, length]), column: Expr = { kind: "index", index: coordinate(1, length), dtype: type };
        const [x, y] = [load(0, at, type), load(1, at, type)];
        const random = scalar("threefry", [x, constant(7, "u32"), column, load(2, coordinate(0, 3), type)]);
        const inputs = [wordsOf(3 * length, 1), wordsOf(3 * length, 2), wordsOf(3, 3)];
        inputs[0]!.forEach((word, i) => i % 5 === 0 && (inputs[1]![i] = word));
        const args = inputs.map(({ length }) => arg(length, "read", type));
        const map: MapKernel = {
          kind: "map",
          label: "words",
          args: [
            ...args,
            arg(3 * length, "write", type),
            arg(3 * length, "write", type),
            arg(3 * length, "write", "u32"),
          ],
          dims: [3, length],
          stores: [
            store(3, at, words(x, y, type)),
            store(4, at, type === "u32" ? random : scalar("add", [x, column])),
            store(5, at, scalar("less", [x, load(2, coordinate(0, 3), type)], "bool")),
          ],
        };
        assert.ok(usesVectors(map));
        const given = inputs.map((values) => contents(values, type));
        await checkKernel(map, [...given, ...[0, 1, 2].map(() => contents(new Array(3 * length).fill(0)))]);
        const row: ReduceKernel = {
          kind: "row",
          label: "folds",
          args: [...args, ...[0, 1, 2].map(() => arg(3, "write", type)), arg(3, "write")],
          outer: [3],
          inner: [length],
          stages: [
            { fold: "sum", dtype: type, value: x },
            { fold: "max", dtype: type, value: x },
            { fold: "min", dtype: type, value: y },
            {
              fold: "sum",
              dtype: "f32",
              value: scalar("select", [
                scalar("equal", [column, load(2, coordinate(0, 3), type)], "bool"),
                scalar("cast", [x], "f32"),
                constant(1),
              ]),
            },
          ],
          stores: [0, 1, 2, 3].map((number) =>
            store(3 + number, coordinate(0, 3), stage(number, number < 3 ? type : "f32"), "outer")
          ),
        };
        assert.ok(usesVectors(row));
        given[2]!.u32[1] = 5;
        await checkKernel(row, [...given, ...[0, 1, 2, 3].map(() => contents(new Array(3).fill(0)))]);
      }),
      { numRuns: 15 },
    );
  });
}

Deno.test("vector loops read flags that are stored as 0 and 1", async () => {
  const at = rowMajor([40]);
  const kernel: MapKernel = {
    kind: "map",
    label: "flags",
    args: [arg(40, "read", "u32"), arg(40), arg(40, "write")],
    dims: [40],
    stores: [store(2, at, scalar("select", [load(0, at, "bool"), load(1, at), constant(0)]))],
  };
  assert.ok(usesVectors(kernel));
  const flags = contents(Array.from({ length: 40 }, (_, i) => i % 3 === 0 ? 1 : 0), "u32");
  await checkKernel(kernel, [flags, contents(noise(40)), contents(noise(40))]);
});
