import assert from "node:assert/strict";
import fc from "fast-check";
import { constant, keepBlocks, keepNOfM, keepTopK, keepTopKPerRow, keepTopKPerTensor } from "../../engine/mod.ts";
import { literal, mul, notEqual, ShapeError, type Tensor } from "../../engine/mod.ts";
import { interpret } from "../../engine/reference/interpret.ts";
import { orderByDefinition } from "../support/order.ts";

const special = fc.constantFrom(0, -0, 1, -1, Infinity, -Infinity, NaN, 1e-45, -1e-45, 2);
const score = fc.oneof(special, fc.float(), fc.constantFrom(0.5, 0.25));
const u32 = (value: number): Tensor => constant(value, [], "u32");
const flags = (mask: Tensor): boolean[] => [...interpret([mask] as const, new Map())[0]!].map(Boolean);

/** The k greatest of a row, what is not eligible last. */
function keptOf(row: Float32Array, k: number, eligible: readonly boolean[] = [...row].map(() => true)): boolean[] {
  const order = orderByDefinition(row, true);
  const ranked = [...order.filter((i) => eligible[i]), ...order.filter((i) => !eligible[i]).sort((a, b) => a - b)];
  const kept = new Array<boolean>(row.length).fill(false);
  ranked.slice(0, k).forEach((i) => kept[i] = true);
  return kept;
}

Deno.test("keepTopKPerRow() keeps exactly k of every row, whatever the scores, for every k", () => {
  const rows = fc.integer({ min: 1, max: 9 }).chain((n) =>
    fc.array(fc.array(score, { minLength: n, maxLength: n }), { minLength: 1, maxLength: 4 })
  );
  fc.assert(fc.property(rows, fc.infiniteStream(fc.boolean()), (rows, coins) => {
    const n = rows[0]!.length, data = Float32Array.from(rows.flat());
    const eligible = rows.flat().map(() => coins.next().value as boolean);
    const x = literal(data, [rows.length, n]);
    const allowed = notEqual(literal(Uint32Array.from(eligible, Number), [rows.length, n]), 0);
    for (let k = 0; k <= n + 1; k++) {
      const expected = rows.flatMap((_, r) =>
        keptOf(data.slice(r * n, (r + 1) * n), k, eligible.slice(r * n, (r + 1) * n))
      );
      assert.deepEqual(flags(keepTopKPerRow(x, u32(k), allowed)), expected);
      assert.deepEqual(flags(keepTopKPerRow(x, k, allowed)), expected);
    }
  }));
});

Deno.test("keepNOfM() keeps n of every m, and min(n, p) of a last group of p", () => {
  const cases = fc.record({
    n: fc.integer({ min: 0, max: 8 }),
    m: fc.integer({ min: 1, max: 8 }),
    rows: fc.integer({ min: 1, max: 3 }),
    length: fc.integer({ min: 1, max: 19 }),
    values: fc.infiniteStream(score),
  });
  fc.assert(fc.property(cases, ({ n, m, rows, length, values }) => {
    if (n > m) return;
    const data = Float32Array.from({ length: rows * length }, () => values.next().value as number);
    const kept = flags(keepNOfM(literal(data, [rows, length]), n, m));
    for (let r = 0; r < rows; r++) {
      for (let from = 0; from < length; from += m) {
        const first = r * length + from, end = r * length + Math.min(from + m, length);
        assert.deepEqual(kept.slice(first, end), keptOf(data.slice(first, end), n));
      }
    }
  }));
});

Deno.test("keepNOfM() of what is not eligible: pruned weights do not return while others are left", () => {
  const x = literal(Float32Array.of(9, 8, 1, 2, 7), [5]);
  const eligible = notEqual(literal(Uint32Array.of(0, 0, 1, 1, 0)), 0);
  assert.deepEqual(flags(keepNOfM(x, 2, 4, eligible)), [false, false, true, true, true]);
});

/** Blocks by hand: their elements, in order. */
function blocksOf(height: number, width: number, rows: number, cols: number): number[][] {
  const blocks: number[][] = [];
  for (let top = 0; top < height; top += rows) {
    for (let left = 0; left < width; left += cols) {
      const block: number[] = [];
      for (let y = top; y < Math.min(top + rows, height); y++) {
        for (let x = left; x < Math.min(left + cols, width); x++) block.push(y * width + x);
      }
      blocks.push(block);
    }
  }
  return blocks;
}

Deno.test("keepBlocks() keeps exactly k whole blocks, the best by sum or mean, partial ones included", () => {
  const size = fc.integer({ min: 1, max: 7 }), side = fc.integer({ min: 1, max: 4 });
  const cases = fc.record({ height: size, width: size, rows: side, cols: side, seed: fc.infiniteStream(fc.nat(50)) });
  fc.assert(fc.property(cases, fc.constantFrom("sum" as const, "mean" as const), (one, by) => {
    const { height, width, rows, cols, seed } = one;
    // Sums of small integers are exact; means of different sizes may tie, and then round alike.
    const data = Float32Array.from({ length: height * width }, () => seed.next().value as number);
    const blocks = blocksOf(height, width, rows, cols);
    const scores = Float32Array.from(blocks, (block) => {
      const total = block.reduce((sum, i) => sum + data[i]!, 0);
      return by === "sum" ? total : total / block.length;
    });
    for (let k = 0; k <= blocks.length; k++) {
      const mask = keepBlocks({ w: literal(data, [height, width]) }, u32(k), { rows, cols, score: by });
      const expected = new Array<boolean>(height * width).fill(false);
      keptOf(scores, k).forEach((kept, block) => blocks[block]!.forEach((i) => expected[i] = kept));
      assert.deepEqual(flags(mask.w!), expected);
    }
  }));
});

Deno.test("keepBlocks() ranks blocks of several tensors together, batches and eligibility included", () => {
  const a = literal(Float32Array.of(1, 1, 5, 5, 9, 9, 0, 0), [2, 1, 4]), b = literal(Float32Array.of(7, 7), [1, 2]);
  const all = (count: number, shape: number[]) => notEqual(literal(new Uint32Array(count).fill(1), shape), 0);
  const masks = keepBlocks({ a, b }, u32(2), { rows: 1, cols: 2, score: "sum" });
  assert.deepEqual(flags(masks.a!), [false, false, false, false, true, true, false, false]);
  assert.deepEqual(flags(masks.b!), [true, true]);
  const some = notEqual(literal(Uint32Array.of(1, 1, 0, 1, 0, 0, 1, 1), [2, 1, 4]), 0);
  const eligible = { a: some, b: all(2, [1, 2]) };
  const fewer = keepBlocks({ a, b }, u32(2), { rows: 1, cols: 2, score: "sum", eligible });
  assert.deepEqual(flags(fewer.a!), [false, false, true, true, false, false, false, false]);
});

Deno.test("keepTopK() with a least density keeps the exact total and a share of every tensor", () => {
  const tensors = fc.array(fc.array(score, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(
      tensors,
      fc.constantFrom(0, 0.1, 0.3, 0.5),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (lists, leastDensity, share) => {
        const scores = Object.fromEntries(lists.map((list, i) => [`t${i}`, literal(Float32Array.from(list))]));
        const least = lists.map((list) => Math.ceil(leastDensity * list.length));
        const minimum = least.reduce((a, b) => a + b, 0), total = lists.flat().length;
        const k = minimum + Math.round(share * (total - minimum));
        const masks = Object.values(keepTopK(scores, u32(k), undefined, { leastDensity })).map(flags);
        assert.equal(masks.flat().filter(Boolean).length, k);
        masks.forEach((mask, i) => {
          assert.ok(mask.filter(Boolean).length >= least[i]!);
          // Within a tensor the kept are still its greatest.
          assert.deepEqual(mask, keptOf(Float32Array.from(lists[i]!), mask.filter(Boolean).length));
        });
      },
    ),
  );
});

Deno.test("a least density does not bring back what is not eligible", () => {
  const scores = { a: literal(Float32Array.of(9, 8, 1)), b: literal(Float32Array.of(5, 4, 3)) };
  const eligible = {
    a: notEqual(literal(Uint32Array.of(0, 0, 1)), 0),
    b: notEqual(literal(Uint32Array.of(1, 1, 1)), 0),
  };
  const masks = keepTopK(scores, u32(3), eligible, { leastDensity: 0.6 });
  assert.deepEqual(flags(masks.a!), [false, false, true]);
  assert.deepEqual(flags(masks.b!), [true, true, false]);
});

Deno.test("keepTopKPerTensor() selects in each tensor on its own", () => {
  const scores = { a: literal(Float32Array.of(1, 2, 3)), b: literal(Float32Array.of(30, 10, 20)) };
  const masks = keepTopKPerTensor(scores, { a: u32(1), b: u32(2) });
  assert.deepEqual(flags(masks.a!), [false, false, true]);
  assert.deepEqual(flags(masks.b!), [true, false, true]);
});

Deno.test("masks do not change when all scores are scaled by a power of two", () => {
  const normal = fc.array(fc.float({ min: -8, max: 8, noNaN: true }), { minLength: 1, maxLength: 30 });
  fc.assert(fc.property(normal, fc.integer({ min: -20, max: 20 }), (list, exponent) => {
    // Neither overflow nor underflow: elements are multiples of 2^-20 below 8.
    const x = literal(Float32Array.from(list, (value) => Math.round(value * 2 ** 20) / 2 ** 20));
    const scaled = mul(x, 2 ** exponent), k = u32(list.length >> 1);
    assert.deepEqual(flags(keepTopK({ x: scaled }, k).x!), flags(keepTopK({ x }, k).x!));
    assert.deepEqual(flags(keepNOfM(scaled, 2, 4)), flags(keepNOfM(x, 2, 4)));
  }));
});

Deno.test("patterns that make no sense are refused", () => {
  const x = literal(Float32Array.of(1, 2));
  assert.throws(() => keepNOfM(x, 5, 4), /keepNOfM: 5:4 of f32\[2\]/);
  assert.throws(() => keepNOfM(x, 1.5, 4), ShapeError);
  assert.throws(() => keepBlocks({ x }, u32(1), { rows: 0, cols: 2 }), /keepBlocks: blocks of 0 x 2/);
  assert.throws(() => keepBlocks({ x }, u32(1), { rows: 1, cols: 2 }), /f32\[2\] has no two axes/);
  assert.throws(() => keepTopK({ x }, u32(1), undefined, { leastDensity: 2 }), /least density 2/);
});
