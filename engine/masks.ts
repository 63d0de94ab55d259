/**
 * Masks by scope and pattern: per tensor, per row, n of m, blocks. All exact within their groups, ties to the lower
 * position, and all on the device. Over several tensors together: `keepTopK` of `select.ts`.
 *
 * @module
 */
import { apply, formatType, ShapeError, sizeOf, type Tensor } from "./graph/node.ts";
import { argsortOp } from "./graph/sort_ops.ts";
import { add, and, broadcastTo, cast, constant, div, equal, gather, greater, iota, lessEqual, max } from "./ops.ts";
import { minimum, mul, not, notEqual, or, pad, reshape, slice, sub, sum } from "./ops.ts";
import { keepTopK, rankKey } from "./select.ts";

/** Tensors by name. */
export type Tensors = Readonly<Record<string, Tensor>>;

/**
 * Masks of the `keep[name]` greatest scores of each tensor on its own.
 *
 * @param scores f32 tensors by name.
 * @param keep rank-0 u32 tensors by name.
 * @param eligible bool tensors by name; all eligible by default.
 */
export function keepTopKPerTensor(scores: Tensors, keep: Tensors, eligible?: Tensors): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(scores).map(([name, score]) => {
      const allowed = eligible?.[name];
      return [name, keepTopK({ [name]: score }, keep[name]!, allowed && { [name]: allowed })[name]!];
    }),
  );
}

/**
 * Mask of the `k` greatest scores of each row: exactly min(k, n) of the n elements along the last axis. What is not
 * eligible ranks below everything.
 *
 * @param score f32 `[...rows, n]`.
 * @param k a number, or a rank-0 u32 tensor.
 * @param eligible bool of the shape of the score; all by default.
 * @throws {ShapeError} for a score of rank 0.
 */
export function keepTopKPerRow(score: Tensor, k: number | Tensor, eligible?: Tensor): Tensor {
  if (score.shape.length < 1) {
    throw new ShapeError(`keepTopKPerRow: ${formatType(score)} has no axis of rows; reshape it first`);
  }
  return keepGreatestOfRows(rankKey(score, eligible), k);
}

/**
 * Mask of the `n` greatest scores of every `m` neighbours along the last axis, which is the input axis of a linear
 * layer's weight `[out, in]`: 2:4, 4:8 or any other. Where `m` does not divide the axis, the last group is treated as
 * if the weights went on with pruned ones: of its p < m elements min(n, p) are kept.
 *
 * @param score f32 `[..., in]`.
 * @param eligible bool of the shape of the score; all by default.
 * @throws {ShapeError} unless 0 <= n <= m and m >= 1, whole numbers.
 */
export function keepNOfM(score: Tensor, n: number, m: number, eligible?: Tensor): Tensor {
  const length = score.shape.at(-1);
  if (length === undefined || !(Number.isInteger(n) && Number.isInteger(m) && n >= 0 && m >= 1 && n <= m)) {
    throw new ShapeError(
      `keepNOfM: ${n}:${m} of ${formatType(score)}; give whole numbers, 0 <= n <= m, and a last axis`,
    );
  }
  const groups = Math.ceil(length / m), rows = sizeOf({ shape: score.shape.slice(0, -1) });
  // Added keys are 0 and come last: they lose against everything, even against what is not eligible.
  const padded = pad(reshape(rankKey(score, eligible), [rows, length]), 1, 0, groups * m - length);
  const kept = keepGreatestOfRows(reshape(padded, [rows * groups, m]), n);
  return reshape(slice(reshape(kept, [rows, groups * m]), 1, 0, length), score.shape);
}

/** Exactly min(k, n) of each row of u32 keys. */
function keepGreatestOfRows(key: Tensor, k: number | Tensor): Tensor {
  const n = key.shape.at(-1)!, rows = sizeOf({ shape: key.shape.slice(0, -1) });
  if (n === 0 || rows === 0) return notEqual(key, key);
  const flat = [rows * n], one = constant(1, [rows], "u32");
  const kept = minimum(typeof k === "number" ? constant(k, [], "u32") : k, n);
  const start = mul(iota([rows]), n);
  // The last element kept: the key and the column of number k. Of none kept it is that of number 1, and does not count.
  const last = add(start, sub(broadcastTo(maximumOfOne(kept), [rows]), one));
  const column = gather(reshape(apply(argsortOp, [not(key)]), flat), last);
  const threshold = gather(reshape(key, flat), add(start, column));
  const along = (x: Tensor): Tensor => broadcastTo(reshape(x, [...key.shape.slice(0, -1), 1]), key.shape);
  const before = lessEqual(iota(key.shape, key.shape.length - 1), along(column));
  const chosen = or(greater(key, along(threshold)), and(equal(key, along(threshold)), before));
  return and(chosen, broadcastTo(notEqual(kept, 0), key.shape));
}

/** The greater of a rank-0 u32 and 1. */
function maximumOfOne(k: Tensor): Tensor {
  return add(k, cast(equal(k, 0), "u32"));
}

/** Blocks of a weight, and what makes up their score. */
export interface BlockOptions {
  /** Rows of a block. */
  readonly rows: number;
  /** Columns of a block. */
  readonly cols: number;
  /**
   * Score of a block: the sum of its elements' scores, or their mean (the default), which is fair to partial blocks.
   */
  readonly score?: "sum" | "mean";
  /** Bool tensors by name, of the shapes of the scores; a block is eligible if one of its elements is. */
  readonly eligible?: Tensors;
}

/**
 * Masks of the `k` best blocks of all tensors together, by the scores of their elements: exactly min(k, number of
 * blocks) blocks are kept. Blocks lie in the last two axes, from the first element on; at the far edges they may be
 * partial.
 *
 * @param scores f32 tensors of rank 2 or more, by name.
 * @param k blocks to keep, a rank-0 u32 tensor.
 * @returns bool tensors by name, of the shapes of the scores.
 * @throws {ShapeError} for a tensor of lower rank or a block without elements.
 */
export function keepBlocks(scores: Tensors, k: Tensor, options: BlockOptions): Record<string, Tensor> {
  const { rows, cols, score = "mean", eligible } = options;
  if (!(Number.isInteger(rows) && Number.isInteger(cols) && rows >= 1 && cols >= 1)) {
    throw new ShapeError(`keepBlocks: blocks of ${rows} x ${cols}; give whole numbers from 1 on`);
  }
  const map = (tensors: Tensors, f: (x: Tensor) => Tensor): Record<string, Tensor> =>
    Object.fromEntries(Object.entries(tensors).map(([name, x]) => [name, f(x)]));
  const blocks = map(scores, (x) => {
    const total = sum(inBlocks(x, rows, cols), [2, 4]);
    return score === "sum" ? total : div(total, blockSizes(x, rows, cols));
  });
  const allowed = eligible && map(eligible, (x) => notEqual(max(inBlocks(cast(x, "u32"), rows, cols), [2, 4]), 0));
  const kept = keepTopK(blocks, k, allowed);
  return Object.fromEntries(
    Object.entries(scores).map(([name, x]) => [name, fromBlocks(kept[name]!, x.shape, rows, cols)]),
  );
}

/** `[batch, block rows, rows, block columns, columns]`, zeros where a block reaches beyond the edge. */
function inBlocks(x: Tensor, rows: number, cols: number): Tensor {
  if (x.shape.length < 2) {
    throw new ShapeError(`keepBlocks: ${formatType(x)} has no two axes for blocks to lie in; reshape it first`);
  }
  const [height, width] = x.shape.slice(-2) as [number, number];
  const high = Math.ceil(height / rows), wide = Math.ceil(width / cols);
  const flat = reshape(x, [-1, height, width]);
  const padded = pad(pad(flat, 1, 0, high * rows - height), 2, 0, wide * cols - width);
  return reshape(padded, [-1, high, rows, wide, cols]);
}

/** Elements of each block, f32 `[batch, block rows, block columns]`. */
function blockSizes(x: Tensor, rows: number, cols: number): Tensor {
  const [height, width] = x.shape.slice(-2) as [number, number];
  const shape = [sizeOf({ shape: x.shape.slice(0, -2) }), Math.ceil(height / rows), Math.ceil(width / cols)];
  const along = (axis: number, size: number, block: number): Tensor =>
    minimum(sub(constant(size, shape), mul(iota(shape, axis, "f32"), block)), block);
  return mul(along(1, height, rows), along(2, width, cols));
}

/** A flag for each block, to one for each element. */
function fromBlocks(kept: Tensor, shape: readonly number[], rows: number, cols: number): Tensor {
  const [batch, high, wide] = kept.shape as [number, number, number];
  const [height, width] = shape.slice(-2) as [number, number];
  const spread = broadcastTo(reshape(cast(kept, "u32"), [batch, high, 1, wide, 1]), [batch, high, rows, wide, cols]);
  const padded = reshape(spread, [batch, high * rows, wide * cols]);
  return notEqual(reshape(slice(slice(padded, 1, 0, height), 2, 0, width), shape), 0);
}
