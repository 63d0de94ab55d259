/**
 * Contractions: batched matrix products with expressions on loads and stores.
 *
 * All forms compute a tile of results per thread in named vec4 registers (naga counts iterations and checks indices, so
 * register tiles are written out and there is one loop, over k). They differ in how operands reach the threads:
 * straight from storage (`registers`), straight from storage with a subgroup sharing what its lanes have loaded of the
 * left operand (`subgroups`), or through workgroup memory (`staged`); `contract_variants.ts` says when which.
 * Operands in any order of axes run as they lie: an operand is taken by fours along whichever of its axes is contiguous
 * and divisible, and element by element where none is. Nothing is ever transposed in memory.
 *
 * @module
 */
import { Expressions } from "../compile/expr.ts";
import { coordinate, type Index, strideAlong, substitute } from "../compile/index.ts";
import { type ContractKernel, type Expr, visitExpr } from "../compile/kernel.ts";
import { emitDirectContract } from "./contract_direct.ts";
import { emitStagedContract } from "./contract_staged.ts";
import { chooseTile, type FoursAlong } from "./contract_variants.ts";
import type { Dispatch, Target } from "./target.ts";

/** Emits a contraction. */
export function emitContract(given: ContractKernel, target: Target): readonly Dispatch[] {
  if (given.m === 0 || given.n === 0 || given.batch.includes(0)) return [];
  const kernel = storesAlongRows(given) ? transposed(given) : given;
  const rank = kernel.batch.length;
  const a = foursAlong(kernel.a, rank + 2, kernel.k, rank, kernel.m);
  const b = foursAlong(kernel.b, rank + 2, kernel.k, rank + 1, kernel.n);
  const tile = chooseTile(kernel, a, b, target);
  const emit = tile.form === "staged" ? emitStagedContract : emitDirectContract;
  return [emit({ kernel, a, b, tile }, target)];
}

/** True when results lie by fours along m, and not along n: as where a product is stored transposed. */
function storesAlongRows({ batch, m, n, stores }: ContractKernel): boolean {
  const along = (axis: number, size: number): boolean =>
    size % 4 === 0 && stores.some(({ index }) => strideAlong(index, axis) === 1 && isAligned(index, axis));
  return along(batch.length, m) && !along(batch.length + 1, n);
}

/** The same contraction with m and n, and so both operands, exchanged. */
function transposed(kernel: ContractKernel): ContractKernel {
  const { batch, m, n, k, a, b, stores } = kernel, rank = batch.length;
  const axes = [
    ...batch.map((size, axis) => coordinate(axis, size)),
    coordinate(rank + 1, m),
    coordinate(rank, n),
    coordinate(rank + 2, k),
  ];
  const table = new Expressions(), memo = new Map<Expr, Expr>();
  const index = (one: Index): Index => substitute(one, axes);
  const again = (expr: Expr): Expr => table.rewrite(expr, index, (arg, at, dtype) => table.load(arg, at, dtype), memo);
  return {
    ...kernel,
    m: n,
    n: m,
    a: again(b),
    b: again(a),
    stores: stores.map((store) => ({ ...store, index: index(store.index), value: again(store.value) })),
  };
}

/** Along which axis most loads of an operand are contiguous and divisible by four. */
function foursAlong(operand: Expr, kAxis: number, k: number, ownAxis: number, own: number): FoursAlong {
  const contiguous = (axis: number, size: number): number => {
    if (size % 4 !== 0) return 0;
    let count = 0;
    visitExpr([operand], (expr) => {
      if (expr.kind === "load" && strideAlong(expr.index, axis) === 1 && isAligned(expr.index, axis)) count++;
    });
    return count;
  };
  const alongK = contiguous(kAxis, k), alongOwn = contiguous(ownAxis, own);
  if (alongK === 0 && alongOwn === 0) return "none";
  return alongK >= alongOwn ? "k" : "own";
}

/** True when the index is a multiple of four wherever coordinate `axis` is. */
function isAligned(index: Index, axis: number): boolean {
  return index.offset % 4 === 0 &&
    index.terms.every(({ atom, coefficient }) =>
      coefficient % 4 === 0 || (atom.kind === "coord" && atom.axis === axis)
    );
}
