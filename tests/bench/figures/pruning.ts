/**
 * What pruning adds to a training step: the pruning step against the training step of the same model, in turns.
 *
 * @module
 */
import { arraysOf } from "../data.ts";
import { contenderOf } from "../ours/task.ts";
import { vitTask } from "../ours/vit.ts";
import { race } from "../race.ts";
import { reasonOf, rowOf } from "../result.ts";
import { summarize } from "../statistics.ts";
import type { ViTSizes, ViTWork } from "../work.ts";
import type { OwnFigure } from "./figure.ts";
import { onDevices } from "./on_devices.ts";
import { vitBase } from "./gpu.ts";
import { mnistViT } from "./raced_list.ts";

/** A figure of a ViT of these sizes. */
function pruningOf(name: string, when: OwnFigure["when"], sizesOn: (gpu: boolean) => ViTSizes): OwnFigure {
  return onDevices(name, when, async (bench, { gpu }) => {
    const work: ViTWork = { kind: "vit-step", sizes: sizesOn(gpu), losses: 1 };
    const arrays = arraysOf(work);
    using prune = await vitTask(bench.device, work, arrays, "prune");
    using train = await vitTask(bench.device, work, arrays, "train");
    const ours = contenderOf(bench, prune), other = { ...contenderOf(bench, train), name: "our training step" };
    let failure: unknown;
    const timings = await race([ours, other], { budgetMs: 2500 }, (_, error) => failure = error);
    if (failure) throw new Error(reasonOf(failure));
    const peer = { name: other.name, summary: summarize(timings.get(other)!) };
    return [rowOf(name, bench.kind, summarize(timings.get(ours)!), peer, { counts: prune.counts })];
  }, { alsoOnGpu: true });
}

/**
 * The pruning step of the ViT for digits, whose weights are few beside its tokens' work, and of layers as wide as those of
 * ViT-B and BERT-base, with new masks at every step: two of twelve layers on processors, where 14 million weights meet the
 * 6,304 tokens of 32 images, all of them on a GPU.
 */
export const pruningFigures: readonly OwnFigure[] = [
  pruningOf("vit-mnist-prune-step", "always", () => mnistViT),
  pruningOf("vit-b-prune-step", "named", (gpu) => gpu ? vitBase : { ...vitBase, layers: 2 }),
];
