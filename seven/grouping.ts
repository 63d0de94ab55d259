/**
 * Groups of weights on the device: the score of a group from those of its weights, and masks of weights from flags of
 * groups.
 *
 * @module
 */
import {
  add,
  and,
  broadcastTo,
  cast,
  constant,
  div,
  equal,
  iota,
  minimum,
  mul,
  notEqual,
  or,
  pad,
  reshape,
  sizeOf,
  slice,
  sub,
  sum,
  type Tensor,
} from "../engine/mod.ts";
import { mapNamed, type Named } from "./criteria/criterion.ts";
import { checkGroups, type GroupScore, type GroupSpec, type Pattern } from "./pattern.ts";
import { rowsOf } from "./scope.ts";

type Shape = { readonly shape: readonly number[] };

/** How weights make up groups. */
export interface Grouping {
  /** Shapes of the flags of groups, by name: those of a weight, or of a set. Under the scope "row" rows compete. */
  readonly groups: Named<Shape>;
  /** Scores of groups, f32. */
  scores(scores: Named<Tensor>): Record<string, Tensor>;
  /** Which groups have a weight whose mask is true, bool. */
  alive(masks: Named<Tensor>): Record<string, Tensor>;
  /** Masks of weights: true in groups that are kept; weights in no group have that of `before`. */
  spread(kept: Named<Tensor>, before: Named<Tensor>): Record<string, Tensor>;
}

/**
 * The grouping of a pattern over prunable weights; `undefined` where weights are chosen one by one.
 *
 * @throws {OptionError} for groups that do not fit the weights.
 */
export function groupingOf(pattern: Pattern, weights: Named<Shape>): Grouping | undefined {
  if (pattern.kind === "blocks") return blockGrouping(pattern.rows, pattern.cols, weights, pattern.score);
  if (pattern.kind !== "groups") return undefined;
  checkGroups(pattern.groups, weights);
  return setGrouping(pattern.groups, weights, pattern.score);
}

const positive = (sums: Named<Tensor>): Record<string, Tensor> => mapNamed(sums, (n) => notEqual(n, 0));
const ones = (masks: Named<Tensor>): Record<string, Tensor> => mapNamed(masks, (mask) => cast(mask, "u32"));

/** Blocks of `[out, ...]`, its further axes as one; partial at the far edges. */
function blockGrouping(rows: number, cols: number, weights: Named<Shape>, score: GroupScore = "mean"): Grouping {
  const sizes = mapNamed(weights, (weight) => {
    const height = rowsOf(weight), width = sizeOf(weight) / height;
    return { height, width, high: Math.ceil(height / rows), wide: Math.ceil(width / cols) };
  });
  const sums = (values: Named<Tensor>): Record<string, Tensor> =>
    mapNamed(values, (value, name) => {
      const { height, width, high, wide } = sizes[name]!;
      const matrix = reshape(value, [height, width]);
      const padded = pad(pad(matrix, 0, 0, high * rows - height), 1, 0, wide * cols - width);
      return sum(reshape(padded, [high, rows, wide, cols]), [1, 3]);
    });
  /** How many weights each block has. */
  const counts = (name: string): Tensor => {
    const { height, width, high, wide } = sizes[name]!;
    const along = (axis: number, size: number, block: number): Tensor =>
      minimum(sub(constant(size, [high, wide]), mul(iota([high, wide], axis, "f32"), block)), block);
    return mul(along(0, height, rows), along(1, width, cols));
  };
  return {
    groups: mapNamed(sizes, ({ high, wide }) => ({ shape: [high, wide] })),
    scores: (scores) => mapNamed(sums(scores), (total, name) => score === "sum" ? total : div(total, counts(name))),
    alive: (masks) => positive(sums(ones(masks))),
    spread: (kept) =>
      mapNamed(kept, (flags, name) => {
        const { height, width, high, wide } = sizes[name]!;
        const wider = broadcastTo(reshape(cast(flags, "u32"), [high, 1, wide, 1]), [high, rows, wide, cols]);
        const cut = slice(slice(reshape(wider, [high * rows, wide * cols]), 0, 0, height), 1, 0, width);
        return notEqual(reshape(cut, weights[name]!.shape), 0);
      }),
  };
}

/** Sets of slices. */
function setGrouping(sets: GroupSpec, weights: Named<Shape>, score: GroupScore = "mean"): Grouping {
  const around = (tensor: string, axis: number): [before: number, after: number] => {
    const { shape } = weights[tensor]!;
    return [sizeOf({ shape: shape.slice(0, axis) }), sizeOf({ shape: shape.slice(axis + 1) })];
  };
  const sums = (values: Named<Tensor>): Record<string, Tensor> =>
    mapNamed(sets, ({ count, parts }) => {
      const totals = parts.map(({ tensor, axis, start = 0, size }) => {
        const [before, after] = around(tensor, axis);
        const part = slice(values[tensor]!, axis, start, start + count * size);
        return sum(reshape(part, [before, count, size, after]), [0, 2, 3]);
      });
      return totals.reduce((a, b) => add(a, b));
    });
  const weightsOf = ({ parts }: GroupSpec[string]): number =>
    parts.reduce((total, { tensor, axis, size }) => {
      const [before, after] = around(tensor, axis);
      return total + before * size * after;
    }, 0);
  return {
    groups: mapNamed(sets, ({ count }) => ({ shape: [count] })),
    scores: (scores) =>
      mapNamed(sums(scores), (total, set) => score === "sum" ? total : div(total, weightsOf(sets[set]!))),
    alive: (masks) => positive(sums(ones(masks))),
    spread(kept, before) {
      const masks: Record<string, Tensor> = { ...before };
      for (const [set, { count, parts }] of Object.entries(sets)) {
        for (const { tensor, axis, start = 0, size } of parts) {
          const { shape } = weights[tensor]!;
          const [outer, inner] = around(tensor, axis);
          const wide = broadcastTo(reshape(cast(kept[set]!, "u32"), [1, count, 1, 1]), [outer, count, size, inner]);
          const sliced = reshape(wide, shape.map((length, i) => i === axis ? count * size : length));
          const whole = pad(sliced, axis, start, shape[axis]! - start - count * size, 2);
          // 2 marks what this part does not reach.
          masks[tensor] = or(equal(whole, 1), and(equal(whole, 2), masks[tensor]!));
        }
      }
      return masks;
    },
  };
}
