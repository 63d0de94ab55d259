/**
 * Contractions in other forms: with fewer batch axes, and as chained reductions.
 *
 * @module
 */
import { axesOf, coordinate, divIndex, modIndex, strideAlong } from "../compile/index.ts";
import type { ContractKernel, Expr, ReduceKernel } from "../compile/kernel.ts";
import { scalarOps } from "../graph/scalar_ops.ts";
import { indicesOf, rewriter } from "./space.ts";

/** Rows that are enough for a contraction of its own. */
const MANY_ROWS = 96;

/** True when a value changes along one of the axes. */
export function dependsOn(value: Expr, axes: readonly number[]): boolean {
  return indicesOf([value]).some((index) => {
    const used = axesOf(index);
    return axes.some((axis) => used.has(axis));
  });
}

/**
 * Takes the last batch axis into m while B does not depend on it: a linear layer over [batch, positions] is one product
 * of many rows. Not where the rows of a store would then lie at no constant stride though there are enough of them.
 */
export function mergeBatch(kernel: ContractKernel): ContractKernel {
  const last = kernel.batch.length - 1;
  if (last < 0 || dependsOn(kernel.b, [last])) return kernel;
  const batch = kernel.batch.slice(0, -1), m = kernel.batch[last]! * kernel.m;
  const merged = coordinate(last, m);
  const coordinates = [
    ...batch.map((size, axis) => coordinate(axis, size)),
    divIndex(merged, kernel.m),
    modIndex(merged, kernel.m),
    coordinate(last + 1, kernel.n),
    coordinate(last + 2, kernel.k),
  ];
  const rewrite = rewriter({ axes: [], coordinates });
  const stores = kernel.stores.map(rewrite.store);
  const scattered = stores.some((store) => strideAlong(store.index, last) === undefined);
  if (scattered && kernel.m >= MANY_ROWS) return kernel;
  return mergeBatch({ ...kernel, batch, m, a: rewrite.expr(kernel.a), b: rewrite.expr(kernel.b), stores });
}

/** Exchanges the sides where results are neighbours along m and not along n: the microkernel writes along n. */
export function alongResults(kernel: ContractKernel): ContractKernel {
  const [m, n] = [kernel.batch.length, kernel.batch.length + 1];
  const all = (axis: number): boolean => kernel.stores.every((store) => strideAlong(store.index, axis) === 1);
  if (kernel.n === 1 || all(n) || !all(m)) return kernel;
  const coordinates = [
    ...kernel.batch.map((size, axis) => coordinate(axis, size)),
    coordinate(n, kernel.m),
    coordinate(m, kernel.n),
    coordinate(n + 1, kernel.k),
  ];
  const { expr, store } = rewriter({ axes: [], coordinates });
  return {
    ...kernel,
    m: kernel.n,
    n: kernel.m,
    a: expr(kernel.b),
    b: expr(kernel.a),
    stores: kernel.stores.map(store),
  };
}

/** The same product as chained reductions: a stage over k at every (batch, m, n). */
export function asRow(kernel: ContractKernel): ReduceKernel {
  const { a, b } = kernel;
  const known = new Map<Expr, Expr>();
  const replace = (expr: Expr): Expr => {
    const done = known.get(expr);
    if (done) return done;
    const result: Expr = expr.kind === "accumulator"
      ? { kind: "stage", stage: 0, dtype: expr.dtype }
      : expr.kind === "scalar"
      ? { ...expr, inputs: expr.inputs.map(replace) }
      : expr.kind === "guard"
      ? { ...expr, inside: replace(expr.inside), outside: replace(expr.outside) }
      : expr;
    known.set(expr, result);
    return result;
  };
  return {
    kind: "row",
    label: kernel.label,
    args: kernel.args,
    outer: [...kernel.batch, kernel.m, kernel.n],
    inner: [kernel.k],
    stages: [{
      fold: "sum",
      dtype: a.dtype,
      value: { kind: "scalar", op: scalarOps.mul!, inputs: [a, b], params: {}, dtype: a.dtype },
    }],
    stores: kernel.stores.map((store) => ({ ...store, level: "outer" as const, value: replace(store.value) })),
  };
}
