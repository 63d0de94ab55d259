/**
 * What a kernel costs: floating-point operations and bytes moved, counted from its expressions. A multiplication and
 * an addition are one operation each, so a contraction of m x n x k is 2 m n k.
 *
 * @module
 */
import { product } from "../shape.ts";
import { sizeOf } from "../graph/node.ts";
import { bytesPerElement, type Expr, type Kernel, visitExpr } from "./kernel.ts";

/** Work of a kernel or program. */
export interface Cost {
  /** Arithmetic operations, a transcendental one counted by its table cost. */
  readonly flops: number;
  /** Bytes of the buffers that are read and written, each once. */
  readonly bytes: number;
}

function work(roots: readonly Expr[]): number {
  let sum = 0;
  visitExpr(roots, (expr) => {
    if (expr.kind === "scalar") sum += expr.op.cost;
  });
  return sum;
}

/** Counts one kernel. */
export function costOf(kernel: Kernel): Cost {
  const bytes = kernel.args.reduce((sum, arg) => {
    const once = arg.length * bytesPerElement(arg.dtype);
    return sum + (arg.access === "update" ? 2 * once : once);
  }, 0);
  switch (kernel.kind) {
    case "map":
      return { flops: product(kernel.dims) * work(kernel.stores.map((store) => store.value)), bytes };
    case "row":
    case "column": {
      const rows = product(kernel.outer), length = product(kernel.inner);
      const full = kernel.stores.filter((store) => store.level === "full").map((store) => store.value);
      const outer = kernel.stores.filter((store) => store.level === "outer").map((store) => store.value);
      const folded = kernel.stages.reduce((sum, stage) => sum + 1 + work([stage.value]), 0);
      return { flops: rows * (length * (folded + work(full)) + work(outer)), bytes };
    }
    case "contract": {
      const results = product(kernel.batch) * kernel.m * kernel.n;
      return { flops: results * (2 * kernel.k + work(kernel.stores.map((store) => store.value))), bytes };
    }
    case "opaque":
      return { flops: [...kernel.inputs, ...kernel.outputs].reduce((sum, type) => sum + sizeOf(type), 0), bytes };
  }
}

/** Sum over kernels. */
export function totalCost(kernels: readonly Kernel[]): Cost {
  return kernels.map(costOf).reduce((a, b) => ({ flops: a.flops + b.flops, bytes: a.bytes + b.bytes }), {
    flops: 0,
    bytes: 0,
  });
}
