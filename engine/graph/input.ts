/**
 * Inputs: the leaves whose values come with a run. A trace numbers the leaves of its arguments.
 *
 * @module
 */
import { apply, type Dtype, type Tensor } from "./node.ts";
import { inputOp } from "./leaf_ops.ts";

/**
 * Input number `index` of the graph being built. Within one trace, equal arguments give the same tensor.
 *
 * @param shape static sizes.
 * @param dtype element type.
 * @param index position among the inputs.
 */
export function inputTensor(shape: readonly number[], dtype: Dtype, index: number): Tensor {
  return apply(inputOp, [], { index, shape: [...shape], dtype });
}
