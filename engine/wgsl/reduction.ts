/**
 * Reductions before they are written: axes merged, stages in passes, threads laid out.
 *
 * @module
 */
import { type ReduceKernel, visitExpr } from "../compile/kernel.ts";
import type { Target } from "./target.ts";
import { indicesOf, mergeAxes, type Merged, volume } from "./space.ts";

/** How threads are laid over the two sides of the iteration space. */
export interface Layout {
  /** The side whose last axis is taken by fours. */
  readonly wide: "outer" | "inner" | "none";
  /** Neighbouring threads of a workgroup on different outer elements (or fours). */
  readonly across: number;
  /** Threads that share the inner elements of an outer one; a power of two. */
  readonly along: number;
}

/** A reduce kernel with neighbouring axes merged. */
export interface Reduction {
  readonly kernel: ReduceKernel;
  readonly outer: Merged;
  readonly inner: Merged;
  /** Number of outer elements. */
  readonly rows: number;
  /** Number of inner elements of each. */
  readonly length: number;
}

/** Merges the axes of a reduce kernel. */
export function reductionOf(kernel: ReduceKernel): Reduction {
  const exprs = [...kernel.stages.map((stage) => stage.value), ...kernel.stores.map((store) => store.value)];
  const indices = [...indicesOf(exprs), ...kernel.stores.map((store) => store.index)];
  return {
    kernel,
    outer: mergeAxes(kernel.outer, 0, indices),
    inner: mergeAxes(kernel.inner, kernel.outer.length, indices),
    rows: volume(kernel.outer),
    length: volume(kernel.inner),
  };
}

/** True when the last axis of a side can be taken by fours. */
export function takesFours(side: Merged): boolean {
  return side.dims.length > 0 && side.dims.at(-1)! % 4 === 0;
}

/** Stages in passes: one that uses the result of another comes in a later pass. */
export function passesOf(kernel: ReduceKernel): readonly (readonly number[])[] {
  const passes: number[][] = [];
  kernel.stages.forEach((stage, position) => {
    const current = passes.at(-1);
    let uses = false;
    visitExpr([stage.value], (expr) => uses ||= expr.kind === "stage" && current?.includes(expr.stage) === true);
    if (current && !uses) current.push(position);
    else passes.push([position]);
  });
  return passes;
}

/**
 * Threads that a workgroup may have, a power of two: by the device's limits, and by its workgroup memory when each
 * thread leaves `bytes` there for every stage.
 */
export function mostThreads(kernel: ReduceKernel, bytes: number, target: Target): number {
  const room = target.workgroupBytes / (bytes * Math.max(1, kernel.stages.length));
  return 2 ** Math.floor(Math.log2(Math.min(256, target.invocations, Math.max(1, room))));
}
