/**
 * Checks of gradients on the oracle, in f64.
 *
 * @module
 */
import { grad, vjp } from "../../engine/grad.ts";
import { inputTensor } from "../../engine/graph/input.ts";
import { sizeOf, type Tensor, withTable } from "../../engine/graph/node.ts";
import { add, mul, sum } from "../../engine/ops.ts";
import { type HostValues, interpret } from "../../engine/reference/interpret.ts";
import { assertClose, type Tolerance } from "./assert_close.ts";
import { dot, uniformArray } from "./values.ts";

/** Central difference of `f` at `x` along `direction`. */
export function directionalDerivative(
  f: (x: readonly Float64Array[]) => number,
  x: readonly ArrayLike<number>[],
  direction: readonly ArrayLike<number>[],
  step = 1e-5,
): number {
  const at = (h: number) => f(x.map((data, i) => Float64Array.from(data, (v, j) => v + h * direction[i]![j]!)));
  // Two step sizes, extrapolated (Richardson): the error falls from h^2 to h^4.
  const wide = (at(2 * step) - at(-2 * step)) / (4 * step);
  const narrow = (at(step) - at(-step)) / (2 * step);
  return (4 * narrow - wide) / 3;
}

/** What to check. */
export interface GradientOptions extends Tolerance {
  /** Step of the finite difference; 1e-4. */
  readonly step?: number;
  /** Check the second derivative too; true. */
  readonly second?: boolean;
  /** Seed of directions and cotangent; 1. */
  readonly seed?: number;
}

/**
 * Checks the gradient of `sum(fn(inputs) * c)` for a random c with respect to all f32 inputs along random directions
 * against finite differences, and the directional derivative of that gradient along other directions likewise.
 */
export function checkGradients(
  fn: (...inputs: Tensor[]) => Tensor,
  inputs: readonly HostValues[],
  options: GradientOptions = {},
): void {
  const { step = 1e-4, second = true, seed = 1, rtol = 1e-7, atol = 1e-9 } = options;
  withTable(() => {
    const tensors = inputs.map(({ shape, dtype }, i) => inputTensor(shape, dtype, i));
    const output = fn(...tensors);
    const cotangent = inputTensor(output.shape, output.dtype, tensors.length);
    const fixed = new Map<Tensor, ArrayLike<number>>([[cotangent, uniformArray(sizeOf(output), seed)]]);
    const points: ArrayLike<number>[] = [];
    const wrt: Tensor[] = [];
    inputs.forEach(({ dtype, data }, i) => {
      if (dtype === "f32") {
        wrt.push(tensors[i]!);
        points.push(data);
      } else fixed.set(tensors[i]!, data);
    });
    const along = (offset: number) => wrt.map((tensor, i) => uniformArray(sizeOf(tensor), seed * 1000 + offset + i));
    const value = (tensor: Tensor) => (at: readonly ArrayLike<number>[]): number =>
      interpret(tensor, new Map([...fixed, ...wrt.map((t, i) => [t, at[i]!] as const)]))[0]!;
    const check = (name: string, scalar: Tensor, direction: readonly Float64Array[]): Tensor[] => {
      const grads = grad(scalar, wrt);
      const all = new Map([...fixed, ...wrt.map((t, i) => [t, points[i]!] as const)]);
      const exact = interpret(grads, all).reduce((total, g, i) => total + dot(g, direction[i]!), 0);
      const difference = directionalDerivative(value(scalar), points, direction, step);
      assertClose([exact], [difference], { rtol, atol }, name);
      return grads;
    };
    const loss = sum(mul(output, cotangent));
    const first = along(100);
    const grads = check("gradient along a direction", loss, first);
    if (!second) return;
    const directions = first.map((data, i) => {
      const tensor = inputTensor(wrt[i]!.shape, "f32", tensors.length + 1 + i);
      fixed.set(tensor, data);
      return tensor;
    });
    const slope = grads.map((g, i) => sum(mul(g, directions[i]!))).reduce((a, b) => add(a, b));
    check("second derivative along two directions", slope, along(200));
  });
}

/**
 * Checks `<fn(v), c> = <v, vjp(c)>` for an `fn` that is linear in its first input (the others are fixed): exact up to
 * rounding, no finite difference.
 */
export function checkAdjoint(fn: (...inputs: Tensor[]) => Tensor, inputs: readonly HostValues[], seed = 1): void {
  withTable(() => {
    const tensors = inputs.map(({ shape, dtype }, i) => inputTensor(shape, dtype, i));
    const given = new Map<Tensor, ArrayLike<number>>(tensors.map((tensor, i) => [tensor, inputs[i]!.data]));
    const output = fn(...tensors);
    const cotangent = inputTensor(output.shape, output.dtype, tensors.length);
    given.set(cotangent, uniformArray(sizeOf(output), seed));
    const back = vjp(output, cotangent, tensors[0]!);
    const [image, pulled] = interpret([output, back], given);
    const left = dot(image!, given.get(cotangent)!);
    assertClose([left], [dot(inputs[0]!.data, pulled!)], { rtol: 1e-12, atol: 1e-12 }, "adjoint identity");
  });
}

/** Evaluates `fn` on host values. */
export function evaluate(fn: (...inputs: Tensor[]) => Tensor, ...inputs: readonly HostValues[]): Float64Array {
  return withTable(() => {
    const tensors = inputs.map(({ shape, dtype }, i) => inputTensor(shape, dtype, i));
    return interpret(fn(...tensors), new Map(tensors.map((tensor, i) => [tensor, inputs[i]!.data])));
  });
}
