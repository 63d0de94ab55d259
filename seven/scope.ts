/**
 * Which weights compete for being kept, and how many of them stay.
 *
 * @module
 */
import {
  and,
  type HostTensor,
  keepTopK,
  keepTopKPerRow,
  keepTopKPerTensor,
  reshape,
  sizeOf,
  type Tensor,
  type Type,
} from "../engine/mod.ts";
import { mapNamed, type Named } from "./criteria/criterion.ts";
import { countKept } from "./mask.ts";
import { keptCount } from "./schedule.ts";

/**
 * Which weights compete for being kept: all together, those of each tensor, or those of each output row `[out, ...]` of
 * each tensor. A share of them goes, in every group on its own.
 */
export type Scope = "global" | "tensor" | "row";

/** Groups of equal size, in each of which weights compete. */
export interface Groups {
  /** Weights of a group. */
  readonly size: number;
  /** Of these, left to begin with, for each group: never more can be kept. */
  readonly left: readonly number[];
}

/** Output rows of a weight; 1 of a vector. */
export function rowsOf({ shape }: { readonly shape: readonly number[] }): number {
  return shape.length < 2 ? 1 : shape[0]!;
}

/** The groups of packed masks: "all" under "global", else by weight name. */
export function groupsOf(masks: Named<HostTensor>, weights: Named<Type>, scope: Scope): Named<Groups> {
  const tensors = mapNamed(masks, (words, name): Groups => {
    const size = sizeOf(weights[name]!), left = countKept({ [name]: words });
    if (scope !== "row") return { size, left: [left] };
    const rows = rowsOf(weights[name]!), width = size / rows;
    const full = new Array<number>(rows).fill(width);
    return { size: width, left: left === size ? full : full.map((_, row) => countFlags(words, row * width, width)) };
  });
  if (scope !== "global") return tensors;
  const all = Object.values(tensors);
  return {
    all: {
      size: all.reduce((sum, { size }) => sum + size, 0),
      left: [all.reduce((sum, one) => sum + one.left[0]!, 0)],
    },
  };
}

function countFlags({ data }: HostTensor, start: number, count: number): number {
  let set = 0;
  for (let i = start; i < start + count; i++) set += (data[i >> 5]! >>> (i & 31)) & 1;
  return set;
}

/** How many to keep of each group, at most, at a sparsity. */
export function keepAt(groups: Named<Groups>, sparsity: number): Record<string, number> {
  return mapNamed(groups, ({ size, left }) => {
    const most = left.reduce((a, b) => Math.max(a, b), 0);
    return Math.min(most, keptCount(size, sparsity));
  });
}

/** How many weights that keeps in all. */
export function keptAt(groups: Named<Groups>, sparsity: number): number {
  return Object.values(groups).reduce((total, { size, left }) => {
    const keep = keptCount(size, sparsity);
    return left.reduce((sum, most) => sum + Math.min(most, keep), total);
  }, 0);
}

/**
 * Masks of the greatest scores of each group. What is not eligible is not kept.
 *
 * @param scores f32 by weight name.
 * @param keep rank-0 u32, by the names of {@linkcode groupsOf}.
 * @param eligible bool by weight name; all by default.
 */
export function keepBest(
  scope: Scope,
  scores: Named<Tensor>,
  keep: Named<Tensor>,
  eligible?: Named<Tensor>,
): Record<string, Tensor> {
  if (scope === "global") return keepTopK(scores, keep.all!, eligible);
  if (scope === "tensor") return keepTopKPerTensor(scores, keep, eligible);
  return mapNamed(scores, (score, name) => {
    const rows = [rowsOf(score), sizeOf(score) / rowsOf(score)];
    const allowed = eligible && reshape(eligible[name]!, rows);
    const best = keepTopKPerRow(reshape(score, rows), keep[name]!, allowed);
    // A row with fewer left than are to be kept keeps those, and gets none back.
    return reshape(allowed ? and(best, allowed) : best, score.shape);
  });
}
