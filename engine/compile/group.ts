/**
 * A group: roots that one kernel computes together, and how each is placed in the kernel's iteration space.
 *
 * Building a group pulls each member's value down to loads of values stored elsewhere. Coordinates go down with it:
 * views are maps of coordinates, nothing more. When the pull meets another member of the group it must stand at that
 * member's own place (then the value is at hand in a register), or the group cannot be.
 *
 * @module
 */
import type { Tensor } from "../graph/node.ts";
import type { ScalarPrimitive } from "../graph/scalar_ops.ts";
import { Expressions } from "./expr.ts";
import { viewCoordinates } from "./coordinates.ts";
import type { Frame, Place } from "./frame.ts";
import {
  type Bound,
  constantIndex,
  coordinate,
  delinearize,
  type Index,
  indexKey,
  linearize,
  offsetIndex,
  rangeOf,
} from "./index.ts";
import type { Expr, Fold } from "./kernel.ts";
import { isGiven, storageOf } from "./lower.ts";

/** What building a group gives. Loads name stored tensors by id in `arg`. */
export interface Built {
  readonly expressions: Expressions;
  readonly values: ReadonlyMap<Tensor, Expr>;
  readonly stages: readonly { readonly fold: Fold; readonly value: Expr; readonly tensor: Tensor }[];
  readonly a?: Expr;
  readonly b?: Expr;
  /** Values stored elsewhere that are read, with the distinct indices they are read at. */
  readonly loads: ReadonlyMap<Tensor, ReadonlySet<string>>;
}

/** Roots that one kernel computes. */
export interface Group {
  readonly frame: Frame;
  /** Members ascending by id, with their places. */
  readonly members: ReadonlyMap<Tensor, Place>;
  readonly built: Built;
}

/** Operations in a row that one expression may have: emitters walk expressions by recursion. */
const MOST_DEPTH = 256;

const folds: Readonly<Record<string, Fold>> = { sum: "sum", reduceMax: "max", reduceMin: "min" };

class Misfit extends Error {}

/** Builds the group, or tells that these members cannot share a kernel. */
export function buildGroup(
  frame: Frame,
  members: ReadonlyMap<Tensor, Place>,
  roots: ReadonlySet<Tensor>,
): Group | undefined {
  try {
    return { frame, members, built: pullMembers(frame, members, roots) };
  } catch (error) {
    if (error instanceof Misfit) return undefined;
    throw error;
  }
}

function pullMembers(frame: Frame, members: ReadonlyMap<Tensor, Place>, roots: ReadonlySet<Tensor>): Built {
  const expressions = new Expressions();
  const values = new Map<Tensor, Expr>();
  const stages: { fold: Fold; value: Expr; tensor: Tensor }[] = [];
  const loads = new Map<Tensor, Set<string>>();
  const memo = new Map<Tensor, Map<string, Expr>>();
  let a: Expr | undefined, b: Expr | undefined;

  const keyOf = (coordinates: readonly Index[]) => coordinates.map(indexKey).join(";");
  const load = (node: Tensor, coordinates: readonly Index[]): Expr => {
    const index = linearize(coordinates, node.shape);
    let keys = loads.get(node);
    if (!keys) loads.set(node, keys = new Set());
    keys.add(indexKey(index));
    return expressions.load(node.id, index, node.dtype);
  };
  const pull = (node: Tensor, coordinates: readonly Index[], self?: Tensor): Expr => {
    const key = keyOf(coordinates);
    if (node !== self && members.has(node)) {
      const value = values.get(node);
      if (!value || key !== keyOf(members.get(node)!.coordinates)) throw new Misfit();
      return value;
    }
    if (node !== self && (isGiven(node) || roots.has(node))) return load(node, coordinates);
    let known = memo.get(node);
    if (!known) memo.set(node, known = new Map());
    let expr = known.get(key);
    if (!expr) known.set(key, expr = compute(node, coordinates));
    return expr;
  };
  const compute = (node: Tensor, coordinates: readonly Index[]): Expr => {
    const { op, params, inputs } = node;
    if (op.kind === "scalar") {
      const operands = inputs.map((input) => pull(input, coordinates));
      const value = expressions.scalar(op as ScalarPrimitive, operands, params, node.dtype);
      if (expressions.depthOf(value) > MOST_DEPTH) throw new Misfit();
      return value;
    }
    switch (op.name) {
      case "constant":
        return expressions.constant(params.value, node.dtype);
      case "iota":
        return expressions.index(coordinates[params.axis]!, node.dtype);
      case "pad": {
        const inner = coordinates.map((c, axis) => offsetIndex(c, -params.low[axis]));
        const bounds = inner.map((index, axis): Bound => ({ index, low: 0, high: inputs[0]!.shape[axis]! }));
        const outside = expressions.constant(params.value, node.dtype);
        if (bounds.some((bound) => reach(bound) === "never")) return outside;
        const open = bounds.filter((bound) => reach(bound) === "sometimes");
        return expressions.guard(open, pull(inputs[0]!, inner), outside);
      }
      case "concat": {
        let from = node.shape[params.axis]!;
        let value: Expr | undefined;
        for (const input of [...inputs].reverse()) {
          const size = input.shape[params.axis]!;
          from -= size;
          const index = offsetIndex(coordinates[params.axis]!, -from);
          const bound: Bound = { index, low: 0, high: size };
          if (reach(bound) === "never") continue;
          const piece = pull(input, coordinates.map((c, axis) => axis === params.axis ? index : c));
          value = value === undefined ? piece : expressions.guard([bound], piece, value);
        }
        // No piece at all: only a branch that is never taken asks for it.
        return value ?? expressions.constant(0, node.dtype);
      }
    }
    if (op.kind === "view") return pull(inputs[0]!, viewCoordinates(node, coordinates));
    throw new Error(`fusion: ${op.name} must be stored`);
  };

  for (const [node, place] of members) {
    if (node.op.kind === "reduce") {
      const value = pull(node.inputs[0]!, delinearize(frame.full, node.inputs[0]!.shape));
      values.set(node, expressions.stage(stages.length, node.dtype));
      stages.push({ fold: folds[node.op.name]!, value, tensor: node });
    } else if (node.op.kind === "contract") {
      const [batch, m, n, k] = frame.sizes.map((size, axis) => coordinate(axis, size)) as [Index, Index, Index, Index];
      const at = delinearize(batch, node.shape.slice(0, -2));
      a = pull(node.inputs[0]!, [...at, m, k]);
      b = pull(node.inputs[1]!, [...at, k, n]);
      values.set(node, expressions.accumulator(node.dtype));
    } else if (node.op.kind === "opaque") {
      node.inputs.forEach((input) => load(storageOf(input), storageOf(input).shape.map(() => constantIndex(0))));
      values.set(node, expressions.constant(0, node.dtype));
    } else {
      values.set(node, pull(node, place.coordinates, node));
    }
  }
  return { expressions, values, stages, loads, ...(a && b ? { a, b } : {}) };
}

/** Whether an index is within its bound, judged by its range. */
function reach({ index, low, high }: Bound): "always" | "never" | "sometimes" {
  const [least, greatest] = rangeOf(index);
  return greatest < low || least >= high ? "never" : least >= low && greatest < high ? "always" : "sometimes";
}
