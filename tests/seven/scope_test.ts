import assert from "node:assert/strict";
import { hostTensor } from "../../engine/mod.ts";
import { keptCount, magnitude, methodNamed, runPruning, sparsitySchedule } from "../../seven/mod.ts";
import { groupsOf, keepAt, keptAt } from "../../seven/scope.ts";
import { runOptions } from "./support/run_options.ts";
import { cpuDevice, toy } from "./support/toy.ts";

/** Weights that are not 0, in each output row. */
const leftOf = (data: ArrayLike<number>, width: number): number[] =>
  Array.from(
    { length: data.length / width },
    (_, row) => Array.from({ length: width }, (_, i) => Number(data[row * width + i] !== 0)).reduce((a, b) => a + b),
  );

Deno.test("scope row keeps the same number of every output row, exactly", async () => {
  using device = cpuDevice();
  for (const sparsity of [0, 0.33, 0.7, 0.95]) {
    const result = await runPruning({
      ...runOptions(device),
      method: methodNamed("wanda", { sparsity, pruneSteps: 1 }),
    });
    using state = result.state;
    const after = await state.readAll("params");
    const [first, second] = [keptCount(10, sparsity), keptCount(24, sparsity)];
    assert.deepEqual(leftOf(after["params/w1"]!.data, 10), new Array(24).fill(first));
    assert.deepEqual(leftOf(after["params/w2"]!.data, 24), new Array(5).fill(second));
    assert.equal(result.kept, 24 * first + 5 * second);
  }
});

Deno.test("scope row of a sparse checkpoint brings nothing back in rows with less than is to be kept", async () => {
  using device = cpuDevice();
  const params = toy.params();
  // Row r of w1 has r mod 10 weights left.
  const w1 = hostTensor(params.w1!.data.map((x, i) => i % 10 < Math.floor(i / 10) % 10 ? x : 0) as Float32Array, [
    24,
    10,
  ]);
  let kept = 0;
  const result = await runPruning({
    ...runOptions(device),
    params: { ...params, w1 },
    method: {
      name: "rows",
      criterion: magnitude(),
      scope: "row",
      schedule: sparsitySchedule({ sparsity: 0.5, steps: 2, kind: "linear" }),
    },
    onReport: (event) => kept = event.kept,
  });
  using state = result.state;
  const after = await state.readAll("params");
  const rows = leftOf(after["params/w1"]!.data, 10);
  assert.deepEqual(rows, rows.map((_, row) => Math.min(5, row % 10)));
  assert.equal(result.kept, rows.reduce((a, b) => a + b) + 5 * 12);
  assert.equal(kept, result.kept, "reports tell what is kept");
});

Deno.test("keepAt() and keptAt() count groups by what is left in them", () => {
  const masks = { a: hostTensor(Uint32Array.of(0b0111_0001)), b: hostTensor(Uint32Array.of(0b11)) };
  const types = { a: { shape: [2, 4], dtype: "f32" }, b: { shape: [2], dtype: "f32" } } as const;
  const counts = (scope: "global" | "tensor" | "row", sparsity: number) => {
    const groups = groupsOf(masks, types, scope);
    return [keepAt(groups, sparsity), keptAt(groups, sparsity)];
  };
  assert.deepEqual(counts("global", 0), [{ all: 6 }, 6]);
  assert.deepEqual(counts("global", 0.5), [{ all: 5 }, 5]);
  assert.deepEqual(counts("tensor", 0.5), [{ a: 4, b: 1 }, 5]);
  assert.deepEqual(counts("row", 0), [{ a: 3, b: 2 }, 6]);
  assert.deepEqual(counts("row", 0.5), [{ a: 2, b: 1 }, 4]);
});
