/**
 * Integer index expressions: which element of a buffer a kernel reads or writes at a point of its iteration space.
 *
 * An index is `offset + sum(coefficient * atom)`, an atom being a coordinate of the kernel or the quotient or remainder
 * of another index by a constant. Every index knows its range, so views compose exactly: `(c mod b) + b * (c div b)` is
 * `c` again, and a reshape of a reshape costs nothing. What does not simplify stays as div and mod and still runs.
 * Values are never negative inside the region that a kernel visits, except under a guard ({@linkcode Bound}).
 *
 * @module
 */
import { stridesOf } from "../shape.ts";

/** A coordinate of the iteration space, or the quotient or remainder of an index by a constant. */
export type Atom =
  | { readonly kind: "coord"; readonly axis: number; readonly size: number }
  | { readonly kind: "div" | "mod"; readonly of: Index; readonly by: number };

/** `offset + sum(coefficient * atom)`; terms are sorted by the atom's key, coefficients are never 0. */
export interface Index {
  /** Terms, sorted by key. */
  readonly terms: readonly { readonly atom: Atom; readonly coefficient: number; readonly key: string }[];
  /** Constant part. */
  readonly offset: number;
}

/** `low <= index < high`: outside, a piecewise value takes its other branch. */
export interface Bound {
  /** What is tested. */
  readonly index: Index;
  /** Least value inside. */
  readonly low: number;
  /** Least value above the inside. */
  readonly high: number;
}

/** The index that is always `value`. */
export function constantIndex(value: number): Index {
  return { terms: [], offset: value };
}

/** Coordinate `axis` of a kernel, which runs over `0 .. size - 1`. */
export function coordinate(axis: number, size: number): Index {
  return size === 1 ? constantIndex(0) : fromAtom({ kind: "coord", axis, size });
}

function fromAtom(atom: Atom): Index {
  return { terms: [{ atom, coefficient: 1, key: atomKey(atom) }], offset: 0 };
}

function atomKey(atom: Atom): string {
  return atom.kind === "coord"
    ? `c${String(atom.axis).padStart(2, "0")}`
    : `${atom.kind}(${indexKey(atom.of)},${atom.by})`;
}

/** Canonical text: equal keys mean equal indices. */
export function indexKey(index: Index): string {
  return `${index.terms.map((term) => `${term.coefficient}*${term.key}`).join("+")}+${index.offset}`;
}

/** Inclusive range `[least, greatest]` of an index. */
export function rangeOf(index: Index): readonly [number, number] {
  let low = index.offset, high = index.offset;
  for (const { atom, coefficient } of index.terms) {
    const [least, greatest] = atomRange(atom);
    low += coefficient * (coefficient > 0 ? least : greatest);
    high += coefficient * (coefficient > 0 ? greatest : least);
  }
  return [low, high];
}

function atomRange(atom: Atom): readonly [number, number] {
  if (atom.kind === "coord") return [0, atom.size - 1];
  const [low, high] = rangeOf(atom.of);
  if (atom.kind === "div") return [Math.floor(low / atom.by), Math.floor(high / atom.by)];
  return [0, Math.min(atom.by - 1, low < 0 ? atom.by - 1 : high)];
}

/** `a + b`. */
export function addIndex(a: Index, b: Index): Index {
  const sums = new Map<string, { atom: Atom; coefficient: number; key: string }>();
  for (const term of [...a.terms, ...b.terms]) {
    const known = sums.get(term.key);
    sums.set(term.key, known ? { ...known, coefficient: known.coefficient + term.coefficient } : { ...term });
  }
  const terms = [...sums.values()].filter((term) => term.coefficient !== 0)
    .sort((x, y) => x.key < y.key ? -1 : x.key > y.key ? 1 : 0);
  return rejoin({ terms, offset: a.offset + b.offset });
}

/** `index * factor`. */
export function scaleIndex(index: Index, factor: number): Index {
  if (factor === 0) return constantIndex(0);
  if (factor === 1) return index;
  return {
    terms: index.terms.map((term) => ({ ...term, coefficient: term.coefficient * factor })),
    offset: index.offset * factor,
  };
}

/** `index + value`. */
export function offsetIndex(index: Index, value: number): Index {
  return value === 0 ? index : { terms: index.terms, offset: index.offset + value };
}

/**
 * Puts digits of a number back together. With x any index:
 * - `a * (x div a) + x mod a` is `x`;
 * - `a * (x div a mod b) + x mod a` is `x mod ab`;
 * - `b * (x div ab) + x div a mod b` is `x div a`.
 */
function rejoin(index: Index): Index {
  for (const high of index.terms) {
    for (const low of index.terms) {
      if (high === low) continue;
      const joined = joinDigits(high.atom, low.atom);
      if (!joined || high.coefficient !== low.coefficient * joined.base) continue;
      const rest = index.terms.filter((term) => term !== high && term !== low);
      return addIndex({ terms: rest, offset: index.offset }, scaleIndex(joined.whole, low.coefficient));
    }
  }
  return index;
}

/** The index of which `base * high + low` are the digits. */
function joinDigits(high: Atom, low: Atom): { readonly base: number; readonly whole: Index } | undefined {
  if (high.kind === "coord" || low.kind !== "mod") return undefined;
  if (high.kind === "div") {
    if (high.by === low.by && indexKey(high.of) === indexKey(low.of)) return { base: low.by, whole: low.of };
    const shifted = quotientOf(low.of);
    const continues = shifted && shifted.by * low.by === high.by && indexKey(shifted.of) === indexKey(high.of);
    return continues ? { base: low.by, whole: low.of } : undefined;
  }
  const shifted = quotientOf(high.of);
  if (!shifted || shifted.by !== low.by || indexKey(shifted.of) !== indexKey(low.of)) return undefined;
  return { base: low.by, whole: modIndex(low.of, low.by * high.by) };
}

/** The quotient that an index is, if it is nothing else. */
function quotientOf(
  { terms: [term, ...others], offset }: Index,
): { readonly of: Index; readonly by: number } | undefined {
  const bare = term?.coefficient === 1 && !others.length && offset === 0;
  return bare && term.atom.kind === "div" ? term.atom : undefined;
}

/** Splits an index into the part divisible by `by` (divided) and the rest, when the rest stays within `0 .. by - 1`. */
function splitBy(index: Index, by: number): { quotient: Index; rest: Index } | undefined {
  const offsetRest = ((index.offset % by) + by) % by;
  const divisible = index.terms.filter((term) => term.coefficient % by === 0);
  const rest: Index = { terms: index.terms.filter((term) => term.coefficient % by !== 0), offset: offsetRest };
  const [low, high] = rangeOf(rest);
  if (low < 0 || high >= by) return undefined;
  const quotient: Index = {
    terms: divisible.map((term) => ({ ...term, coefficient: term.coefficient / by })),
    offset: (index.offset - offsetRest) / by,
  };
  return { quotient, rest };
}

/**
 * Splits `by` as g * h such that the index is g * quotient + rest with the rest within `0 .. g - 1`: then its quotient
 * by g * h is that of `quotient` by h, and its remainder is g times that of `quotient`, plus the rest.
 */
function factor(index: Index, by: number): { g: number; quotient: Index; rest: Index } | undefined {
  const candidates = new Set(index.terms.map(({ coefficient }) => gcd(Math.abs(coefficient), by)));
  for (const g of [...candidates].sort((a, b) => b - a)) {
    if (g === 1 || g === by) continue;
    const split = splitBy(index, g);
    if (split) return { g, ...split };
  }
  return undefined;
}

const gcd = (a: number, b: number): number => b === 0 ? a : gcd(b, a % b);

/** `floor(index / by)`. */
export function divIndex(index: Index, by: number): Index {
  if (by === 1) return index;
  const split = splitBy(index, by);
  if (split) return rejoin(split.quotient);
  const factored = factor(index, by);
  if (factored) return divIndex(factored.quotient, by / factored.g);
  // floor(floor(x / a) / b) = floor(x / (a * b))
  const quotient = quotientOf(index);
  if (quotient) return divIndex(quotient.of, quotient.by * by);
  // Multiples of `by` come out whole, and are then comparable with those of other indices.
  const terms = index.terms.filter((term) => term.coefficient % by !== 0);
  const offset = ((index.offset % by) + by) % by;
  if (terms.length === index.terms.length && offset === index.offset) return fromAtom({ kind: "div", of: index, by });
  const whole: Index = {
    terms: index.terms.filter((term) => term.coefficient % by === 0)
      .map((term) => ({ ...term, coefficient: term.coefficient / by })),
    offset: (index.offset - offset) / by,
  };
  return addIndex(whole, divIndex({ terms, offset }, by));
}

/** `index - by * floor(index / by)`. */
export function modIndex(index: Index, by: number): Index {
  if (by === 1) return constantIndex(0);
  const split = splitBy(index, by);
  if (split) return split.rest;
  const factored = factor(index, by);
  if (factored) {
    return addIndex(scaleIndex(modIndex(factored.quotient, by / factored.g), factored.g), factored.rest);
  }
  const only = index.terms.length === 1 && index.offset === 0 ? index.terms[0]! : undefined;
  if (only && only.coefficient === 1 && only.atom.kind === "mod" && only.atom.by % by === 0) {
    return modIndex(only.atom.of, by);
  }
  // Multiples of `by` fall away under the remainder.
  const terms = index.terms.filter((term) => term.coefficient % by !== 0);
  const offset = ((index.offset % by) + by) % by;
  if (terms.length !== index.terms.length || offset !== index.offset) return modIndex({ terms, offset }, by);
  return fromAtom({ kind: "mod", of: index, by });
}

/** Position in row-major order of the element at `coordinates` of `shape`. */
export function linearize(coordinates: readonly Index[], shape: readonly number[]): Index {
  const strides = stridesOf(shape);
  return coordinates.reduce((sum, c, axis) => addIndex(sum, scaleIndex(c, strides[axis]!)), constantIndex(0));
}

/** Coordinates in `shape` of the element at row-major position `linear`. */
export function delinearize(linear: Index, shape: readonly number[]): readonly Index[] {
  const strides = stridesOf(shape);
  return shape.map((size, axis) => {
    const above = divIndex(linear, strides[axis]!);
    return axis === 0 && rangeOf(above)[1] < size ? above : modIndex(above, size);
  });
}

/** Axes that the index depends on. */
export function axesOf(index: Index, into: Set<number> = new Set()): Set<number> {
  for (const { atom } of index.terms) {
    if (atom.kind === "coord") into.add(atom.axis);
    else axesOf(atom.of, into);
  }
  return into;
}

/**
 * Coefficient of coordinate `axis` when the index is linear in it (0 when it does not depend on it), or `undefined`
 * when the coordinate is under a div or mod.
 */
export function strideAlong(index: Index, axis: number): number | undefined {
  let stride = 0;
  for (const { atom, coefficient } of index.terms) {
    if (atom.kind === "coord") {
      if (atom.axis === axis) stride = coefficient;
    } else if (axesOf(atom.of).has(axis)) return undefined;
  }
  return stride;
}

/** Replaces each coordinate by an index (for instance to iterate over merged or split axes). */
export function substitute(index: Index, coordinates: readonly Index[]): Index {
  let result = constantIndex(index.offset);
  for (const { atom, coefficient } of index.terms) {
    const value = atom.kind === "coord"
      ? coordinates[atom.axis]!
      : atom.kind === "div"
      ? divIndex(substitute(atom.of, coordinates), atom.by)
      : modIndex(substitute(atom.of, coordinates), atom.by);
    result = addIndex(result, scaleIndex(value, coefficient));
  }
  return result;
}
