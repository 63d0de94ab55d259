/**
 * Initial values of parameters, as graph functions of a key: an initial state is a program like any other.
 *
 * Fans follow PyTorch: for `[out, in, ...window]`, fan in is `in * window` and fan out `out * window`.
 *
 * @module
 */
import { ShapeError, type Tensor } from "./graph/node.ts";
import * as o from "./ops.ts";
import { normal, uniform } from "./random.ts";

/** Draws a tensor of `shape` by a u32 `[2]` key. */
export type Initializer = (key: Tensor, shape: readonly number[]) => Tensor;

/** Normal of mean 0. */
export function normalInit(std: number): Initializer {
  return (key, shape) => o.mul(normal(key, shape), std);
}

/**
 * Normal of mean 0 cut at two standard deviations: `std * z`, |z| <= 2, by the inverse distribution function, so that
 * nothing is drawn again. `std` is that of the normal before cutting, as for PyTorch's `trunc_normal_`; what comes out
 * has 0.8796 of it.
 */
export function truncatedNormalInit(std: number): Initializer {
  // erf(sqrt(2)): the share of the normal within two standard deviations.
  const inside = 0.9544997361036416;
  return (key, shape) => o.mul(inverseErf(uniform(key, shape, { low: -inside, high: inside })), std * Math.SQRT2);
}

/**
 * The inverse of erf on |x| <= 0.99, relative error below 1e-6: M. Giles 2012, "Approximating the erfinv function",
 * the central polynomial of the single-precision version.
 */
function inverseErf(x: Tensor): Tensor {
  const coefficients = [
    2.81022636e-8,
    3.43273939e-7,
    -3.5233877e-6,
    -4.39150654e-6,
    2.1858087e-4,
    -1.25372503e-3,
    -4.17768164e-3,
    0.246640727,
    1.50140941,
  ];
  const w = o.sub(o.neg(o.log(o.mul(o.sub(1, x), o.add(x, 1)))), 2.5);
  const start: Tensor = o.broadcastTo(coefficients[0]!, x.shape, x.dtype);
  return o.mul(coefficients.slice(1).reduce((p, c) => o.add(o.mul(p, w), c), start), x);
}

/** Uniform within `gain * sqrt(6 / (fan in + fan out))`: Glorot and Bengio 2010. */
export function xavierUniform(gain = 1): Initializer {
  return (key, shape) => {
    const [fanIn, fanOut] = fans("xavierUniform", shape);
    return within(key, shape, gain * Math.sqrt(6 / (fanIn + fanOut)));
  };
}

/**
 * Uniform within `sqrt(6 / ((1 + a^2) * fan in))`, a the slope of a leaky ReLU below 0: He et al. 2015. PyTorch starts
 * its linear layers with `a = Math.sqrt(5)`, that is within `1 / sqrt(fan in)`.
 */
export function kaimingUniform(a = 0): Initializer {
  return (key, shape) => within(key, shape, Math.sqrt(6 / ((1 + a * a) * fans("kaimingUniform", shape)[0])));
}

function within(key: Tensor, shape: readonly number[], bound: number): Tensor {
  return uniform(key, shape, { low: -bound, high: bound });
}

function fans(name: string, shape: readonly number[]): readonly [fanIn: number, fanOut: number] {
  if (shape.length < 2) {
    throw new ShapeError(`${name}: [${shape.join()}] has no fans; give [out, in, ...], or use another initialiser`);
  }
  const window = shape.slice(2).reduce((product, size) => product * size, 1);
  return [shape[1]! * window, shape[0]! * window];
}
