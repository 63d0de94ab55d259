/**
 * Training and pruning steps of a ViT, as the package runs them.
 *
 * @module
 */
import {
  adamw,
  crossEntropy,
  type Device,
  type HostTensor,
  keyFromSeed,
  partition,
  sizeOf,
  type Tensor,
} from "../../../engine/mod.ts";
import { isViTPrunable, viT } from "../../../models/mod.ts";
import { pruningSteps, seven } from "../../../seven/mod.ts";
import { type Arrays, vitConfigOf } from "../data.ts";
import type { ViTWork } from "../work.ts";
import type { TrainingTask } from "./encoder.ts";
import { compileStep, countsOf } from "./task.ts";

type Images<T> = { readonly images: T; readonly labels: T };

/** How many pruning steps the schedule of the pruning figure has; every measured step is one of them. */
const PRUNING_STEPS = 10_000;

/**
 * Compiles a step over the pruning state, runs the first `losses` steps and keeps their losses as the check.
 *
 * @param turn "train" under full masks, or "prune": statistics, scores, an exact top-k mask and the update in one step.
 */
export async function vitTask(
  device: Device,
  { sizes, losses }: ViTWork,
  arrays: Arrays,
  turn: "train" | "prune" = "train",
): Promise<TrainingTask> {
  const config = vitConfigOf(sizes);
  const { images, labels, ...params } = arrays as Record<string, HostTensor>;
  const steps = pruningSteps<Images<Tensor>>({
    loss: (params, { images, labels }) => crossEntropy(viT(params, config, images), labels),
    prunable: isViTPrunable,
    optimizer: adamw(),
    criterion: seven(),
  });
  const types = {
    data: {
      images: { shape: images!.shape, dtype: "f32" } as const,
      labels: { shape: labels!.shape, dtype: "u32" } as const,
    },
    inputs: steps.inputTypes(params),
  };
  const compiled = await compileStep(device, steps[turn] as never, steps.init(params) as never, types as never);
  const prunable = Object.values(partition(params, isViTPrunable)[0]).reduce((sum, tensor) => sum + sizeOf(tensor), 0);
  let t = 0;
  const batch = () => {
    t++;
    const sparsity = Math.min(0.8, 0.8 * t / PRUNING_STEPS);
    const inputs = steps.inputs(params, {
      t,
      learningRate: 1e-3,
      key: keyFromSeed(t),
      progress: { update: t, sparsity, target: 0.8 },
    });
    return { data: { images: images!.data, labels: labels!.data }, inputs };
  };
  const check: number[] = [];
  for (let i = 0; i < losses; i++) {
    compiled.run(batch() as never);
    check.push(((await compiled.program.lastMetrics()).values as unknown as { loss: number }).loss);
  }
  return {
    compiled,
    batch: batch() as never,
    check,
    counts: { ...countsOf(compiled), "prunable weights": prunable },
    step: () => compiled.run(batch() as never),
    [Symbol.dispose]: () => compiled[Symbol.dispose](),
  };
}
