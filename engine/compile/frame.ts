/**
 * Frames: iteration spaces of kernels, and where values may stand in them.
 *
 * A root alone asks for the frame of its kind. In the frame of another, a value stands at the full level (once per
 * point) or at the outer one (once per row or column), always one element to one point: in row-major order, or as
 * follows from a member under it.
 *
 * @module
 */
import { product } from "../shape.ts";
import { sizeOf, type Tensor } from "../graph/node.ts";
import { constantIndex, coordinate, delinearize, type Index, linearize } from "./index.ts";

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
  const before = product(shape.slice(0, axes[0]!));
  const length = product(axes.map((axis) => shape[axis]!));
  const after = product(shape.slice(axes.at(-1)! + 1));
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

/** The place of `node` that follows from `member`'s, when only elementwise work and re-arrangement lie between. */
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
