/**
 * Folds of vector loops: along the loop into one number, or element by element into memory. Sums of f32 are kept in f64.
 *
 * @module
 */
import type { Fold } from "../compile/kernel.ts";
import type { Dtype } from "../graph/node.ts";
import { type Code, type Instruction, type Local, v128 } from "./assembler.ts";
import { doubles, floats, integers, storeLane } from "./simd.ts";
import type { Parts } from "./vector_math.ts";

/** True for folds that are kept in f64. */
export function isWide(fold: Fold, dtype: Dtype): boolean {
  return fold === "sum" && dtype === "f32";
}

const swapHalves = (vector: Local): Code => v128.shuffle32([2, 3, 0, 1], vector.get, vector.get);

/** How a fold starts, takes in a vector, and ends in one number, which is stored at an address. */
export interface FoldCode {
  readonly identity: (parts: Parts) => Code;
  readonly start: (parts: Parts) => Code;
  readonly take: (value: Local) => Code;
  readonly finish: (base: Code, offset: number) => Code;
}

/** Sums of f32 are kept in f64, two lanes and two. */
function floatSum(low: Local, high: Local): FoldCode {
  return {
    identity: ({ float }) => float(0),
    start: () => [],
    take: (value) => [
      ...low.set(doubles.add(low.get, doubles.promote(value.get))),
      ...high.set(doubles.add(high.get, doubles.promote(swapHalves(value)))),
    ],
    finish: (base, offset) => [
      ...low.set(doubles.add(low.get, high.get)),
      ...storeLane(base, doubles.demote(doubles.add(low.get, swapHalves(low))), 0, offset),
    ],
  };
}

/** Two vectors folded into one, lane by lane. */
const joinOf = (fold: Fold, dtype: Dtype): Instruction =>
  ({
    f32: { sum: floats.add, max: floats.pmax, min: floats.pmin },
    i32: { sum: integers.add, max: integers.maxS, min: integers.minS },
    u32: { sum: integers.add, max: integers.maxU, min: integers.minU },
  })[dtype as "f32" | "i32" | "u32"][fold];

/** Folds a vector into memory. */
export function accumulate(fold: Fold, dtype: Dtype, to: Code, value: Local): Code {
  if (!isWide(fold, dtype)) return v128.store(to, joinOf(fold, dtype)(v128.load(to), value.get));
  return [
    ...v128.store(to, doubles.add(v128.load(to), doubles.promote(value.get))),
    ...v128.store(to, doubles.add(v128.load(to, 16), doubles.promote(swapHalves(value))), 16),
  ];
}

/** Four f64 at an address, rounded to f32. */
export const narrowed = (from: Code): Code =>
  v128.shuffle32([0, 1, 4, 5], doubles.demote(v128.load(from)), doubles.demote(v128.load(from, 16)));

export function foldCode(fold: Fold, dtype: Dtype, local: () => Local): FoldCode {
  const own = local();
  if (isWide(fold, dtype)) return floatSum(own, local());
  const join = joinOf(fold, dtype);
  const identity = ({ float, integer }: Parts): Code =>
    fold === "sum"
      ? integer(0)
      : dtype === "f32"
      ? float(fold === "max" ? -Infinity : Infinity)
      : integer(dtype === "u32" ? (fold === "max" ? 0 : -1) : fold === "max" ? -(2 ** 31) : 2 ** 31 - 1);
  return {
    identity,
    start: (parts) => own.set(identity(parts)),
    take: (value) => own.set(join(own.get, value.get)),
    finish: (base, offset) => [
      ...own.set(join(own.get, swapHalves(own))),
      ...storeLane(base, join(own.get, v128.shuffle32([1, 0, 3, 2], own.get, own.get)), 0, offset),
    ],
  };
}
