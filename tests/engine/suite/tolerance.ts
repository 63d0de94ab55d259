/**
 * How far a device may be from the oracle, all in one place.
 *
 * The oracle computes in f64, devices round to f32. A result of a few operations is off by a few units of roundoff of
 * its own size. A sum of `length` terms is off by rounding of its partial sums: in units of roundoff of the largest
 * term the error grows as length (statistically: sqrt(length) roundings of partial sums as large as sqrt(length)). WGSL
 * promises less for transcendental functions (W3C WGSL, 15.7.4), hence {@linkcode transcendental}.
 *
 * @module
 */
import type { Tolerance } from "../../support/assert_close.ts";

/** Unit roundoff of f32. */
const ROUNDOFF = 2 ** -24;

/** Results that no rounding can change: integers, flags, re-arranged elements. */
export const exact: Tolerance = { rtol: 0, atol: 0 };

/**
 * Tolerance of f32 arithmetic.
 *
 * @param length terms of the longest sum, over all reductions in a row.
 * @param operations operations in a row, each of which rounds.
 * @param magnitude size of the terms; results may be smaller by cancellation.
 */
export function rounding(length = 1, operations = 4, magnitude = 1): Tolerance {
  return { rtol: 4 * ROUNDOFF * operations, atol: 4 * ROUNDOFF * (operations + length) * magnitude };
}

/** Tolerance of a single call of exp, log, sin and the like, where WGSL allows several units in the last place. */
export const transcendental: Tolerance = { rtol: 64 * ROUNDOFF, atol: 64 * ROUNDOFF };
