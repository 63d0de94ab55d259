/**
 * Views as maps of coordinates: where in its operand an element of a view lies.
 *
 * @module
 */
import { product } from "../shape.ts";
import type { Tensor } from "../graph/node.ts";
import { constantIndex, delinearize, divIndex, type Index, linearize, offsetIndex, scaleIndex } from "./index.ts";

/** Coordinates in a view's operand of the element at `coordinates` of the view. */
export function viewCoordinates(node: Tensor, coordinates: readonly Index[]): readonly Index[] {
  const { op, params, inputs: [x] } = node;
  switch (op.name) {
    case "barrier":
      return coordinates;
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
  const below = product(shape.slice(1));
  return [divIndex(linear, below), ...delinearize(linear, shape).slice(1)];
}
