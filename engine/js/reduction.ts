/**
 * What row and column kernels have in common: the simplified space, stages and stores in its coordinates, and the loops
 * that they take: one per group of stages that do not need each other, one for the stores at every point.
 *
 * @module
 */
import type { Expr, Fold, ReduceKernel, Store } from "../compile/kernel.ts";
import type { Dtype } from "../graph/node.ts";
import type { Loop } from "./expr.ts";
import { groupStages } from "./fold.ts";
import { loopsOf } from "./map.ts";
import { indicesOf, rewriter, simplifySpace } from "./space.ts";

/** A stage in the coordinates of the simplified space. */
export interface Stage {
  readonly fold: Fold;
  readonly value: Expr;
  readonly dtype: Dtype;
}

/** A reduction ready to be emitted; at least one loop of either sort. */
export interface Reduction {
  readonly outer: readonly Loop[];
  readonly inner: readonly Loop[];
  readonly stages: readonly Stage[];
  /** Stage numbers, grouped by loop. */
  readonly groups: readonly (readonly number[])[];
  readonly outerStores: readonly Store[];
  readonly fullStores: readonly Store[];
  /** Values that each loop over all points computes: the groups in order, then the full stores. */
  readonly loops: readonly (readonly Expr[])[];
}

/** Simplifies a row or column kernel. */
export function reductionOf(kernel: ReduceKernel): Reduction {
  const roots = [...kernel.stages.map((stage) => stage.value), ...kernel.stores.map((store) => store.value)];
  const indices = [...indicesOf(roots), ...kernel.stores.map((store) => store.index)];
  const space = simplifySpace([kernel.outer, kernel.inner], indices);
  const outer = loopsOf(space.axes, 0);
  const inner = loopsOf(space.axes, 1);
  const rewrite = rewriter(space);
  const stages = kernel.stages.map((stage) => ({ ...stage, value: rewrite.expr(stage.value) }));
  const stores = kernel.stores.map(rewrite.store);
  const fullStores = stores.filter((store) => store.level === "full");
  const groups = groupStages(stages);
  return {
    outer,
    inner,
    stages,
    groups,
    outerStores: stores.filter((store) => store.level === "outer"),
    fullStores,
    loops: [
      ...groups.map((group) => group.map((stage) => stages[stage]!.value)),
      fullStores.map((store) => store.value),
    ],
  };
}
