/**
 * What a weight of a linear layer multiplies, found in the graph of the loss.
 *
 * @module
 */
import { sizeOf, type Tensor } from "../engine/mod.ts";
import { reachable } from "../engine/compile/lower.ts";
import { OptionError } from "./schedule.ts";

/** Whether `right` is `[in, out]`, the transpose of `weight` with its axes from the second on as one. */
function isTransposed(right: Tensor, weight: Tensor): boolean {
  const [rows, columns] = right.shape;
  if (right.shape.length !== 2 || columns !== weight.shape[0]) return false;
  const turned = right.op.name === "permute";
  // Turning a matrix of one row or column moves nothing: it is then a reshape in the graph.
  if (!turned && rows !== 1 && columns !== 1) return false;
  return untouched(turned ? right.inputs[0]! : right) === untouched(weight);
}

/** Strips reshapes and gradient rules. */
function untouched(x: Tensor): Tensor {
  return x.op.name === "reshape" || x.op.kind === "marker" ? untouched(x.inputs[0]!) : x;
}

/**
 * Looks up activations `[rows, in]` by weight: those x for which `x W^T` is in the graph, W of shape `[out, in]` or
 * `[out, ...]` with its further axes as one (patch embeddings).
 *
 * @param loss the graph to look in.
 * @returns a function from a weight and its name; it throws {@linkcode OptionError} when the weight multiplies nothing
 *   in this way, or several different tensors.
 */
export function linearInputs(loss: Tensor): (weight: Tensor, name: string) => Tensor {
  let contractions: readonly Tensor[] | undefined;
  return (weight, name) => {
    contractions ??= reachable([loss]).filter(({ op }) => op.kind === "contract");
    const found = new Set(
      contractions.filter(({ inputs }) => isTransposed(inputs[1]!, weight)).map(({ inputs }) => inputs[0]!),
    );
    const [x] = found;
    if (found.size === 1 && sizeOf(x!) > 0) return x!;
    const problem = found.size ? `multiplies ${found.size} different inputs` : "is no linear layer's weight";
    throw new OptionError(
      `${name} ${problem}: criteria of activations take weights [out, in] used once, as x W^T; do not prune it`,
    );
  };
}
