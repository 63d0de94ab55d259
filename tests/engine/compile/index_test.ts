import assert from "node:assert/strict";
import fc from "fast-check";
import {
  addIndex,
  constantIndex,
  coordinate,
  delinearize,
  divIndex,
  type Index,
  indexKey,
  linearize,
  modIndex,
  offsetIndex,
  rangeOf,
  scaleIndex,
  strideAlong,
  substitute,
} from "../../../engine/compile/index.ts";

/** Plain integer arithmetic on the structure of an index. */
function evaluate(index: Index, at: readonly number[]): number {
  return index.terms.reduce((sum, { atom, coefficient }) => {
    if (atom.kind === "coord") return sum + coefficient * at[atom.axis]!;
    const of = evaluate(atom.of, at), quotient = Math.floor(of / atom.by);
    return sum + coefficient * (atom.kind === "div" ? quotient : of - quotient * atom.by);
  }, index.offset);
}

function* points(sizes: readonly number[], at: readonly number[] = []): Generator<readonly number[]> {
  if (at.length === sizes.length) yield at;
  else for (let i = 0; i < sizes[at.length]!; i++) yield* points(sizes, [...at, i]);
}

const sizes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 3 });

/** A made-up index over axes of `sizes`, and what it should be at a point. */
interface Sample {
  readonly sizes: readonly number[];
  readonly index: Index;
  readonly value: (at: readonly number[]) => number;
}

/** Random chains of additions, multiples, offsets, quotients and remainders. */
const samples: fc.Arbitrary<Sample> = fc.tuple(
  sizes,
  fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: -4, max: 12 }), fc.nat(2)), { maxLength: 8 }),
).map(([sizes, steps]) => {
  let index = coordinate(0, sizes[0]!);
  let value = (at: readonly number[]): number => at[0]!;
  for (const [kind, n, which] of steps) {
    const before = value, axis = which % sizes.length, by = Math.abs(n) + 1;
    switch (kind) {
      case 0:
        index = addIndex(index, scaleIndex(coordinate(axis, sizes[axis]!), n));
        value = (at) => before(at) + n * at[axis]!;
        break;
      case 1:
        index = offsetIndex(index, n);
        value = (at) => before(at) + n;
        break;
      case 2:
        index = divIndex(index, by);
        value = (at) => Math.floor(before(at) / by);
        break;
      case 3:
        index = modIndex(index, by);
        value = (at) => before(at) - by * Math.floor(before(at) / by);
        break;
      default:
        index = scaleIndex(index, n);
        value = (at) => n * before(at);
    }
  }
  return { sizes, index, value };
});

Deno.test("addIndex(), scaleIndex(), divIndex() and modIndex() are integer arithmetic at every point", () => {
  fc.assert(
    fc.property(samples, ({ sizes, index, value }) => {
      for (const at of points(sizes)) assert.equal(evaluate(index, at) + 0, value(at) + 0, indexKey(index));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("rangeOf() holds every value that an index takes", () => {
  fc.assert(fc.property(samples, ({ sizes, index }) => {
    const [low, high] = rangeOf(index);
    for (const at of points(sizes)) {
      const value = evaluate(index, at);
      assert.ok(low <= value && value <= high, `${value} of ${indexKey(index)} outside ${low}..${high}`);
    }
  }));
});

Deno.test("linearize() puts back together what delinearize() took apart, as the same index", () => {
  const shapes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(shapes, (shape) => {
      const size = shape.reduce((a, b) => a * b, 1);
      const linear = coordinate(0, size);
      assert.equal(indexKey(linearize(delinearize(linear, shape), shape)), indexKey(linear), `[${shape}]`);
    }),
    { numRuns: 500 },
  );
});

Deno.test("delinearize() gives the coordinates of each element in row-major order", () => {
  fc.assert(fc.property(sizes, (shape) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const coordinates = delinearize(coordinate(0, size), shape);
    let linear = 0;
    for (const at of points(shape)) {
      assert.deepEqual(coordinates.map((c) => evaluate(c, [linear])), at);
      linear++;
    }
  }));
});

Deno.test("a reshape of a reshape is one reshape: coordinates do not depend on the way", () => {
  const axes = [coordinate(0, 4), coordinate(1, 6), coordinate(2, 5)];
  const there = delinearize(linearize(axes, [4, 6, 5]), [8, 15]);
  const back = delinearize(linearize(there, [8, 15]), [4, 6, 5]);
  assert.deepEqual(back.map(indexKey), axes.map(indexKey));
});

Deno.test("substitute() evaluates the index at the substituted coordinates", () => {
  fc.assert(fc.property(samples, fc.integer({ min: 1, max: 3 }), ({ sizes, index }, factor) => {
    // Axis 0 is split in two, the others move up by one.
    const outer = Math.ceil(sizes[0]! / factor);
    const split = addIndex(scaleIndex(coordinate(0, outer), factor), coordinate(1, factor));
    const result = substitute(index, [split, ...sizes.slice(1).map((size, i) => coordinate(i + 2, size))]);
    for (const [a, b, ...rest] of points([outer, factor, ...sizes.slice(1)])) {
      if (a! * factor + b! >= sizes[0]!) continue;
      assert.equal(evaluate(result, [a!, b!, ...rest]) + 0, evaluate(index, [a! * factor + b!, ...rest]) + 0);
    }
  }));
});

Deno.test("strideAlong() tells the stride of linear coordinates only", () => {
  const [a, b] = [coordinate(0, 6), coordinate(1, 4)];
  const index = addIndex(scaleIndex(a, 4), divIndex(b, 3));
  assert.equal(strideAlong(index, 0), 4);
  assert.equal(strideAlong(index, 1), undefined);
  assert.equal(strideAlong(index, 2), 0);
});

Deno.test("indices simplify where ranges allow it", () => {
  const c = coordinate(0, 12);
  assert.equal(indexKey(divIndex(c, 12)), indexKey(constantIndex(0)));
  assert.equal(indexKey(modIndex(c, 12)), indexKey(c));
  assert.equal(indexKey(divIndex(addIndex(scaleIndex(c, 8), coordinate(1, 8)), 8)), indexKey(c));
  assert.equal(indexKey(modIndex(addIndex(scaleIndex(c, 8), coordinate(1, 8)), 8)), indexKey(coordinate(1, 8)));
  assert.equal(indexKey(divIndex(divIndex(c, 2), 3)), indexKey(divIndex(c, 6)));
});
