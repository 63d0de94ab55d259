/**
 * Folds of row and column kernels: sums in f64 (rounded where they are stored), extrema as comparisons.
 *
 * A NaN does not replace an extremum, as in the scalar operations `max` and `min`.
 *
 * @module
 */
import { childrenOf, type Expr, type Fold } from "../compile/kernel.ts";
import type { Dtype } from "../graph/node.ts";
import { type Context, needsOf } from "./expr.ts";

/** Value that a fold starts from. */
export function initialOf(fold: Fold, dtype: Dtype): string {
  if (fold === "sum") return "0";
  if (dtype === "i32") return fold === "max" ? "-2147483648" : "2147483647";
  if (dtype === "u32") return fold === "max" ? "0" : "4294967295";
  return fold === "max" ? "-Infinity" : "Infinity";
}

/** Text of folding `value` into `sum` (both names). */
export function foldText(fold: Fold, dtype: Dtype, sum: string, value: string): string {
  if (fold === "max") return `${sum} < ${value} ? ${value} : ${sum}`;
  if (fold === "min") return `${value} < ${sum} ? ${value} : ${sum}`;
  if (dtype === "i32") return `(${sum} + ${value}) | 0`;
  if (dtype === "u32") return `(${sum} + ${value}) >>> 0`;
  return `${sum} + ${value}`;
}

/** Stages whose values do not depend on each other run in one loop: consecutive stages, grouped. */
export function groupStages(stages: readonly { readonly value: Expr }[]): readonly (readonly number[])[] {
  const groups: number[][] = [];
  stages.forEach(({ value }, stage) => {
    const group = groups.at(-1);
    if (group && !usesStage(value, group[0]!)) group.push(stage);
    else groups.push([stage]);
  });
  return groups;
}

function usesStage(root: Expr, from: number): boolean {
  const seen = new Set<Expr>();
  const walk = (expr: Expr): boolean => {
    if (seen.has(expr)) return false;
    seen.add(expr);
    return expr.kind === "stage" ? expr.stage >= from : childrenOf(expr).some(walk);
  };
  return walk(root);
}

/** Work from which a value is kept for a later loop instead of being computed again. */
export const KEEP_COST = 8;

/** What each loop writes down for later ones, and what it reads instead of computing. */
export interface KeptValues {
  /** The kept values, by number. */
  readonly values: readonly Expr[];
  /** Per loop, numbers of values to write down. */
  readonly writes: readonly (readonly number[])[];
  /** Per loop, numbers of values to read. */
  readonly reads: readonly (readonly number[])[];
}

/**
 * Expensive values (exp, random numbers) that several loops over the same elements share. `loops` gives the roots of
 * each; `inner` says whether a value changes within the loop.
 */
export function keptValues(loops: readonly (readonly Expr[])[], inner: (expr: Expr) => boolean): KeptValues {
  const values: Expr[] = [];
  const writes: number[][] = loops.map(() => []);
  const reads: number[][] = loops.map(() => []);
  const computedIn = new Map<Expr, number>();
  loops.forEach((roots, loop) => {
    const seen = new Set<Expr>();
    const walk = (expr: Expr, always: boolean): void => {
      const earlier = computedIn.get(expr);
      if (earlier !== undefined && earlier < loop) {
        if (seen.has(expr)) return;
        if (expr.kind === "scalar" && expr.dtype !== "bool" && inner(expr) && costOf(expr, inner) >= KEEP_COST) {
          seen.add(expr);
          let number = values.indexOf(expr);
          if (number < 0) number = values.push(expr) - 1;
          if (!writes[earlier]!.includes(number)) writes[earlier]!.push(number);
          reads[loop]!.push(number);
          return;
        }
      }
      if (seen.has(expr)) return;
      seen.add(expr);
      if (always && earlier === undefined) computedIn.set(expr, loop);
      childrenOf(expr).forEach((child) => walk(child, always && expr.kind !== "guard"));
    };
    roots.forEach((root) => walk(root, true));
  });
  return { values, writes, reads };
}

/** Rough work of computing a value for one element. */
export function costOf(root: Expr, inner: (expr: Expr) => boolean): number {
  const seen = new Set<Expr>();
  let cost = 0;
  const walk = (expr: Expr): void => {
    if (seen.has(expr) || !inner(expr)) return;
    seen.add(expr);
    if (expr.kind === "scalar") cost += expr.op.cost;
    if (expr.kind === "load") cost += 1;
    childrenOf(expr).forEach(walk);
  };
  walk(root);
  return cost;
}

/** Whether a value changes along one of the axes named by `tokens`. */
export function changesAlong(context: Context, tokens: ReadonlySet<string>): (expr: Expr) => boolean {
  return (expr) => {
    for (const need of needsOf(context, expr)) if (tokens.has(need)) return true;
    return false;
  };
}
