import assert from "node:assert/strict";
import fc from "fast-check";
import { hostTensor } from "../../../engine/mod.ts";
import type { Split } from "../../../models/data/split.ts";
import { holdOut, subset } from "../../../models/data/subset.ts";

function numbered(count: number): Split {
  return {
    name: "numbered",
    count,
    labels: Array.from({ length: count }, (_, i) => 10 * i),
    lengths: Array.from({ length: count }, (_, i) => i + 1),
    gather: (rows) => ({ rows: hostTensor(Float32Array.from(rows)) }),
  };
}

Deno.test("subset() gathers its own rows, labels and lengths", async () => {
  const part = subset(numbered(5), [4, 1], "part");
  assert.deepEqual([part.name, part.count, [...Array.from(part.labels)], [...Array.from(part.lengths!)]], [
    "part",
    2,
    [40, 10],
    [5, 2],
  ]);
  assert.deepEqual([...(await part.gather([1, 0, 1], 3)).rows!.data], [1, 4, 1]);
  assert.throws(() => subset(numbered(5), [], "part"), { name: "DataError", message: /^part: there are no rows/ });
  assert.throws(() => subset(numbered(5), [5], "part"), { name: "DataError", message: /row 5 is not among the 5/ });
});

Deno.test("holdOut() cuts a split in two, by the seed alone", () => {
  fc.assert(fc.property(fc.integer({ min: 2, max: 60 }), fc.nat(), fc.nat(), (count, part, seed) => {
    const split = numbered(count), held = 1 + part % (count - 1);
    const { train, heldOut } = holdOut(split, held, seed);
    assert.deepEqual([train.count, heldOut.count], [count - held, held]);
    const rows = [...Array.from(train.labels), ...Array.from(heldOut.labels)].sort((a, b) => a - b);
    assert.deepEqual(rows, Array.from(split.labels));
    assert.deepEqual(Array.from(holdOut(split, held, seed).heldOut.labels), Array.from(heldOut.labels));
  }));
  const rows = (seed: number) => Array.from(holdOut(numbered(100), 20, seed).heldOut.labels);
  assert.notDeepEqual(rows(1), rows(2));
  for (const held of [0, 5, 1.5]) {
    assert.throws(() => holdOut(numbered(5), held, 1), { name: "DataError", message: /of 5 rows cannot be held out/ });
  }
});
