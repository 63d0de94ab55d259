import assert from "node:assert/strict";
import fc from "fast-check";
import { addIndex, coordinate, divIndex, modIndex, scaleIndex } from "../../../engine/compile/index.ts";
import { simplifySpace } from "../../../engine/js/space.ts";
import { anyIndex, rowMajor, sizeOf } from "./build.ts";
import { evaluateIndex } from "./evaluate.ts";

Deno.test("simplifySpace() visits the same points in the same order", () => {
  const dims = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(dims.chain((dims) => fc.tuple(fc.constant(dims), fc.array(anyIndex(dims)))), ([dims, found]) => {
      const indices = found.map(({ index }) => index);
      const space = simplifySpace([dims], [rowMajor(dims), ...indices]);
      assert.equal(sizeOf(space.axes.map((axis) => axis.size)), sizeOf(dims));
      const unravel = (linear: number, sizes: readonly number[]): number[] => {
        const at: number[] = [];
        for (const size of sizes.toReversed()) {
          at.unshift(linear % size);
          linear = Math.floor(linear / size);
        }
        return at;
      };
      for (let linear = 0; linear < sizeOf(dims); linear++) {
        const at = unravel(linear, space.axes.map((axis) => axis.size));
        assert.deepEqual(space.coordinates.map((c) => evaluateIndex(c, at)), unravel(linear, dims));
      }
    }),
  );
});

Deno.test("simplifySpace() keeps groups apart", () => {
  const { axes } = simplifySpace([[4, 1, 5], [6, 7]], [rowMajor([4, 1, 5, 6, 7])]);
  assert.deepEqual(axes, [{ size: 20, group: 0 }, { size: 42, group: 1 }]);
});

Deno.test("simplifySpace() does not merge what an index sees apart", () => {
  const { axes } = simplifySpace([[4, 5]], [rowMajor([4, 5]), coordinate(1, 5)]);
  assert.deepEqual(axes.map((axis) => axis.size), [4, 5]);
});

Deno.test("simplifySpace() splits an axis where that removes divisions", () => {
  const c = coordinate(0, 60);
  const turned = addIndex(divIndex(c, 12), scaleIndex(modIndex(c, 12), 5));
  assert.deepEqual(simplifySpace([[60]], [c, turned]).axes.map((axis) => axis.size), [5, 12]);
  assert.deepEqual(simplifySpace([[60]], [c, turned], [0]).axes.map((axis) => axis.size), [60]);
});
