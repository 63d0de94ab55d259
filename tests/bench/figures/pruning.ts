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
import type { ViTWork } from "../work.ts";
import type { OwnFigure } from "./figure.ts";
import { onDevices } from "./on_devices.ts";
import { mnistViT } from "./raced_list.ts";

/** The pruning step of the ViT for digits. */
export const pruningFigure: OwnFigure = onDevices("vit-mnist-prune-step", "always", async (bench) => {
  const work: ViTWork = { kind: "vit-step", sizes: mnistViT, losses: 1 };
  const arrays = arraysOf(work);
  using prune = await vitTask(bench.device, work, arrays, "prune");
  using train = await vitTask(bench.device, work, arrays, "train");
  const ours = contenderOf(bench, prune), other = { ...contenderOf(bench, train), name: "our training step" };
  let failure: unknown;
  const timings = await race([ours, other], { budgetMs: 2500 }, (_, error) => failure = error);
  if (failure) throw new Error(reasonOf(failure));
  const peer = { name: other.name, summary: summarize(timings.get(other)!) };
  return [rowOf("vit-mnist-prune-step", bench.kind, summarize(timings.get(ours)!), peer, { counts: prune.counts })];
}, { alsoOnGpu: true });
