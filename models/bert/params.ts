/**
 * From the tensors of a BERT checkpoint, whichever class of Hugging Face or conversion wrote them, to the parameters of
 * one class.
 *
 * @module
 */
import type { HostTensor } from "../../engine/mod.ts";
import { count, fitParams, type FittedParams } from "../fit.ts";
import type { BertConfig } from "./config.ts";
import { drawBert } from "./init.ts";
import { type BertHead, bertPrefix } from "./head.ts";
import { bertShapes } from "./names.ts";

/**
 * Takes the parameters of a model out of a checkpoint.
 *
 * Names become those of the class that `head` stands for: norms of the first checkpoints (`LayerNorm.gamma` and `beta`)
 * and the prefix `bert.` are seen to. Heads of pre-training (`cls.`), heads of other classes, a pooler that spans do not
 * use and stored positions (`position_ids`) are left out. A pooler or head that the checkpoint lacks is drawn from
 * the seed, and so is a classifier for another number of labels. Anything else that does not fit is an error.
 *
 * The tensors are the checkpoint's, not copies, in the checkpoint's order.
 *
 * @param params The checkpoint's tensors.
 * @param config Its configuration, with the number of labels that is wanted.
 * @param head What follows the encoder.
 * @param label Name of the checkpoint, for errors and notes.
 * @param seed Seed of what is new, a whole number from 0 to 2^53 - 1. A new parameter is that of `initBert`.
 * @throws {CheckpointError} when parameters of the encoder are missing or have other shapes, or are there twice, or
 * there are some that no BERT has.
 * @throws {RangeError} for another seed.
 */
export function bertParams(
  params: Readonly<Record<string, HostTensor>>,
  config: BertConfig,
  head: BertHead,
  label: string,
  seed = 0,
): Promise<FittedParams> {
  const shapes = bertShapes(config, head);
  const layers = [`${bertPrefix(head)}pooler.dense`, "qa_outputs"];
  return fitParams(params, {
    shapes,
    rename: (name) => canonical(name, head),
    unused,
    renaming: renamedNotes,
    parts: layers.filter((layer) => Object.hasOwn(shapes, `${layer}.weight`)),
    heads: Object.hasOwn(shapes, "classifier.weight") ? ["classifier"] : [],
    draw: (wanted) => drawBert(config, head, seed, wanted),
    seed,
    label,
  });
}

/** The name that a parameter has in the class of `head`. Foreign names stay as they are. */
function canonical(name: string, head: BertHead): string {
  const modern = name.replace(/\.LayerNorm\.gamma$/, ".LayerNorm.weight").replace(
    /\.LayerNorm\.beta$/,
    ".LayerNorm.bias",
  );
  const [, part] = /^(?:bert\.)?((?:embeddings|encoder|pooler)\..*)$/.exec(modern) ?? [];
  return part === undefined ? modern : bertPrefix(head) + part;
}

/** What checkpoints of other classes have, and this one may not. */
const unused =
  /^(cls\.|classifier\.(weight|bias)$|qa_outputs\.(weight|bias)$)|^(bert\.)?(pooler\.dense\.(weight|bias)|embeddings\.(position_ids|token_type_ids))$/;

function renamedNotes(renamed: Readonly<Record<string, string>>): string[] {
  const pairs = Object.entries(renamed);
  const old = pairs.filter(([, name]) => /\.LayerNorm\.(gamma|beta)$/.test(name)).length;
  const added = pairs.filter(([here, name]) => here.startsWith("bert.") && !name.startsWith("bert.")).length;
  const taken = pairs.filter(([here, name]) => !here.startsWith("bert.") && name.startsWith("bert.")).length;
  return [
    ...old ? [`gamma and beta of norms are called weight and bias now (${count(old, "name")})`] : [],
    ...added ? [`the prefix bert. is added (${count(added, "name")})`] : [],
    ...taken ? [`the prefix bert. is taken off (${count(taken, "name")})`] : [],
  ];
}
