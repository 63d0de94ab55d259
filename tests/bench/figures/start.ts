/**
 * Starting: a fresh process up to its first step, and compiling again what a device has compiled before.
 *
 * @module
 */
import { arraysOf } from "../data.ts";
import { vitTask } from "../ours/vit.ts";
import { failedRow, reasonOf, rowOf } from "../result.ts";
import { summarize } from "../statistics.ts";
import type { OwnFigure } from "./figure.ts";
import { onDevices, sampled } from "./on_devices.ts";
import { childOutput } from "./process.ts";
import { mnistViT } from "./raced_list.ts";

const STARTS = 5;

/** A new process: import, data, model, compile, first pruning step of the default small job on the cpu device. */
export const coldStartFigure: OwnFigure = {
  kind: "own",
  name: "cold-start",
  when: "always",
  async measure() {
    try {
      const totals: number[] = [];
      const parts: Record<string, number[]> = {};
      for (let i = 0; i <= STARTS; i++) {
        const start = performance.now();
        const marks = await childOutput("cold_start.ts", []);
        const total = marks.done! - start - performance.timeOrigin;
        if (i === 0) continue; // the first one fills the operating system's and the runtime's own caches
        totals.push(total);
        let before = performance.timeOrigin + start;
        for (const [name, at] of Object.entries(marks)) {
          (parts[`ms ${name}`] ??= []).push(at - before);
          before = at;
        }
      }
      const counts = Object.fromEntries(Object.entries(parts).map(([name, list]) => [name, summarize(list).median]));
      return [rowOf("cold-start", "cpu", summarize(totals), undefined, { counts })];
    } catch (error) {
      return [failedRow("cold-start", "cpu", reasonOf(error))];
    }
  },
};

/** Tracing, fusing, planning and loading a training step whose kernels are compiled already. */
export const warmCompileFigure: OwnFigure = onDevices("warm-compile", "always", async (bench) => {
  const work = { kind: "vit-step", sizes: mnistViT, losses: 0 } as const;
  const arrays = arraysOf(work);
  const compile = async (): Promise<number> => {
    const start = performance.now();
    using _task = await vitTask(bench.device, work, arrays);
    return performance.now() - start;
  };
  const cold = await compile();
  const summary = summarize(await sampled(compile, 2000, 8));
  return [rowOf("warm-compile", bench.kind, summary, undefined, { counts: { "ms the first time": cold } })];
});
