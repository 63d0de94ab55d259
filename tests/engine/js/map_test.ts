import assert from "node:assert/strict";
import fc from "fast-check";
import {
  constantIndex,
  coordinate,
  divIndex,
  linearize,
  modIndex,
  offsetIndex,
  scaleIndex,
} from "../../../engine/compile/index.ts";
import type { MapKernel } from "../../../engine/compile/kernel.ts";
import { emitMap } from "../../../engine/js/map.ts";
import { anyValue, arg, constant, guard, load, noise, rowMajor, scalar, sizeOf, store, sum } from "./build.ts";
import { checkKernel, contents } from "./evaluate.ts";

Deno.test("emitMap() computes random expressions over random views", async () => {
  const kernels = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 4 }).chain((dims) =>
    anyValue(dims, 1).map(({ value, lengths }) => ({ dims, value, lengths }))
  );
  await fc.assert(
    fc.asyncProperty(kernels, async ({ dims, value, lengths }) => {
      const kernel: MapKernel = {
        kind: "map",
        label: "random",
        args: [arg(sizeOf(dims), "write"), ...lengths.map((length) => arg(length))],
        dims,
        stores: [store(0, rowMajor(dims), value)],
      };
      await checkKernel(kernel, kernel.args.map(({ length }, number) => contents(noise(length, number + 1))));
    }),
    { numRuns: 150 },
  );
});

Deno.test("emitMap() makes one flat loop of a contiguous kernel and hoists what does not change", () => {
  const dims = [3, 5];
  const scale = scalar("exp", [load(1, constantIndex(0))]);
  const { source } = emitMap({
    kind: "map",
    label: "scale",
    args: [arg(15, "write"), arg(1), arg(15)],
    dims,
    stores: [store(0, rowMajor(dims), scalar("mul", [scale, load(2, rowMajor(dims))]))],
  });
  assert.equal(source.match(/for \(/g)?.length, 1);
  assert.ok(source.indexOf("fastExp(v") < source.indexOf("for ("));
});

Deno.test("emitMap() splits an axis that is only seen in parts", () => {
  const flat = coordinate(0, 24 * 32);
  const moved = linearize([modIndex(flat, 32), divIndex(flat, 32)], [32, 24]);
  const { source } = emitMap({
    kind: "map",
    label: "transpose",
    args: [arg(768, "write"), arg(768)],
    dims: [768],
    stores: [store(0, flat, load(1, moved))],
  });
  assert.equal(source.match(/for \(/g)?.length, 2);
  assert.doesNotMatch(source, /[%&]|>>/);
});

Deno.test("emitMap() updates in place, reading every value before any store", async () => {
  const at = rowMajor([3, 7]);
  const [x, y] = [load(0, at), load(1, at)];
  await checkKernel({
    kind: "map",
    label: "swap",
    args: [arg(21, "update"), arg(21, "update")],
    dims: [3, 7],
    stores: [store(0, at, y), store(1, at, x)],
  }, [contents(noise(21, 1)), contents(noise(21, 2))]);
});

Deno.test("emitMap() runs a kernel without axes once, with scalars of mixed type", async () => {
  const zero = constantIndex(0);
  const count = load(0, zero, "u32"), rate = load(0, constantIndex(1), "f32");
  const args = [contents([7, 0], "u32"), contents([0]), contents([0])];
  args[0]!.f32[1] = 0.125;
  await checkKernel({
    kind: "map",
    label: "scalars",
    args: [arg(2, "read", "u32"), arg(1, "write"), arg(1, "write", "u32")],
    dims: [],
    stores: [
      store(1, zero, scalar("mul", [scalar("cast", [count], "f32"), rate])),
      store(2, zero, scalar("add", [count, constant(0xffffffff, "u32")])),
    ],
  }, args);
});

Deno.test("emitMap() keeps integer and flag semantics", async () => {
  const at = coordinate(0, 6);
  const a = load(0, at, "u32"), b = load(1, at, "i32");
  const positive = scalar("less", [constant(0, "i32"), b], "bool");
  await checkKernel({
    kind: "map",
    label: "integers",
    args: [
      arg(6, "read", "u32"),
      arg(6, "read", "i32"),
      arg(6, "write", "u32"),
      arg(6, "write", "i32"),
      arg(6, "write", "u32"),
      arg(6, "write", "u32"),
      arg(6, "write"),
    ],
    dims: [6],
    stores: [
      store(2, at, scalar("mul", [a, scalar("bitcast", [b], "u32")])),
      store(3, at, scalar("sub", [b, constant(2147483647, "i32")])),
      store(4, at, scalar("and", [positive, scalar("notEqual", [a, constant(3, "u32")], "bool")], "bool")),
      store(5, at, scalar("threefry", [a, constant(9, "u32"), { kind: "index", index: at, dtype: "u32" }, a])),
      store(6, at, scalar("bitcast", [a], "f32")),
    ],
  }, [
    contents([0, 1, 3, 0x7f800000, 0xffffffff, 0x3f800000], "u32"),
    contents([-5, 0, 4, -2147483648, 2147483647, 1], "i32"),
    contents([0, 0, 0, 0, 0, 0]),
    contents([0, 0, 0, 0, 0, 0]),
    contents([0, 0, 0, 0, 0, 0]),
    contents([0, 0, 0, 0, 0, 0]),
    contents([0, 0, 0, 0, 0, 0]),
  ]);
});

Deno.test("emitMap() divides negative indices downwards under a bound", async () => {
  const shifted = offsetIndex(coordinate(0, 40), -10);
  const value = guard(
    [{ index: divIndex(shifted, 6), low: 0, high: 3 }, { index: modIndex(shifted, 6), low: 1, high: 6 }],
    load(1, sum(divIndex(shifted, 6), scaleIndex(modIndex(shifted, 6), 3))),
    constant(-0),
  );
  await checkKernel({
    kind: "map",
    label: "pad",
    args: [arg(40, "write"), arg(18)],
    dims: [40],
    stores: [store(0, coordinate(0, 40), value)],
  }, [contents(noise(40)), contents(noise(18))]);
});

Deno.test("emitMap() evaluates a branch only where its bounds hold", async () => {
  const at = coordinate(0, 8);
  const inside = scalar("exp", [scalar("add", [load(1, offsetIndex(at, -4)), load(1, offsetIndex(at, -4))])]);
  const value = guard([{ index: at, low: 4, high: 8 }], inside, constant(1));
  const kernel: MapKernel = {
    kind: "map",
    label: "branch",
    args: [arg(8, "write"), arg(4)],
    dims: [8],
    stores: [store(0, at, value)],
  };
  assert.match(emitMap(kernel).source, /if \(g\d+\) \{/);
  await checkKernel(kernel, [contents(noise(8)), contents(noise(4))]);
});

Deno.test("generated code splits into parts that write every element once", () => {
  const dims = [5, 3], at = rowMajor(dims);
  const { source } = emitMap({
    kind: "map",
    label: "parts",
    args: [arg(15, "update")],
    dims,
    stores: [store(0, at, scalar("add", [load(0, at), constant(1)]))],
  });
  const run = new Function("wasm", "tables", source)({}, []);
  const buffer = new ArrayBuffer(60);
  const heap = { f32: new Float32Array(buffer), i32: new Int32Array(buffer), u32: new Uint32Array(buffer), scratch: 0 };
  for (let part = 0; part < 4; part++) run(heap, new Int32Array([0]), part, 4);
  assert.deepEqual([...heap.f32], new Array(15).fill(1));
});
