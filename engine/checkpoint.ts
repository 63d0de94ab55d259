/**
 * Checkpoints (Chen et al. 2016, "Training deep nets with sublinear memory cost"): what a function computes on the way
 * to its result is not kept for the backward pass but computed again there.
 *
 * @module
 */
import { pullBack, withVjp } from "./grad.ts";
import { barrierOp } from "./graph/barrier.ts";
import { apply, nextNodeId, type Tensor } from "./graph/node.ts";
import { isFloat } from "./graph/scalar_ops.ts";
import { leavesOf, mapTree, type Tree } from "./tree.ts";

/**
 * `f`, computed again in the backward pass from what went into it: `checkpoint(layer)(x, params)` keeps `x` and the
 * result of the layer from one pass to the other, and nothing between. Of a stack of n equal layers, memory holds n
 * inputs and the inner values of one layer; the price is one more forward pass.
 *
 * Values and gradients are those of `f` (the same kernels compute them, though not always fused alike). Tensors that
 * `f` does not get as arguments but refers to count as inputs too. Random draws are functions of key, site and position,
 * so dropout inside masks the same elements again. Tensors made inside `f` are no use as targets of `grad`: no cotangent
 * reaches them; make them outside and hand them in. Each leaf of a result is differentiated by itself, so a function of
 * one result recomputes least.
 *
 * @param f a pure function from trees of tensors to a tree of tensors.
 * @returns a function of the same arguments and result.
 *
 * @example Twelve layers in the memory of one
 * ```ts
 * import { checkpoint, matmul, type Tensor, tanh } from "@sentinel/seven/engine";
 *
 * const layer = checkpoint((x: Tensor, w: Tensor) => tanh(matmul(tanh(matmul(x, w)), w)));
 * const deep = (x: Tensor, weights: readonly Tensor[]): Tensor => weights.reduce((y, w) => layer(y, w), x);
 * ```
 */
export function checkpoint<A extends readonly unknown[], R extends Tree<Tensor>>(
  f: (...inputs: A) => R,
): (...inputs: A) => R {
  return (...inputs) => {
    const first = nextNodeId();
    const result = f(...inputs);
    const given = new Set(leavesOf<Tensor>(inputs as unknown as Tree<Tensor>).map(([, tensor]) => tensor));
    const isOutside = (node: Tensor): boolean => node.id < first || given.has(node);
    return mapTree(result as unknown, (output: Tensor) => {
      if (isOutside(output) || !isFloat(output.dtype)) return output;
      return withVjp(output, frontier(output, isOutside), recompute);
    }) as R;
  };
}

/** What lies outside and is used inside, ascending by id. */
function frontier(output: Tensor, isOutside: (node: Tensor) => boolean): readonly Tensor[] {
  const found = new Set<Tensor>();
  walk(output, (node) => {
    if (!isOutside(node)) return true;
    if (node.op.name !== "constant" && node.op.name !== "iota") found.add(node);
    return false;
  });
  return [...found].sort((a, b) => a.id - b.id);
}

/** Visits the nodes under `output` once each; `visit` tells whether to go on below one. */
function walk(output: Tensor, visit: (node: Tensor) => boolean): void {
  const seen = new Set<Tensor>();
  const stack = [output];
  while (stack.length) {
    const node = stack.pop()!;
    if (seen.has(node)) continue;
    seen.add(node);
    if (visit(node)) stack.push(...node.inputs);
  }
}

/** Builds the inside once more, over barriers, and differentiates that. All it needs to know is in the marker. */
function recompute(cotangent: Tensor, marker: Tensor): readonly (Tensor | null)[] {
  const [output, ...outside] = marker.inputs as readonly [Tensor, ...Tensor[]];
  const again = new Map<Tensor, Tensor>(outside.map((node) => [node, apply(barrierOp, [node], { of: marker.id })]));
  const barriers = outside.map((node) => again.get(node)!);
  const inside: Tensor[] = [];
  walk(output, (node) => {
    if (again.has(node)) return false;
    inside.push(node);
    return true;
  });
  for (const node of inside.sort((a, b) => a.id - b.id)) {
    again.set(node, apply(node.op, node.inputs.map((input) => again.get(input)!), node.params, node.attachment));
  }
  const targets = barriers.filter(({ dtype }) => isFloat(dtype));
  const cotangents = pullBack(again.get(output)!, cotangent, targets);
  return barriers.map((barrier) => cotangents.get(barrier) ?? null);
}
