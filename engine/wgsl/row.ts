/**
 * Row kernels: reductions along axes that lie next to each other in memory.
 *
 * Short rows take one thread each. Longer ones take a workgroup each: eight threads on a software device, where
 * barriers are what costs; on hardware as many as leave each thread a few elements.
 *
 * @module
 */
import type { ReduceKernel } from "../compile/kernel.ts";
import { emitReduce } from "./reduce.ts";
import { type Layout, mostThreads, reductionOf, takesFours } from "./reduction.ts";
import { type Dispatch, powerAbove, type Target } from "./target.ts";

/** Rows of at most this many elements take one thread each. */
const SHORT = 32;

/** Emits a row kernel. */
export function emitRow(kernel: ReduceKernel, target: Target): readonly Dispatch[] {
  const reduction = reductionOf(kernel);
  const wide = takesFours(reduction.inner) ? "inner" : "none";
  const units = wide === "inner" ? reduction.length / 4 : reduction.length;
  let layout: Layout;
  if (reduction.length <= SHORT) layout = { wide, across: reduction.rows < 64 * 8 ? 8 : 64, along: 1 };
  else {
    const threads = target.software ? 8 : Math.min(mostThreads(kernel, 4, target), Math.max(32, powerAbove(units / 4)));
    layout = { wide, across: 1, along: Math.min(threads, powerAbove(units / 2)) };
  }
  return emitReduce(reduction, layout, target);
}
