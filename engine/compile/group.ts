/**
 * A group: roots that one kernel computes together, and how each is placed in the kernel's iteration space.
 *
 * Building a group pulls each member's value down to loads of values stored elsewhere. Coordinates go down with it:
 * views are maps of coordinates, nothing more. When the pull meets another member of the group it must stand at that
 * member's own place (then the value is at hand in a register), or the group cannot be.
 *
 * @module
 */
import { sizeOf, type Tensor } from "../graph/node.ts";
import type { ScalarPrimitive } from "../graph/scalar_ops.ts";
import { Expressions } from "./expr.ts";
import {
  type Bound,
  constantIndex,
  coordinate,
  delinearize,
  divIndex,
  type Index,
  indexKey,
  linearize,
  offsetIndex,
  rangeOf,
  scaleIndex,
} from "./index.ts";
import type { Expr, Fold } from "./kernel.ts";
import { isGiven, storageOf } from "./lower.ts";

/** The iteration space of a group. */
export interface Frame {
  readonly kind: "map" | "row" | "column" | "contract" | "opaque";
  /** Sizes of the axes: map [n]; row and column outer..., inner; contract batch, m, n, k. */
  readonly sizes: readonly number[];
  /** Row-major position of a point among the full-level points. */
  readonly full: Index;
  /** Row-major position among the outer-level points (row and column). */
  readonly outer?: Index;
  readonly fullCount: number;
  readonly outerCount: number;
}

/** Where a member stands. */
export interface Place {
  readonly coordinates: readonly Index[];
  readonly level: "full" | "outer";
}

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

const folds: Readonly<Record<string, Fold>> = { sum: "sum", reduceMax: "max", reduceMin: "min" };

/** The frame that a root asks for when it is alone, and its place in it. */
export function frameOf(root: Tensor): { readonly frame: Frame; readonly place: Place } {
  switch (root.op.kind) {
    case "reduce":
      return frameOfReduction(root);
    case "contract": {
      const [m, n] = root.shape.slice(-2) as [number, number];
      const k = root.inputs[0]!.shape.at(-1)!;
      const batch = sizeOf(root) / (m * n);
      const sizes = [batch, m, n, k];
      const [b, row, col] = sizes.map((size, axis) => coordinate(axis, size)) as [Index, Index, Index, Index];
      const full = linearize([b, row, col], [batch, m, n]);
      const coordinates = [...delinearize(b, root.shape.slice(0, -2)), row, col];
      return {
        frame: { kind: "contract", sizes, full, fullCount: sizeOf(root), outerCount: 0 },
        place: { coordinates, level: "full" },
      };
    }
    case "opaque": {
      const frame: Frame = { kind: "opaque", sizes: [], full: constantIndex(0), fullCount: 0, outerCount: 0 };
      return { frame, place: { coordinates: [], level: "full" } };
    }
    default: {
      const count = sizeOf(root);
      const full = coordinate(0, count);
      const frame: Frame = { kind: "map", sizes: [count], full, fullCount: count, outerCount: 0 };
      return { frame, place: { coordinates: delinearize(full, root.shape), level: "full" } };
    }
  }
}

function frameOfReduction(root: Tensor): { readonly frame: Frame; readonly place: Place } {
  const { shape } = root.inputs[0]!;
  const axes: readonly number[] = root.params.axes;
  const count = (sizes: readonly number[]) => sizes.reduce((product, size) => product * size, 1);
  const before = count(shape.slice(0, axes[0]!));
  const length = count(axes.map((axis) => shape[axis]!));
  const after = count(shape.slice(axes.at(-1)! + 1));
  const kind = after === 1 ? "row" : "column";
  const sizes = kind === "row" ? [before, length] : before === 1 ? [after, length] : [before, after, length];
  const at = sizes.map((size, axis) => coordinate(axis, size));
  const inner = at.at(-1)!;
  const [p, q] = kind === "row"
    ? [at[0]!, constantIndex(0)]
    : before === 1
    ? [constantIndex(0), at[0]!]
    : [at[0]!, at[1]!];
  const full = linearize([p, inner, q], [before, length, after]);
  const outer = linearize([p, q], [before, after]);
  return {
    frame: { kind, sizes, full, outer, fullCount: before * length * after, outerCount: before * after },
    place: { coordinates: delinearize(outer, root.shape), level: "outer" },
  };
}

/** Places at which `root` might stand in `frame`: at the full level or at the outer one, in row-major order. */
export function placesIn(frame: Frame, root: Tensor): readonly Place[] {
  const places: Place[] = [];
  const count = sizeOf(root);
  if (root.op.kind !== "reduce" && count === frame.fullCount) {
    places.push({ coordinates: delinearize(frame.full, root.shape), level: "full" });
  }
  if (frame.outer && count === frame.outerCount) {
    places.push({ coordinates: delinearize(frame.outer, root.shape), level: "outer" });
  }
  return places;
}

/** The place of `node` that follows from that of `member`, when only elementwise work and re-arrangement lie between. */
export function placeAbove(
  member: Tensor,
  place: Place,
  node: Tensor,
  deadEnds: Set<Tensor> = new Set(),
): Place | undefined {
  if (node === member) return place;
  if (node.id < member.id || deadEnds.has(node)) return undefined;
  if (node.op.name === "reshape" || node.op.name === "permute" || node.op.kind === "scalar") {
    for (const input of node.inputs) {
      const below = placeAbove(member, place, input, deadEnds);
      if (below) return { level: below.level, coordinates: push(node, below.coordinates) };
    }
  }
  deadEnds.add(node);
  return undefined;
}

/** Coordinates of the element of `node` that comes from its operand's element at `coordinates`. */
function push(node: Tensor, coordinates: readonly Index[]): readonly Index[] {
  if (node.op.name === "permute") return node.params.axes.map((axis: number) => coordinates[axis]!);
  if (node.op.name === "reshape") return delinearize(linearize(coordinates, node.inputs[0]!.shape), node.shape);
  return coordinates;
}

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
      return expressions.scalar(op as ScalarPrimitive, operands, params, node.dtype);
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

/** Coordinates in a view's operand of the element at `coordinates` of the view. */
function viewCoordinates(node: Tensor, coordinates: readonly Index[]): readonly Index[] {
  const { op, params, inputs: [x] } = node;
  switch (op.name) {
    case "reshape":
      return reshapeCoordinates(coordinates, node.shape, x!.shape);
    case "permute": {
      const inner = new Array<Index>(coordinates.length);
      params.axes.forEach((axis: number, i: number) => inner[axis] = coordinates[i]!);
      return inner;
    }
    case "broadcast":
      return x!.shape.map((size, i) => size === 1 ? constantIndex(0) : coordinates[params.axes[i]]!);
    case "slice":
      return coordinates.map((c, axis) => offsetIndex(scaleIndex(c, params.step[axis]), params.start[axis]));
    default:
      throw new Error(`fusion: the view ${op.name} has no map of coordinates`);
  }
}

/**
 * Coordinates under a reshape. Axes that both shapes have at the ends pass unchanged, so that guards of padding around
 * the others (whose linear position may be out of range) do no harm.
 */
function reshapeCoordinates(
  coordinates: readonly Index[],
  from: readonly number[],
  to: readonly number[],
): readonly Index[] {
  let head = 0;
  while (head < from.length && head < to.length && from[head] === to[head]) head++;
  let tail = 0;
  while (tail < from.length - head && tail < to.length - head && from.at(-1 - tail) === to.at(-1 - tail)) tail++;
  const middle = linearize(coordinates.slice(head, from.length - tail), from.slice(head, from.length - tail));
  return [
    ...coordinates.slice(0, head),
    ...delinearizeWithin(middle, to.slice(head, to.length - tail)),
    ...coordinates.slice(from.length - tail),
  ];
}

/** As `delinearize`, but the outermost axis takes whatever is left: values out of range under a guard stay apart. */
function delinearizeWithin(linear: Index, shape: readonly number[]): readonly Index[] {
  if (shape.length === 0) return [];
  const below = shape.slice(1).reduce((product, size) => product * size, 1);
  return [divIndex(linear, below), ...delinearize(linear, shape).slice(1)];
}
