/**
 * Transcendental functions on four f32 lanes, within two units in the last place.
 *
 * @module
 */
import type { Code, Local, ValueType } from "./assembler.ts";
import { bits, floats, integers, multiplyAdd } from "./simd.ts";

/** What the function under construction gives to those who write parts of it. */
export interface Parts {
  /** Makes a local. */
  readonly local: (type: ValueType) => Local;
  /** The same number in four f32 lanes. Set up before the loop: V8 makes a vector constant anew wherever it is used. */
  readonly float: (value: number) => Code;
  /** The same number in four i32 lanes, set up before the loop. */
  readonly integer: (value: number) => Code;
}

/** Code of an operation over the code of its operands, each of which is a local or a constant. */
export type VectorRule = (operands: readonly Code[], parts: Parts) => Code;

const { abs, add, div, lt, mul, pmax, pmin, sub } = floats;

/**
 * Coefficients from the highest power down, by Horner's scheme in x^2 over pairs (Estrin 1960): half as many operations
 * follow one another as in x.
 */
const polynomial = (x: Code, coefficients: readonly number[], { float, local }: Parts, square?: Code): Code => {
  const code: number[] = [];
  if (!square) {
    const own = local("v128");
    code.push(...own.set(mul(x, x)));
    square = own.get;
  }
  const odd = coefficients.length % 2;
  let sum: Code | undefined = odd ? float(coefficients[0]!) : undefined;
  for (let i = odd; i < coefficients.length; i += 2) {
    const pair = multiplyAdd(float(coefficients[i]!), x, float(coefficients[i + 1]!));
    sum = sum ? multiplyAdd(sum, square, pair) : pair;
  }
  return [...code, ...sum!];
};

/** Adding it rounds a number below 2^22 to a whole one, which is then in the low bits of the sum. */
const ROUNDER = 1.5 * 2 ** 23, ROUNDER_BITS = 0x4b400000;

/**
 * exp(x) = 2^n e^r with n whole and |r| <= ln 2 / 2; the polynomial is that of Cephes. 2^n is multiplied in two steps,
 * so that results reach into the denormals and to infinity.
 */
export const exp: VectorRule = ([x], parts) => {
  const { local, float, integer } = parts;
  const [r, n, half, square] = [local("v128"), local("v128"), local("v128"), local("v128")];
  const power = (exponent: Code): Code => integers.shl(integers.add(exponent, integer(127)), 23);
  const series = [1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1];
  return [
    // Bounds in this order: what is compared with NaN is NaN's.
    ...r.set(pmin(pmax(x!, float(-105)), float(90))),
    ...n.set(multiplyAdd(r.get, float(Math.LOG2E), float(ROUNDER))),
    ...half.set(sub(n.get, float(ROUNDER))),
    ...r.set(multiplyAdd(half.get, float(-0.693359375), r.get)),
    ...r.set(multiplyAdd(half.get, float(2.12194440e-4), r.get)),
    ...n.set(integers.sub(n.get, integer(ROUNDER_BITS))),
    ...half.set(integers.shrS(n.get, 1)),
    ...n.set(integers.sub(n.get, half.get)),
    ...square.set(mul(r.get, r.get)),
    ...mul(
      mul(
        add(multiplyAdd(square.get, polynomial(r.get, series, parts, square.get), r.get), float(1)),
        power(half.get),
      ),
      power(n.get),
    ),
  ];
};

/** `small` where |x| is below `limit`, else `large(|x|)` with the sign of x. */
const odd = (limit: number, small: VectorRule, large: VectorRule): VectorRule => ([x], parts) => {
  const { local, float, integer } = parts;
  const [size, near, far] = [local("v128"), local("v128"), local("v128")];
  return [
    ...size.set(abs(x!)),
    ...near.set(small([x!], parts)),
    ...far.set(large([size.get], parts)),
    ...bits.select(near.get, bits.select(far.get, x!, integer(0x7fffffff)), lt(size.get, float(limit))),
  ];
};

/** x + x^3 p(x^2). */
const oddPolynomial = (coefficients: readonly number[]): VectorRule => ([x], parts) => {
  const square = parts.local("v128");
  return [
    ...square.set(mul(x!, x!)),
    ...multiplyAdd(mul(polynomial(square.get, coefficients, parts), square.get), x!, x!),
  ];
};

/** erf: 1 - e^p(x) away from 0; coefficients of N. Juffa, "Accurate implementation of erff" (0.99 ulp with fma). */
export const erf: VectorRule = odd(
  0.927734375,
  ([x], parts) => {
    const square = parts.local("v128");
    const series = [
      -5.96761703e-4,
      4.99119423e-3,
      -2.67681349e-2,
      1.12819925e-1,
      -3.76125336e-1,
      1.28379166e-1,
    ];
    return [...square.set(mul(x!, x!)), ...multiplyAdd(polynomial(square.get, series, parts), x!, x!)];
  },
  ([x], parts) => {
    const [bounded, exponent] = [parts.local("v128"), parts.local("v128")];
    const series = [
      -1.72853470e-5,
      3.83197126e-4,
      -3.88396438e-3,
      2.42546219e-2,
      -1.06777877e-1,
      -6.34846687e-1,
      -1.28717512e-1,
    ];
    return [
      ...bounded.set(pmin(x!, parts.float(4))),
      ...exponent.set(sub(mul(polynomial(bounded.get, series, parts), bounded.get), bounded.get)),
      ...sub(parts.float(1), exp([exponent.get], parts)),
    ];
  },
);

/** tanh: 1 - 2 / (e^(2 x) + 1) away from 0. */
export const tanh: VectorRule = odd(
  0.55,
  oddPolynomial([1.57394409e-2, -5.23025580e-2, 1.33152470e-1, -3.33327681e-1]),
  ([x], parts) => {
    const twice = parts.local("v128");
    const one = parts.float(1);
    return [...twice.set(add(x!, x!)), ...sub(one, div(parts.float(2), add(exp([twice.get], parts), one)))];
  },
);
