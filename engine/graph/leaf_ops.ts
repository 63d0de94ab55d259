/**
 * Leaves of the graph: inputs, data, coordinates, constants; and the marker that gives a value a gradient of its own.
 *
 * @module
 */
import { apply, sizeOf, type Tensor, type Type } from "./node.ts";
import { constantOp } from "./scalar_ops.ts";
import { fail, type StructuralPrimitive, tabulate, type Values } from "./structural.ts";

/** A program input: leaf number `index` of the traced arguments. */
export const inputOp: StructuralPrimitive = {
  name: "input",
  kind: "leaf",
  infer: (_, { shape, dtype }) => ({ shape, dtype }),
  evaluate: () => {
    throw new Error("input: the oracle takes values of inputs from its caller");
  },
};

/** Data known when the graph is built; `attachment` is the typed array. */
export const literalOp: StructuralPrimitive = {
  name: "literal",
  kind: "leaf",
  infer: (_, { shape, dtype }) => ({ shape, dtype }),
  evaluate: (_, node) => Float64Array.from(node.attachment as ArrayLike<number>),
};

/** Coordinates along one axis: element (..., i, ...) is i. */
export const iotaOp: StructuralPrimitive = {
  name: "iota",
  kind: "leaf",
  infer(_, { shape, axis, dtype }) {
    if (!(axis >= 0 && axis < shape.length)) {
      fail("iota", `axis ${axis} of [${shape.join()}]`, "name an axis of the shape");
    }
    return { shape, dtype };
  },
  evaluate: (_, node) => tabulate(node, (at) => at[node.params.axis]!),
};

/**
 * Its first input, with a gradient of its own: `attachment` is `(cotangent, node) => cotangents of the further inputs`.
 * The further inputs are what the backward rule may read and give cotangents to. Lowering erases the marker.
 */
export const markerOp: StructuralPrimitive = {
  name: "withVjp",
  kind: "marker",
  infer: ([x]) => ({ shape: x!.shape, dtype: x!.dtype }),
  vjp(g, node) {
    const backward = node.attachment as (g: Tensor, node: Tensor) => readonly (Tensor | null)[];
    return [null, ...backward(g, node)];
  },
  evaluate: ([x]) => x!,
};

/** What `evaluate` needs of constants: they have no data of their own. */
export function evaluateConstant(node: Tensor): Values {
  return new Float64Array(sizeOf(node)).fill(node.params.value);
}

/** A constant tensor of one value. */
export function constantTensor(value: number, type: Type): Tensor {
  return apply(constantOp, [], { value, shape: [...type.shape], dtype: type.dtype });
}
