import assert from "node:assert/strict";
import fc from "fast-check";
import type { Kernel } from "../../../engine/compile/kernel.ts";
import type { Type } from "../../../engine/graph/node.ts";
import { emitKernel } from "../../../engine/js/emit.ts";
import { noise, sizeOf } from "./build.ts";
import { type Contents, contents, runOnCpu } from "./evaluate.ts";

function opaque(
  op: string,
  inputs: readonly Type[],
  outputs: readonly Type[],
  params = {},
  scratch: readonly Type[] = [],
): Kernel {
  const argument = (access: "read" | "write") => (type: Type) => ({ access, type });
  const all = [...inputs.map(argument("read")), ...[...outputs, ...scratch].map(argument("write"))];
  return {
    kind: "opaque",
    label: op,
    op,
    params,
    inputs,
    outputs,
    scratch,
    args: all.map(({ access, type }, buffer) => ({
      buffer,
      access,
      dtype: type.dtype === "f32" || type.dtype === "i32" ? type.dtype : "u32",
      length: sizeOf(type.shape),
    })),
  };
}

const zeros = (type: Type): Contents => contents(new Array(sizeOf(type.shape)).fill(7));

Deno.test("gather copies rows by id and gives zeros outside the table", async () => {
  for (const rest of [[], [3], [5, 8]]) {
    for (const dtype of ["i32", "u32"] as const) {
      const table: Type = { shape: [6, ...rest], dtype: "f32" };
      const ids: Type = { shape: [2, 4], dtype };
      const output: Type = { shape: [2, 4, ...rest], dtype: "f32" };
      const width = sizeOf(rest), values = noise(6 * width), at = [0, 5, 6, -1, 3, 3, 100000000, 2];
      const [, , got] = await runOnCpu([opaque("gather", [table, ids], [output])], [
        contents(values),
        contents(at, "i32"),
        zeros(output),
      ]);
      const expected = at.flatMap((id) =>
        id >= 0 && id < 6 ? [...values.subarray(id * width, (id + 1) * width)] : new Array<number>(width).fill(0)
      );
      assert.deepEqual([...got!.f32], expected);
    }
  }
});

Deno.test("scatterAdd adds rows in ascending position and drops ids outside", async () => {
  for (const rest of [[], [3], [2, 20]]) {
    const width = sizeOf(rest), at = [1, 4, 1, -1, 1, 5, 0, 4];
    const ids: Type = { shape: [8], dtype: "i32" };
    const updates: Type = { shape: [8, ...rest], dtype: "f32" };
    const output: Type = { shape: [5, ...rest], dtype: "f32" };
    const values = noise(8 * width);
    const [, , got] = await runOnCpu([opaque("scatterAdd", [ids, updates], [output], { rows: 5 })], [
      contents(at, "i32"),
      contents(values),
      zeros(output),
    ]);
    const expected = new Float32Array(5 * width);
    at.forEach((id, p) => {
      for (let j = 0; id >= 0 && id < 5 && j < width; j++) expected[id * width + j]! += values[p * width + j]!;
    });
    assert.deepEqual(got!.f32, expected);
  }
});

/** Positions that (T, L) selects, and how many it should. */
async function select(tensors: readonly (readonly number[])[], k: number): Promise<readonly [number, number]> {
  const keys: readonly Type[] = tensors.map((tensor) => ({ shape: [tensor.length], dtype: "u32" }));
  const rank: Type = { shape: [], dtype: "u32" }, output: Type = { shape: [2], dtype: "u32" };
  const scratch: Type = { shape: [2112], dtype: "u32" };
  const results = await runOnCpu([opaque("selectThreshold", [...keys, rank], [output], {}, [scratch])], [
    ...tensors.map((tensor) => contents(tensor, "u32")),
    contents([k], "u32"),
    zeros(output),
    zeros(scratch),
  ]);
  const [threshold, limit] = results[tensors.length + 1]!.u32;
  return [threshold!, limit!];
}

Deno.test("selectThreshold selects exactly the k largest keys, ties by lowest position", async () => {
  const key = fc.oneof(
    fc.nat(3),
    fc.integer({ min: 0, max: 0xffffffff }),
    fc.constantFrom(0, 0xffffffff, 0x80000000, 0x7fffffff),
    fc.integer({ min: 0x3f800000, max: 0x3f800fff }),
  );
  const tensors = fc.array(fc.array(key, { maxLength: 40 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(tensors, fc.nat(130), async (tensors, k) => {
      const keys = tensors.flat();
      const [threshold, limit] = await select(tensors, k);
      const selected = keys.flatMap((key, p) => key > threshold || (key === threshold && p < limit) ? [p] : []);
      const order = keys.map((_, p) => p).sort((a, b) => keys[b]! - keys[a]! || a - b);
      assert.deepEqual(selected, order.slice(0, k).sort((a, b) => a - b));
    }),
    { numRuns: 100 },
  );
});

Deno.test("selectThreshold has fixed answers for nothing and everything", async () => {
  assert.deepEqual(await select([[5, 6], [7]], 0), [0xffffffff, 0]);
  assert.deepEqual(await select([[5, 6], [7]], 3), [0, 3]);
  assert.deepEqual(await select([[5, 6], [7]], 99), [0, 3]);
  assert.deepEqual(await select([[5, 6], [6]], 1), [6, 2]);
});

Deno.test("emitKernel() names the kernels it knows", () => {
  assert.throws(() => emitKernel(opaque("fft", [], [])), /no kernel named fft; there are .*gather, scatterAdd/);
});
