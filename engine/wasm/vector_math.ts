/**
 * Scalar operations on four f32 lanes: what of the scalar table generated vector loops can express.
 *
 * Flags are lanes of all ones or all zeros. Results are rounded to f32 at every operation, where loops in JavaScript
 * keep f64 until they store; the functions below stay within two units in the last place.
 *
 * @module
 */
import type { Code, Local, ValueType } from "./assembler.ts";
import { bits, float, floats, integers } from "./simd.ts";

/** Makes a local of the function under construction. */
export type NewLocal = (type: ValueType) => Local;

/** Code of an operation over the code of its operands, each of which is a local or a constant. */
export type VectorRule = (operands: readonly Code[], local: NewLocal) => Code;

const { abs, add, div, eq, le, lt, max, min, mul, ne, neg, pmax, pmin, sqrt, sub } = floats;

/** Horner's scheme, coefficients from the highest power down. */
const polynomial = (x: Code, [first, ...rest]: readonly number[]): Code =>
  rest.reduce<Code>((sum, coefficient) => add(mul(sum, x), float(coefficient)), float(first!));

/**
 * exp(x) = 2^n e^r with n whole and |r| <= ln 2 / 2; the polynomial is that of Cephes. 2^n is multiplied in two steps,
 * so that results reach into the denormals and to infinity.
 */
const exp: VectorRule = ([x], local) => {
  const [r, n, half] = [local("v128"), local("v128"), local("v128")];
  const power = (exponent: Code): Code => integers.shl(integers.add(exponent, integers.of(127, 127, 127, 127)), 23);
  const series = [1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1];
  return [
    ...r.set(min(max(x!, float(-105)), float(90))),
    ...n.set(floats.nearest(mul(r.get, float(Math.LOG2E)))),
    ...r.set(sub(sub(r.get, mul(n.get, float(0.693359375))), mul(n.get, float(-2.12194440e-4)))),
    ...n.set(floats.truncate(n.get)),
    ...half.set(integers.shrS(n.get, 1)),
    ...n.set(integers.sub(n.get, half.get)),
    ...mul(
      mul(
        add(add(mul(mul(r.get, r.get), polynomial(r.get, series)), r.get), float(1)),
        power(half.get),
      ),
      power(n.get),
    ),
  ];
};

/** `small` where |x| is below `limit`, else `large(|x|)` with the sign of x. */
const odd = (limit: number, small: VectorRule, large: VectorRule): VectorRule => ([x], local) => {
  const [size, near, far] = [local("v128"), local("v128"), local("v128")];
  const magnitude = integers.of(0x7fffffff, 0x7fffffff, 0x7fffffff, 0x7fffffff);
  return [
    ...size.set(abs(x!)),
    ...near.set(small([x!], local)),
    ...far.set(large([size.get], local)),
    ...bits.select(near.get, bits.select(far.get, x!, magnitude), lt(size.get, float(limit))),
  ];
};

/** x + x p(x^2). */
const oddPolynomial = (coefficients: readonly number[]): VectorRule => ([x], local) => {
  const square = local("v128");
  return [...square.set(mul(x!, x!)), ...add(mul(polynomial(square.get, coefficients), x!), x!)];
};

/** erf: 1 - e^p(x) away from 0; coefficients of N. Juffa, "Accurate implementation of erff" (0.99 ulp with fma). */
const erf: VectorRule = odd(
  0.927734375,
  oddPolynomial([
    -5.96761703e-4,
    4.99119423e-3,
    -2.67681349e-2,
    1.12819925e-1,
    -3.76125336e-1,
    1.28379166e-1,
  ]),
  ([x], local) => {
    const [bounded, exponent] = [local("v128"), local("v128")];
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
      ...bounded.set(min(x!, float(4))),
      ...exponent.set(sub(mul(polynomial(bounded.get, series), bounded.get), bounded.get)),
      ...sub(float(1), exp([exponent.get], local)),
    ];
  },
);

/** tanh: 1 - 2 / (e^(2 x) + 1) away from 0. */
const tanh: VectorRule = odd(
  0.55,
  ([x], local) => {
    const square = local("v128");
    const series = [1.57394409e-2, -5.23025580e-2, 1.33152470e-1, -3.33327681e-1];
    return [
      ...square.set(mul(x!, x!)),
      ...add(mul(mul(polynomial(square.get, series), square.get), x!), x!),
    ];
  },
  ([x], local) => {
    const twice = local("v128");
    return [...twice.set(add(x!, x!)), ...sub(float(1), div(float(2), add(exp([twice.get], local), float(1))))];
  },
);

/** Operations by the name of their scalar primitive. */
export const vectorRules: Readonly<Record<string, VectorRule>> = {
  copy: ([a]) => a!,
  neg: ([a]) => neg(a!),
  abs: ([a]) => abs(a!),
  sqrt: ([a]) => sqrt(a!),
  rsqrt: ([a]) => div(float(1), sqrt(a!)),
  exp,
  erf,
  tanh,
  add: ([a, b]) => add(a!, b!),
  sub: ([a, b]) => sub(a!, b!),
  mul: ([a, b]) => mul(a!, b!),
  div: ([a, b]) => div(a!, b!),
  max: ([a, b]) => pmax(a!, b!),
  min: ([a, b]) => pmin(a!, b!),
  equal: ([a, b]) => eq(a!, b!),
  notEqual: ([a, b]) => ne(a!, b!),
  less: ([a, b]) => lt(a!, b!),
  lessEqual: ([a, b]) => le(a!, b!),
  not: ([a]) => bits.not(a!),
  and: ([a, b]) => bits.and(a!, b!),
  or: ([a, b]) => bits.or(a!, b!),
  select: ([condition, a, b]) => bits.select(a!, b!, condition!),
};
