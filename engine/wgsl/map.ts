/**
 * Map kernels: one thread per element, or per four neighbours along the last axis, several of those per thread where
 * the work is light (loops are slow on llvmpipe, so they are written out).
 *
 * @module
 */
import { type Expr, type MapKernel, visitExpr } from "../compile/kernel.ts";
import { buildDispatch } from "./module.ts";
import { indicesOf, lanesOf, mergeAxes, volume } from "./space.ts";
import type { Dispatch, Target } from "./target.ts";

/** Rough size of expressions: distinct nodes, weighted by the cost of their operations. */
export function weightOf(exprs: readonly Expr[]): number {
  let weight = 0;
  visitExpr(exprs, (expr) => weight += expr.kind === "scalar" ? Math.max(1, expr.op.cost / 4) : 1);
  return weight;
}

/** Emits a map kernel. */
export function emitMap(kernel: MapKernel, target: Target): readonly Dispatch[] {
  const values = kernel.stores.map((store) => store.value);
  const merged = mergeAxes(kernel.dims, 0, [...indicesOf(values), ...kernel.stores.map((store) => store.index)]);
  const total = volume(kernel.dims);
  if (total === 0) return [];
  const lanes = total > 1 && merged.dims.at(-1)! % 4 === 0 ? 4 : 1;
  const units = total / lanes;
  const workgroup = units >= 256 * 64 ? 256 : 64;
  const weight = weightOf(values);
  const perThread = units < workgroup * 64 ? 1 : weight <= 16 ? 4 : weight <= 40 ? 2 : 1;
  const groups = Math.ceil(units / (workgroup * perThread));
  const exact = units === groups * workgroup * perThread;

  const launch = { label: kernel.label, args: kernel.args, workgroup, groups, lanes } as const;
  return [buildDispatch(launch, target, ({ emitter, variables, root }) => {
    root.lines.push(`let first = group * ${workgroup * perThread}u + local;`);
    for (let unit = 0; unit < perThread; unit++) {
      const name = `p${unit}`, block = root.child(1);
      root.lines.push(`let ${name} = first${unit === 0 ? "" : ` + ${unit * workgroup}u`};`);
      const flat = variables.add(name, 1, units);
      const frame = {
        scope: block,
        lanes: lanesOf(flat, merged.dims, lanes).map(merged.split),
        memo: new Map(),
      };
      emitter.store(kernel.stores, frame);
      block.flush(exact ? "{" : `if (${name} < ${units}u) {`, "}");
    }
  })];
}
