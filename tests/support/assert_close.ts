/**
 * Comparison of arrays of numbers.
 *
 * @module
 */
import { AssertionError } from "node:assert";

/** How close is close: `|actual - expected| <= atol + rtol * |expected|`. */
export interface Tolerance {
  /** Relative tolerance; 1e-9. */
  readonly rtol?: number;
  /** Absolute tolerance; 1e-12. */
  readonly atol?: number;
}

/**
 * Asserts that two arrays agree element by element. NaN agrees with NaN, an infinity with itself.
 *
 * @param actual what was computed.
 * @param expected what it should be.
 * @param tolerance see {@linkcode Tolerance}.
 * @param label what is compared, for the message.
 * @throws {AssertionError} with the worst element and how many are wrong.
 */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { rtol = 1e-9, atol = 1e-12 }: Tolerance = {},
  label = "values",
): void {
  if (actual.length !== expected.length) {
    throw new AssertionError({ message: `${label}: ${actual.length} elements, expected ${expected.length}` });
  }
  let wrong = 0;
  let worst = 0;
  let worstExcess = 0;
  for (let i = 0; i < actual.length; i++) {
    const [a, e] = [actual[i]!, expected[i]!];
    if (Object.is(a, e) || a === e) continue;
    const excess = Math.abs(a - e) / (atol + rtol * Math.abs(e));
    if (excess <= 1) continue;
    wrong++;
    // NaN on one side only is worse than any number.
    if (!(excess <= worstExcess)) [worst, worstExcess] = [i, Number.isNaN(excess) ? Infinity : excess];
  }
  if (wrong === 0) return;
  const [a, e] = [actual[worst]!, expected[worst]!];
  throw new AssertionError({
    message: `${label}: ${wrong} of ${actual.length} elements differ; worst at ${worst}: ${a}, expected ${e}, ` +
      `off by ${Math.abs(a - e)}, allowed ${atol + rtol * Math.abs(e)} (rtol ${rtol}, atol ${atol})`,
  });
}

/** Asserts that two arrays are the same bit for bit, signs of zeros included. */
export function assertSame(actual: ArrayLike<number>, expected: ArrayLike<number>, label = "values"): void {
  assertClose(actual, expected, { rtol: 0, atol: 0 }, label);
  for (let i = 0; i < actual.length; i++) {
    if (!Object.is(actual[i], expected[i])) {
      throw new AssertionError({ message: `${label}: element ${i} is ${actual[i]}, expected ${expected[i]} exactly` });
    }
  }
}
