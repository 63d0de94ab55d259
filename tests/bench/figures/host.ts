/**
 * What the host does in a step: encoding and submitting, without waiting for the device.
 *
 * On the cpu device the host is the device, so there a tiny kernel's own work is part of the time.
 *
 * @module
 */
import { arraysOf } from "../data.ts";
import { prepareOurs } from "../ours/prepare.ts";
import type { OpenBench } from "../ours/task.ts";
import { type Row, rowOf } from "../result.ts";
import { summarize } from "../statistics.ts";
import type { Work } from "../work.ts";
import type { OwnFigure } from "./figure.ts";
import { onDevices, sampled } from "./on_devices.ts";
import { referenceEncoder } from "./raced_list.ts";

async function hostTime(name: string, bench: OpenBench, work: Work, budgetMs: number): Promise<readonly Row[]> {
  using task = await prepareOurs(bench.device, work, arraysOf(work));
  const once = async (): Promise<number> => {
    const start = performance.now();
    task.step();
    const passed = performance.now() - start;
    await bench.sync();
    return passed;
  };
  for (let i = 0; i < 3; i++) await once();
  const summary = summarize(await sampled(once, budgetMs));
  const counts = { ...task.counts, "us per dispatch": summary.median * 1000 / task.counts.dispatches! };
  return [rowOf(name, bench.kind, summary, undefined, { counts })];
}

const chain = "host-1000-dispatches", step = "host-encoder-step";

/** A program of a thousand kernels that do next to nothing. */
export const dispatchFigure: OwnFigure = onDevices(
  chain,
  "always",
  (bench) => hostTime(chain, bench, { kind: "chain", length: 1000 }, 2000),
  { alsoOnGpu: true },
);

/** The reference training step; on the cpu device this would be the step itself, so only webgpu is asked. */
export const hostStepFigure: OwnFigure = onDevices(step, "always", (bench) => {
  if (bench.kind === "cpu") return Promise.resolve([]);
  return hostTime(step, bench, { kind: "encoder-step", sizes: referenceEncoder, losses: 1 }, 4000);
}, { alsoOnGpu: true });
