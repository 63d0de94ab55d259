/**
 * Reverse-mode differentiation: one walk over the nodes in descending id, adding nodes. The result is graph like any
 * other, so gradients of gradients need nothing more.
 *
 * @module
 */
import { apply, formatType, ShapeError, type Tensor } from "./graph/node.ts";
import { isFloat, scalarOps } from "./graph/scalar_ops.ts";
import { constantTensor, markerOp } from "./graph/leaf_ops.ts";
import "./graph/simplify.ts";
import { leavesOf, mapTree, type Tree } from "./tree.ts";

/**
 * Gradient of a scalar with respect to a tree of tensors, which may be inner nodes (the gradient at `weight * mask`,
 * say). Leaves that `loss` does not depend on get zeros.
 *
 * @param loss rank-0 floating tensor.
 * @param wrt tensors of floating type.
 * @returns gradients in the structure of `wrt`.
 * @throws {ShapeError} when `loss` is not a rank-0 float or a leaf of `wrt` is not floating.
 */
export function grad<S extends Tree<Tensor>>(loss: Tensor, wrt: S): S {
  if (loss.shape.length !== 0 || !isFloat(loss.dtype)) {
    throw new ShapeError(`grad: the loss must be a rank-0 float, got ${formatType(loss)}; sum or average it first`);
  }
  return vjp(loss, constantTensor(1, loss), wrt);
}

/**
 * Vector-Jacobian product: the gradient of `sum(output * cotangent)` with respect to `wrt`.
 *
 * @param output any floating tensor.
 * @param cotangent of the same type.
 * @throws {ShapeError} when the types differ or a leaf of `wrt` is not floating.
 */
export function vjp<S extends Tree<Tensor>>(output: Tensor, cotangent: Tensor, wrt: S): S {
  if (formatType(cotangent) !== formatType(output)) {
    throw new ShapeError(
      `vjp: output ${formatType(output)}, cotangent ${
        formatType(cotangent)
      }; the cotangent is of the type of the output`,
    );
  }
  const targets = leavesOf<Tensor>(wrt);
  for (const [path, target] of targets) {
    if (!isFloat(target.dtype)) {
      throw new ShapeError(`grad: ${path || "wrt"} is ${formatType(target)}; only floating tensors have gradients`);
    }
  }
  const cotangents = pullBack(output, cotangent, targets.map(([, target]) => target));
  return mapTree(wrt as unknown, (target: Tensor) => cotangents.get(target) ?? constantTensor(0, target)) as S;
}

/** Cotangents of all nodes between `output` and the targets that have any. Types must have been checked. */
export function pullBack(
  output: Tensor,
  cotangent: Tensor,
  targets: readonly Tensor[],
): ReadonlyMap<Tensor, Tensor> {
  const dependent = dependents(output, new Set(targets));
  const cotangents = new Map<Tensor, Tensor>([[output, cotangent]]);
  for (const node of [...dependent].sort((a, b) => b.id - a.id)) {
    const g = cotangents.get(node);
    if (!g || !node.op.vjp || !node.inputs.some((input) => dependent.has(input))) continue;
    node.op.vjp(g, node).forEach((contribution, i) => {
      const input = node.inputs[i]!;
      if (!contribution || !dependent.has(input)) return;
      const known = cotangents.get(input);
      cotangents.set(input, known ? apply(scalarOps.add!, [known, contribution]) : contribution);
    });
  }
  return cotangents;
}

/** Runs `loss(params)` and returns it with its gradients with respect to `params`. */
export function valueAndGrad<S extends Tree<Tensor>>(
  loss: (params: S) => Tensor,
  params: S,
): { readonly value: Tensor; readonly grads: S } {
  const value = loss(params);
  return { value, grads: grad(value, params) };
}

/** Nodes between `output` and the targets, both included: those that depend on a target. */
function dependents(output: Tensor, targets: ReadonlySet<Tensor>): Set<Tensor> {
  const answer = new Map<Tensor, boolean>();
  // An explicit stack: a deep network is deeper than the call stack of some runtimes.
  const stack: Tensor[] = [output];
  while (stack.length) {
    const node = stack.at(-1)!;
    const open = node.inputs.filter((input) => !answer.has(input));
    if (open.length && !answer.has(node)) {
      stack.push(...open);
      continue;
    }
    stack.pop();
    if (!answer.has(node)) answer.set(node, targets.has(node) || node.inputs.some((input) => answer.get(input)));
  }
  return new Set([...answer].filter(([, depends]) => depends).map(([node]) => node));
}

/** The same value, through which no gradient flows. */
export function stopGradient(x: Tensor): Tensor {
  return apply(markerOp, [x], {}, noGradient);
}

const noGradient = (): readonly (Tensor | null)[] => [];

/**
 * A value with a gradient rule of its own: `output` as computed, differentiated by `backward` with respect to `inputs`.
 * Used where the derived gradient is numerically or structurally worse, and for straight-through estimators. The rule
 * emits graph, so second order works.
 *
 * @param output the value.
 * @param inputs tensors that receive cotangents.
 * @param backward cotangents of `inputs` from the cotangent of the output; `node` is the output itself, its further
 *   inputs (from 1) are `inputs`.
 */
export function withVjp(
  output: Tensor,
  inputs: readonly Tensor[],
  backward: (cotangent: Tensor, node: Tensor) => readonly (Tensor | null)[],
): Tensor {
  return apply(markerOp, [output, ...inputs], {}, backward);
}
