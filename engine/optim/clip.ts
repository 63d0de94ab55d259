/**
 * Gradient clipping by the global norm (Pascanu, Mikolov and Bengio 2013).
 *
 * @module
 */
import { ShapeError, type Tensor } from "../graph/node.ts";
import { add, div, minimum, mul, sqrt, square, sum } from "../ops.ts";
import type { Named, Optimizer } from "./optimizer.ts";

/** Root of the sum of the squares of all elements, rank-0. @throws {ShapeError} when there is no tensor. */
export function globalNorm(tensors: Named<Tensor>): Tensor {
  const squares = Object.values(tensors).map((tensor) => sum(square(tensor)));
  if (!squares.length) throw new ShapeError("globalNorm: there is no tensor; give at least one");
  return sqrt(squares.reduce((total, part) => add(total, part)));
}

/**
 * Scales all gradients by `min(1, maxNorm / (norm + 1e-6))`, as `torch.nn.utils.clip_grad_norm_`. A norm that is not
 * finite is handed on for the caller to see.
 *
 * @param grads gradients by name.
 * @param maxNorm greatest norm, a number or a rank-0 tensor.
 * @returns the scaled gradients and the norm before scaling.
 */
export function clipByGlobalNorm(
  grads: Named<Tensor>,
  maxNorm: number | Tensor,
): { readonly grads: Record<string, Tensor>; readonly norm: Tensor } {
  const norm = globalNorm(grads);
  const factor = minimum(div(maxNorm, add(norm, 1e-6)), 1);
  return { grads: Object.fromEntries(Object.entries(grads).map(([name, grad]) => [name, mul(grad, factor)])), norm };
}

/**
 * An optimiser whose gradients are clipped first.
 *
 * @param optimizer the optimiser.
 * @param maxNorm greatest norm of all gradients together.
 * @throws {ShapeError} unless the norm is positive.
 */
export function withClipping(optimizer: Optimizer, maxNorm: number): Optimizer {
  if (!(maxNorm > 0)) throw new ShapeError(`withClipping: the greatest norm is ${maxNorm}; give a positive number`);
  return {
    ...optimizer,
    update: (grads, ...others) => optimizer.update(clipByGlobalNorm(grads, maxNorm).grads, ...others),
  };
}
