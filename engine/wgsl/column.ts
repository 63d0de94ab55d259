/**
 * Column kernels: reductions over leading axes. Threads run along the outer axes, which are the contiguous ones, by
 * fours where they divide; each walks the inner elements. Where there are too few outer elements to occupy the device,
 * several threads share the inner elements of each.
 *
 * @module
 */
import type { ReduceKernel } from "../compile/kernel.ts";
import { emitReduce } from "./reduce.ts";
import { mostThreads, reductionOf, takesFours } from "./reduction.ts";
import { type Dispatch, powerAbove, type Target } from "./target.ts";

/** Threads that keep a device busy. */
const BUSY = { software: 32, hardware: 16384 };

/** Emits a column kernel. */
export function emitColumn(kernel: ReduceKernel, target: Target): readonly Dispatch[] {
  const reduction = reductionOf(kernel);
  const wide = takesFours(reduction.outer) ? "outer" : "none";
  const columns = wide === "outer" ? reduction.rows / 4 : reduction.rows;
  const across = target.software ? 8 : 32;
  const busy = target.software ? BUSY.software : BUSY.hardware;
  const most = target.software ? 8 : Math.floor(mostThreads(kernel, 16, target) / across);
  // At least eight inner elements for each thread, or combining costs more than it saves.
  const sharing = Math.min(most, busy / columns, reduction.length / 8);
  const along = sharing < 2 ? 1 : 2 ** Math.floor(Math.log2(sharing));
  return emitReduce(reduction, { wide, across: Math.min(across, powerAbove(columns)), along }, target);
}
