/**
 * From the tensors of a BERT checkpoint, whichever class of Hugging Face or conversion wrote them, to the parameters of
 * one class.
 *
 * @module
 */
import type { HostTensor } from "../../engine/mod.ts";
import type { BertConfig } from "./config.ts";
import { drawBert } from "./init.ts";
import { type BertHead, bertPrefix, bertShapes } from "./names.ts";
import { checkParams, CheckpointError } from "../checkpoint.ts";

/** Parameters of a model, and how they came from a checkpoint. */
export interface BertParams {
  /** Exactly those of `bertShapes`: written as they are, they are a checkpoint of that class of Hugging Face. */
  readonly params: Record<string, HostTensor>;
  /** Names of parameters that are not the checkpoint's but drawn from the seed. */
  readonly fresh: readonly string[];
  /** The name in the checkpoint of each parameter that is renamed. */
  readonly renamed: Readonly<Record<string, string>>;
  /** Sentences for the log: what is new, left out or renamed. None for a checkpoint of this very class. */
  readonly notes: readonly string[];
}

/**
 * Takes the parameters of a model out of a checkpoint.
 *
 * Names become those of the class that `head` stands for: norms of the first checkpoints (`LayerNorm.gamma` and `beta`)
 * and the prefix `bert.` are seen to. Heads of pre-training (`cls.`), heads of other classes, a pooler that spans do not
 * use and stored positions (`position_ids`) are left out. A pooler or head that the checkpoint lacks is drawn from
 * the seed, and so is a classifier for another number of labels. Anything else that does not fit is an error.
 *
 * The tensors are the checkpoint's, not copies.
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
export async function bertParams(
  params: Readonly<Record<string, HostTensor>>,
  config: BertConfig,
  head: BertHead,
  label: string,
  seed = 0,
): Promise<BertParams> {
  const shapes = bertShapes(config, head);
  const { found, renamed, unused } = rename(params, shapes, head, label);
  const news = newParts(found, shapes, label, seed);
  const fresh = news.flatMap(({ names }) => names);
  const without = (record: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(record).filter(([name]) => !fresh.includes(name)));
  checkParams(without(found) as typeof found, without(shapes) as typeof shapes, label);

  const drawn = fresh.length === 0 ? {} : await drawBert(config, head, seed, (name) => fresh.includes(name));
  return {
    params: Object.fromEntries(Object.keys(shapes).map((name) => [name, drawn[name] ?? found[name]!])),
    fresh,
    renamed,
    notes: [...news.map(({ note }) => note), ...renamedNotes(renamed, label), ...unusedNotes(unused, label)],
  };
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
const known =
  /^(cls\.|classifier\.(weight|bias)$|qa_outputs\.(weight|bias)$)|^(bert\.)?(pooler\.dense\.(weight|bias)|embeddings\.(position_ids|token_type_ids))$/;

function rename(
  params: Readonly<Record<string, HostTensor>>,
  shapes: Readonly<Record<string, unknown>>,
  head: BertHead,
  label: string,
): { found: Record<string, HostTensor>; renamed: Record<string, string>; unused: string[] } {
  const found: Record<string, HostTensor> = {}, origin: Record<string, string> = {}, unused: string[] = [];
  for (const [name, tensor] of Object.entries(params)) {
    const here = canonical(name, head);
    if (!Object.hasOwn(shapes, here) && known.test(here)) {
      unused.push(name);
      continue;
    }
    if (Object.hasOwn(found, here)) {
      throw new CheckpointError(`${label}: ${origin[here]} and ${name} are the same parameter; take one of them out`);
    }
    found[here] = tensor;
    origin[here] = name;
  }
  const renamed = Object.fromEntries(Object.entries(origin).filter(([here, name]) => here !== name));
  return { found, renamed, unused };
}

interface NewPart {
  readonly names: readonly string[];
  readonly note: string;
}

/** The parts that must be drawn: pooler and heads that are not there at all, or a classifier for other labels. */
function newParts(
  found: Readonly<Record<string, HostTensor>>,
  shapes: Readonly<Record<string, readonly number[]>>,
  label: string,
  seed: number,
): NewPart[] {
  const weights = Object.keys(shapes).filter((name) =>
    /^((bert\.)?pooler\.dense|classifier|qa_outputs)\.weight$/.test(name)
  );
  return weights.flatMap((weightName): NewPart[] => {
    const part = weightName.slice(0, -".weight".length);
    const names = [weightName, `${part}.bias`];
    const [weight, bias] = names.map((name) => found[name]);
    const drawn = `${part} is new, drawn from seed ${seed}`;
    if (!weight && !bias) return [{ names, note: `${label}: ${drawn}: the checkpoint has none` }];
    const [labels, width] = shapes[weightName]!;
    const others = weight?.shape[0];
    const isOther = part === "classifier" && others !== labels && weight?.shape[1] === width &&
      weight?.shape.length === 2 && bias?.shape.length === 1 && bias.shape[0] === others;
    if (!isOther) return [];
    return [{
      names,
      note: `${label}: ${drawn}: the checkpoint's is for ${count(others!, "label")}, not for ${labels}`,
    }];
  });
}

function renamedNotes(renamed: Readonly<Record<string, string>>, label: string): string[] {
  const pairs = Object.entries(renamed);
  const old = pairs.filter(([, name]) => /\.LayerNorm\.(gamma|beta)$/.test(name)).length;
  const added = pairs.filter(([here, name]) => here.startsWith("bert.") && !name.startsWith("bert.")).length;
  const taken = pairs.filter(([here, name]) => !here.startsWith("bert.") && name.startsWith("bert.")).length;
  return [
    ...old ? [`${label}: gamma and beta of norms are called weight and bias now (${count(old, "name")})`] : [],
    ...added ? [`${label}: the prefix bert. is added (${count(added, "name")})`] : [],
    ...taken ? [`${label}: the prefix bert. is taken off (${count(taken, "name")})`] : [],
  ];
}

function unusedNotes(unused: readonly string[], label: string): string[] {
  if (unused.length === 0) return [];
  const more = unused.length > 3 ? `, and ${unused.length - 3} more` : "";
  return [
    `${label}: ${count(unused.length, "tensor")} left out, not used here: ${unused.slice(0, 3).join(", ")}${more}`,
  ];
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}
