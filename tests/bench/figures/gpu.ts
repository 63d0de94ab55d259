/**
 * What only a real GPU can show: training steps at the sizes of BERT-base and ViT-B, and how near each kernel comes to
 * what the device can do.
 *
 * @module
 */
import { costOf } from "../../../engine/compile/cost.ts";
import type { Device } from "../../../engine/mod.ts";
import { arraysOf } from "../data.ts";
import { encoderTask, type TrainingTask } from "../ours/encoder.ts";
import { vitTask } from "../ours/vit.ts";
import type { KernelShare, Row } from "../result.ts";
import { failedRow, reasonOf } from "../result.ts";
import type { EncoderSizes, EncoderWork, ViTSizes, ViTWork } from "../work.ts";
import type { BenchContext, OwnFigure } from "./figure.ts";
import { measurePeak, type Peak } from "./peak.ts";
import { measureRace } from "./raced.ts";
import { mnistViT, referenceEncoder } from "./raced_list.ts";

/** BERT-base, 32 rows of 128 tokens, a classifier over the first token. */
const bertBase: EncoderSizes = {
  layers: 12,
  width: 768,
  heads: 12,
  inner: 3072,
  tokens: 128,
  batch: 32,
  vocabulary: 30522,
  classes: 2,
  head: "first",
};

/** ViT-B/16 at 224 pixels, 32 images. */
export const vitBase: ViTSizes = {
  layers: 12,
  width: 768,
  heads: 12,
  headWidth: 64,
  inner: 3072,
  activation: "gelu",
  image: 224,
  patch: 16,
  channels: 3,
  classes: 1000,
  batch: 32,
  qkvBias: true,
  eps: 1e-12,
};

const SHOWN = 20;

/** Kernels of one profiled step by label, the longest first. */
export async function kernelShares({ compiled, batch }: TrainingTask, peak: Peak): Promise<KernelShare[] | undefined> {
  const { program } = compiled;
  await program.profile(compiled.state, batch as never);
  const times = await program.profile(compiled.state, batch as never);
  if (!times) return undefined;
  const byLabel = new Map<string, { count: number; ms: number; flops: number; bytes: number }>();
  times.forEach(({ label, milliseconds }, i) => {
    const cost = costOf(program.plan.kernels[i]!);
    const sum = byLabel.get(label) ?? { count: 0, ms: 0, flops: 0, bytes: 0 };
    byLabel.set(label, {
      count: sum.count + 1,
      ms: sum.ms + milliseconds,
      flops: sum.flops + cost.flops,
      bytes: sum.bytes + cost.bytes,
    });
  });
  return [...byLabel].sort(([, a], [, b]) => b.ms - a.ms).slice(0, SHOWN).map((
    [label, { count, ms, flops, bytes }],
  ) => ({
    label,
    count,
    ms,
    arithmetic: ms ? flops / (ms / 1000) / peak.flops : 0,
    bandwidth: ms ? bytes / (ms / 1000) / peak.bytes : 0,
  }));
}

let known: Promise<Peak> | undefined;

function gpuStep(
  name: string,
  workOf: (tiny: boolean) => EncoderWork | ViTWork,
  prepare: (device: Device, work: never, arrays: ReturnType<typeof arraysOf>) => Promise<TrainingTask>,
): OwnFigure {
  return {
    kind: "own",
    name,
    when: "gpu",
    async measure(context: BenchContext): Promise<readonly Row[]> {
      const bench = context.devices.find(({ kind }) => kind === "webgpu");
      if (!bench) return [failedRow(name, "webgpu", "no webgpu device was opened")];
      const work = workOf(context.tiny);
      const rows = await measureRace(
        { kind: "race", name, when: "gpu", work, peers: ["torch-cuda"], budgetMs: 8000, tolerance: 5e-3 },
        { ...context, devices: [bench] },
      );
      try {
        const peak = await (known ??= measurePeak(context.tiny));
        using task = await prepare(bench.device, { ...work, losses: 0 } as never, arraysOf(work));
        const cost = task.compiled.program.cost;
        const kernels = await kernelShares(task, peak);
        return rows.map((row, i) => {
          if (i > 0 || row.median_ms === null) return row;
          const seconds = row.median_ms / 1000;
          const counts = {
            ...row.counts,
            "peak TFLOP/s": peak.flops / 1e12,
            "peak GB/s": peak.bytes / 1e9,
            "TFLOP/s of the step": cost.flops / seconds / 1e12,
            "of peak": cost.flops / seconds / peak.flops,
          };
          return { ...row, counts, ...(kernels ? { kernels } : {}) };
        });
      } catch (error) {
        return [...rows, failedRow(name, "webgpu", `profile: ${reasonOf(error)}`)];
      }
    },
  };
}

const tinyEncoder: EncoderSizes = {
  ...referenceEncoder,
  width: 64,
  inner: 128,
  tokens: 16,
  batch: 2,
  head: "first",
  classes: 2,
};
const tinyViT: ViTSizes = { ...mnistViT, layers: 2, batch: 4, activation: "gelu", qkvBias: true };

/** Training steps of the two models. */
export const gpuFigures: readonly OwnFigure[] = [
  gpuStep(
    "bert-base-step",
    (tiny) => ({ kind: "encoder-step", sizes: tiny ? tinyEncoder : bertBase, losses: 3 }),
    encoderTask,
  ),
  gpuStep("vit-b-step", (tiny) => ({ kind: "vit-step", sizes: tiny ? tinyViT : vitBase, losses: 3 }), vitTask),
];
