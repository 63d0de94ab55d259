/**
 * Looking for the first tensor that went bad: counts of non-finite elements beside a step's own metrics.
 *
 * @module
 */
import { apply, formatType, type Tensor, withTable } from "../graph/node.ts";
import { scalarOps } from "../graph/scalar_ops.ts";
import { sumOp } from "../graph/tensor_ops.ts";
import { reachable } from "./lower.ts";
import type { Leaf, Traced } from "./trace.ts";

const PREFIX = "taps/non-finite ";

/** The same step with a count of non-finite elements for every input, contraction, reduction, quotient and output. */
export function withFiniteChecks(traced: Traced): Traced {
  const outputs = [...traced.nextState, ...traced.metrics].map((leaf) => leaf.tensor);
  const names = new Map([...traced.state, ...traced.batch].map(({ path, tensor }) => [tensor, path]));
  const telling = new Set(["matmul", "sum", "reduceMax", "reduceMin", "log", "exp", "div", "rsqrt", "sqrt", "gather"]);
  const nodes = reachable(outputs).filter((node) =>
    node.dtype === "f32" && (telling.has(node.op.name) || outputs.includes(node) || node.op.name === "input")
  );
  return withTable(() => {
    const checks = nodes.map((tensor, order): Leaf => {
      const bad = apply(scalarOps.cast!, [apply(scalarOps.not!, [apply(scalarOps.isFinite!, [tensor])])], {
        dtype: "u32",
      });
      const count = tensor.shape.length ? apply(sumOp, [bad], { axes: tensor.shape.map((_, axis) => axis) }) : bad;
      return { path: `${PREFIX}${String(order).padStart(6, "0")} ${describe(tensor, names)}`, tensor: count };
    });
    return { ...traced, metrics: [...traced.metrics, ...checks] };
  });
}

/** The first tensor with non-finite elements among the taps of a checked step, or `undefined` when all were finite. */
export function firstNonFinite(taps: Readonly<Record<string, unknown>>): string | undefined {
  const prefix = PREFIX.slice("taps/".length);
  const bad = Object.entries(taps).filter(([label, count]) => label.startsWith(prefix) && count !== 0);
  const [first] = bad.sort(([a], [b]) => a < b ? -1 : 1);
  return first && `${first[0].slice(prefix.length + 7)} (${first[1]} non-finite elements)`;
}

/** The operation, its type, and the nearest named inputs under it, not looking through other contractions. */
function describe(node: Tensor, names: ReadonlyMap<Tensor, string>): string {
  const own = names.get(node);
  if (own) return `${own} ${formatType(node)}`;
  const found: string[] = [];
  const seen = new Set<Tensor>();
  let level: readonly Tensor[] = node.inputs;
  for (let depth = 0; depth < 6 && found.length < 2 && level.length; depth++) {
    for (const input of level) {
      const name = names.get(input);
      if (name && found.length < 2) found.push(name);
    }
    level = level.flatMap((input) =>
      seen.has(input) || input.op.kind === "contract" ? [] : (seen.add(input), input.inputs)
    );
  }
  return `${node.op.name} ${formatType(node)}${found.length ? ` over ${found.join(", ")}` : ""}`;
}
