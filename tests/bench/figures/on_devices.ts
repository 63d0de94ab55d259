/**
 * Figures that are measured on each device alone, without a peer of their own.
 *
 * @module
 */
import type { OpenBench } from "../ours/task.ts";
import { failedRow, reasonOf, type Row } from "../result.ts";
import type { BenchContext, OwnFigure, When } from "./figure.ts";

/** A figure that asks each device in turn; what fails on one is reported and does not stop the others. */
export function onDevices(
  name: string,
  when: When,
  measure: (bench: OpenBench, context: BenchContext) => Promise<readonly Row[]>,
  options: { readonly alsoOnGpu?: boolean } = {},
): OwnFigure {
  return {
    kind: "own",
    name,
    when,
    ...options,
    async measure(context) {
      const rows: Row[] = [];
      for (const bench of context.devices) {
        try {
          rows.push(...await measure(bench, context));
        } catch (error) {
          rows.push(failedRow(name, bench.kind, reasonOf(error)));
        }
      }
      return rows;
    },
  };
}

/** Times `work` for about `budgetMs`, 3 times at least. */
export async function sampled(work: () => number | Promise<number>, budgetMs: number, most = 40): Promise<number[]> {
  const samples: number[] = [];
  const start = performance.now();
  while (samples.length < 3 || (samples.length < most && performance.now() - start < budgetMs)) {
    samples.push(await work());
  }
  return samples;
}
