import assert from "node:assert/strict";
import fc from "fast-check";
import { constant, hostTensor, keepTopK, literal, notEqual, rankKey } from "../../engine/mod.ts";
import { interpret } from "../../engine/reference/interpret.ts";
import { applyMasks, countKept, fullMasks, packMasks, unpackMasks } from "../../seven/mask.ts";

const special = fc.constantFrom(0, -0, 1, -1, Infinity, -Infinity, NaN, 1e-40, -1e-40, 3.4e38);
const score = fc.oneof(special, fc.float(), fc.constantFrom(0.5, 0.25));
const scoreTensors = fc.array(fc.array(score, { minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 4 });

/** The definition: by score descending (NaN last, -0 = 0), ineligible below everything, ties to the lower position. */
function keptByDefinition(scores: readonly number[], eligible: readonly boolean[], k: number): boolean[] {
  const rank = (i: number) => !eligible[i] ? -2 : Number.isNaN(scores[i]!) ? -1 : 0;
  const order = scores.map((_, i) => i).sort((a, b) =>
    rank(b) - rank(a) || (rank(a) ? 0 : scores[b]! - scores[a]! || 0) || a - b
  );
  // Infinity - Infinity is NaN: equal.
  const kept = new Array<boolean>(scores.length).fill(false);
  order.slice(0, k).forEach((i) => kept[i] = true);
  return kept;
}

Deno.test("keepTopK() equals the sorted definition for every k, whatever the scores", () => {
  fc.assert(
    fc.property(scoreTensors, fc.infiniteStream(fc.boolean()), (tensors, coins) => {
      const rounded = tensors.map((values) => Float32Array.from(values));
      const flat = rounded.flatMap((values) => [...values]);
      const eligible = flat.map(() => coins.next().value as boolean);
      let at = 0;
      const flags = rounded.map((values) => literal(Uint32Array.from(values, () => Number(eligible[at++]!))));
      const named = Object.fromEntries(rounded.map((values, i) => [`t${i}`, literal(values)]));
      const allowed = Object.fromEntries(flags.map((flag, i) => [`t${i}`, notEqual(flag, 0)]));
      for (let k = 0; k <= flat.length; k += Math.max(1, flat.length >> 3)) {
        const kept = interpret(keepTopK(named, constant(k, [], "u32"), allowed), new Map());
        assert.deepEqual(
          Object.values(kept).flatMap((values) => [...values].map(Boolean)),
          keptByDefinition(flat, eligible, k),
        );
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("rankKey() orders as the scores do", () => {
  fc.assert(fc.property(score, score, (a, b) => {
    const [x, y] = Float32Array.of(a, b) as unknown as [number, number];
    const [p, q] = interpret([rankKey(literal(Float32Array.of(x, y)))] as const, new Map())[0] as unknown as [
      number,
      number,
    ];
    if (Number.isNaN(x) || Number.isNaN(y)) {
      assert.equal(p < q, Number.isNaN(x) && !Number.isNaN(y));
      assert.ok(p > 0 && q > 0, "NaN still ranks above what is not eligible");
    } else {
      assert.equal(p < q, x < y);
      assert.equal(p === q, x === y);
    }
  }));
});

Deno.test("packMasks() and unpackMasks() undo each other for any size", () => {
  fc.assert(fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 130 }), (flags) => {
    const mask = notEqual(literal(Uint32Array.from(flags, Number)), 0);
    const packed = packMasks({ w: mask });
    const { words, again } = interpret({ words: packed.w!, again: unpackMasks(packed, { w: mask }).w! }, new Map());
    assert.deepEqual([...again].map(Boolean), flags);
    assert.equal(countKept({ w: hostTensor(Uint32Array.from(words)) }), flags.filter(Boolean).length);
  }));
});

Deno.test("fullMasks() keeps every weight and nothing beyond the last", () => {
  for (const size of [1, 31, 32, 33, 100]) {
    assert.equal(countKept(fullMasks({ w: { shape: [size], dtype: "f32" } })), size);
  }
});

Deno.test("applyMasks() zeroes even NaN and infinities, and leaves unmasked values alone", () => {
  const values = literal(Float32Array.of(NaN, Infinity, 2, 3));
  const masks = { w: notEqual(literal(Uint32Array.of(0, 0, 1, 0)), 0) };
  const { w, bias } = interpret(applyMasks({ w: values, bias: values }, masks), new Map()) as Record<
    string,
    Float64Array
  >;
  assert.deepEqual([...w!], [0, 0, 2, 0]);
  assert.deepEqual([...bias!], [NaN, Infinity, 2, 3]);
});
