/**
 * Making kernel expressions: equal ones are the same object, so emitters name each once.
 *
 * @module
 */
import type { Dtype, Params } from "../graph/node.ts";
import type { ScalarPrimitive } from "../graph/scalar_ops.ts";
import { type Bound, type Index, indexKey } from "./index.ts";
import { childrenOf, type Expr } from "./kernel.ts";

/** A table of expressions of one kernel. */
export class Expressions {
  readonly #table = new Map<string, Expr>();
  readonly #ids = new Map<Expr, number>();
  readonly #depths = new Map<Expr, number>();

  #intern(key: string, make: () => Expr): Expr {
    let expr = this.#table.get(key);
    if (!expr) {
      this.#table.set(key, expr = make());
      this.#ids.set(expr, this.#ids.size);
      this.#depths.set(expr, childrenOf(expr).reduce((depth, child) => Math.max(depth, this.depthOf(child) + 1), 0));
    }
    return expr;
  }

  /** Longest chain of operations under an expression of this table. */
  depthOf(expr: Expr): number {
    return this.#depths.get(expr)!;
  }

  /** Element `index` of argument `arg`. */
  load(arg: number, index: Index, dtype: Dtype): Expr {
    return this.#intern(`load ${arg} ${indexKey(index)} ${dtype}`, () => ({ kind: "load", arg, index, dtype }));
  }

  /** The same value at every point. */
  constant(value: number, dtype: Dtype): Expr {
    const exact = Object.is(value, -0) ? "-0" : String(value);
    return this.#intern(`constant ${exact} ${dtype}`, () => ({ kind: "constant", value, dtype }));
  }

  /** An index as a number. */
  index(index: Index, dtype: Dtype): Expr {
    return this.#intern(`index ${indexKey(index)} ${dtype}`, () => ({ kind: "index", index, dtype }));
  }

  /** An elementwise operation. */
  scalar(op: ScalarPrimitive, inputs: readonly Expr[], params: Params, dtype: Dtype): Expr {
    const key = `${op.name} ${inputs.map((x) => this.#ids.get(x)).join()} ${JSON.stringify(params)} ${dtype}`;
    return this.#intern(key, () => ({ kind: "scalar", op, inputs, params, dtype }));
  }

  /** `inside` where all bounds hold, else `outside`. */
  guard(bounds: readonly Bound[], inside: Expr, outside: Expr): Expr {
    if (bounds.length === 0) return inside;
    const tests = bounds.map((b) => `${b.low}<=${indexKey(b.index)}<${b.high}`).join();
    const key = `guard ${tests} ${this.#ids.get(inside)} ${this.#ids.get(outside)}`;
    return this.#intern(key, () => ({ kind: "guard", bounds, inside, outside, dtype: inside.dtype }));
  }

  /** The result of a stage. */
  stage(stage: number, dtype: Dtype): Expr {
    return this.#intern(`stage ${stage}`, () => ({ kind: "stage", stage, dtype }));
  }

  /** The accumulator of a contraction. */
  accumulator(dtype: Dtype): Expr {
    return this.#intern("accumulator", () => ({ kind: "accumulator", dtype }));
  }

  /**
   * The same expression in this table with other indices; `load` makes the loads from their mapped indices. `memo` is
   * shared between the calls of one rewriting.
   */
  rewrite(
    expr: Expr,
    index: (index: Index) => Index,
    load: (arg: number, index: Index, dtype: Dtype) => Expr,
    memo: Map<Expr, Expr>,
  ): Expr {
    const known = memo.get(expr);
    if (known) return known;
    const again = (child: Expr) => this.rewrite(child, index, load, memo);
    const result = ((): Expr => {
      switch (expr.kind) {
        case "load":
          return load(expr.arg, index(expr.index), expr.dtype);
        case "index":
          return this.index(index(expr.index), expr.dtype);
        case "constant":
          return this.constant(expr.value, expr.dtype);
        case "scalar":
          return this.scalar(expr.op, expr.inputs.map(again), expr.params, expr.dtype);
        case "guard": {
          const bounds = expr.bounds.map((bound) => ({ ...bound, index: index(bound.index) }));
          return this.guard(bounds, again(expr.inside), again(expr.outside));
        }
        case "stage":
          return this.stage(expr.stage, expr.dtype);
        case "accumulator":
          return this.accumulator(expr.dtype);
      }
    })();
    memo.set(expr, result);
    return result;
  }
}
