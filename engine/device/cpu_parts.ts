/**
 * In how many parts a kernel runs, from an estimate of its work and never from a clock: the same program is cut the
 * same way on every run.
 *
 * @module
 */
import { costOf } from "../compile/cost.ts";
import type { Kernel } from "../compile/kernel.ts";
import type { Emitted } from "../js/code.ts";

/** Least work of a part: many times what handing it over costs. */
const PART_NANOSECONDS = 15000;
/** Parts for each thread where parts are free: those of a thread that lags are taken by others. */
const PARTS_PER_THREAD = 4;
/** Rough speeds of one thread: operations of contractions and of generated loops, and bytes, in a nanosecond. */
const CONTRACT_FLOPS = 25, LOOP_FLOPS = 2, BYTES = 16;

/** Estimated nanoseconds of a kernel on one thread. */
export function estimate(kernel: Kernel): number {
  const { flops, bytes } = costOf(kernel);
  const loops = kernel.kind !== "contract"
    ? flops
    : flops - 2 * kernel.k * kernel.batch.reduce((product, size) => product * size, kernel.m * kernel.n);
  return loops / LOOP_FLOPS + (flops - loops) / CONTRACT_FLOPS + bytes / BYTES;
}

/** Parts of a kernel for so many threads; 1 where sharing it does not pay. */
export function partsOf(kernel: Kernel, emitted: Emitted, threads: number): number {
  if (threads === 1) return 1;
  const each = Math.max(1, Math.min(PARTS_PER_THREAD, Math.floor(emitted.freeParts / threads)));
  const useful = each * threads;
  return Math.max(1, Math.min(useful, emitted.parts, Math.floor(estimate(kernel) / PART_NANOSECONDS)));
}
