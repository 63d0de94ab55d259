/**
 * The oracle: a graph evaluated node by node in f64. Obvious and slow on purpose; every device is compared with it.
 *
 * Floating values are never rounded to f32, so a device differs from it by rounding only. Integers are exact and wrap
 * to 32 bits, booleans are 0 or 1. Scalar operations run their `js` text through `new Function`, hence a page whose
 * content security policy forbids that cannot run the oracle.
 *
 * @module
 */
import { inputTensor } from "../graph/input.ts";
import { formatType, ShapeError, sizeOf, type Tensor, type Type, withTable } from "../graph/node.ts";
import { constantOp, type ScalarPrimitive } from "../graph/scalar_ops.ts";
import { evaluateConstant, inputOp } from "../graph/leaf_ops.ts";
import type { StructuralPrimitive, Values } from "../graph/structural.ts";
import { leavesOf, type Mapped, mapTree, type Tree } from "../tree.ts";

/** Data with its type: what the oracle takes for an argument. */
export interface HostValues extends Type {
  /** Elements in row-major order. */
  readonly data: ArrayLike<number>;
}

/**
 * Values of a tree of tensors.
 *
 * @param outputs a tensor or a tree of tensors.
 * @param inputs values of the inputs, row-major. Any other node may be given a value too: it is then not computed,
 *   which is how the derivative with respect to an inner node is checked.
 * @returns the structure of `outputs` with one `Float64Array` for each tensor.
 * @throws {ShapeError} when an input has no value or one of another length.
 */
export function interpret<S extends Tree<Tensor>>(
  outputs: S,
  inputs: ReadonlyMap<Tensor, ArrayLike<number>>,
): Mapped<S, Tensor, Values> {
  const values = new Map<Tensor, Values>();
  for (const [tensor, data] of inputs) {
    if (data.length !== sizeOf(tensor)) {
      throw new ShapeError(
        `interpret: ${data.length} elements given for ${formatType(tensor)}; give ${sizeOf(tensor)}, row-major`,
      );
    }
    values.set(tensor, Float64Array.from(data));
  }
  for (const node of needed(leavesOf<Tensor>(outputs).map(([, tensor]) => tensor), values)) {
    values.set(node, evaluate(node, node.inputs.map((input) => values.get(input)!)));
  }
  return mapTree<S, Tensor, Values>(outputs, (tensor) => values.get(tensor)!);
}

/** Arguments of a traced function: host trees with tensors for leaves. */
export type TracedArguments<A extends readonly unknown[]> = {
  -readonly [I in keyof A]: Mapped<A[I], HostValues, Tensor>;
};

/**
 * Traces `fn` and evaluates its result on host values: `interpretFunction(step, state, batch)`.
 *
 * @param fn a function from trees of tensors to a tree of tensors.
 * @param args trees of host values, one for each argument.
 * @returns the structure of the result with one `Float64Array` for each tensor.
 */
export function interpretFunction<A extends readonly unknown[], R extends Tree<Tensor>>(
  fn: (...args: TracedArguments<A>) => R,
  ...args: A
): Mapped<R, Tensor, Values> {
  return withTable(() => {
    const inputs = new Map<Tensor, ArrayLike<number>>();
    const traced = mapTree<unknown, HostValues, Tensor>(args, ({ shape, dtype, data }) => {
      const tensor = inputTensor(shape, dtype, inputs.size);
      inputs.set(tensor, data);
      return tensor;
    });
    return interpret(fn(...(traced as TracedArguments<A>)), inputs);
  });
}

/** Nodes to compute, operands first. Ascending ids are a topological order. */
function needed(outputs: readonly Tensor[], given: ReadonlyMap<Tensor, Values>): readonly Tensor[] {
  const found = new Set<Tensor>();
  const open = [...outputs];
  while (open.length) {
    const node = open.pop()!;
    if (found.has(node) || given.has(node)) continue;
    if (node.op === inputOp) {
      throw new ShapeError(`interpret: input ${node.params.index}, ${formatType(node)}, has no value; give one`);
    }
    found.add(node);
    open.push(...node.inputs);
  }
  return [...found].sort((a, b) => a.id - b.id);
}

function evaluate(node: Tensor, operands: readonly Values[]): Values {
  if (node.op === constantOp) return evaluateConstant(node);
  if (node.op.kind !== "scalar") return (node.op as StructuralPrimitive).evaluate(operands, node);
  const out = new Float64Array(sizeOf(node));
  loopOf(node)(out, operands);
  return out;
}

type Loop = (out: Values, operands: readonly Values[]) => void;
const loops = new Map<string, Loop>();

/** The elementwise loop of a scalar operation, compiled once for each (operation, types, parameters). */
function loopOf(node: Tensor): Loop {
  const op = node.op as ScalarPrimitive;
  const input = node.inputs.at(-1)!.dtype;
  const key = `${op.name} ${input} ${node.dtype} ${JSON.stringify(node.params)}`;
  let loop = loops.get(key);
  if (!loop) {
    const operands = node.inputs.map((_, i) => `operands[${i}][i]`);
    const names = node.inputs.map((_, i) => `x${i}`);
    const text = op.js(names, { input, output: node.dtype, params: node.params });
    loop = new Function(
      `${(op.helpers ?? []).map((helper) => helper.js).join("\n")}
return function (out, operands) {
  for (let i = 0; i < out.length; i++) {
    const ${names.map((name, i) => `${name} = ${operands[i]}`).join(", ")};
    out[i] = ${text};
  }
};`,
    )() as Loop;
    loops.set(key, loop);
  }
  return loop;
}
