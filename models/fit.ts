/**
 * From the tensors of a checkpoint, whichever class of Hugging Face or conversion wrote them, to the parameters of one
 * class: what BERT, ViT, DeiT and CLIP have in common.
 *
 * @module
 */
import type { HostTensor } from "../engine/mod.ts";
import { checkParams, CheckpointError } from "./checkpoint.ts";
import { interpolatePositions, patchesAlong } from "./vit/positions.ts";

/** Parameters of a model, and how they came from a checkpoint. */
export interface FittedParams {
  /** Exactly those of the class: written as they are, they are a checkpoint of that class of Hugging Face. */
  readonly params: Record<string, HostTensor>;
  /** Names of parameters that are not the checkpoint's but drawn from the seed. */
  readonly fresh: readonly string[];
  /** The name in the checkpoint of each parameter that is renamed. */
  readonly renamed: Readonly<Record<string, string>>;
  /** Sentences for the log: what is new, changed, left out or renamed. None for a checkpoint of this very class. */
  readonly notes: readonly string[];
}

/** What a class wants of a checkpoint. */
export interface Fit {
  /** Shapes of its parameters by name. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  /** The name here of a parameter of the checkpoint; foreign names stay as they are. */
  readonly rename: (name: string) => string;
  /** Names (as renamed) that checkpoints of other classes have, and this one does without. */
  readonly unused: RegExp;
  /** The table of positions in a picture, its rows before those of patches, and the sizes that are wanted. */
  readonly positions?: {
    readonly name: string;
    readonly special: number;
    readonly imageSize: number;
    readonly patchSize: number;
  };
  /** Linear layers that are drawn where the checkpoint has none, or one for another number of labels. */
  readonly heads: readonly string[];
  /** Linear layers that are drawn where the checkpoint has none, and must fit where it has one. */
  readonly parts?: readonly string[];
  /** Sentences about renamed parameters, by their names here; by default about the prefix that was added. */
  readonly renaming?: (renamed: Readonly<Record<string, string>>) => readonly string[];
  /** Draws parameters by name. */
  readonly draw: (wanted: (name: string) => boolean) => Promise<Record<string, HostTensor>>;
  /** Seed that is drawn from. */
  readonly seed: number;
  /** Name of the checkpoint, for errors and notes. */
  readonly label: string;
}

type HostTensors = Readonly<Record<string, HostTensor>>;

/**
 * Takes the parameters of a class out of a checkpoint's tensors, in the checkpoint's order, what is new at the end.
 *
 * @throws {CheckpointError} when parameters are missing, surplus, there twice, or of other shapes.
 */
export async function fitParams(tensors: Readonly<Record<string, HostTensor>>, fit: Fit): Promise<FittedParams> {
  const { heads, parts = [], renaming = prefixNotes } = fit;
  const { found, renamed, unused } = renameAll(tensors, fit);
  const stretching = stretchPositions(found, fit);
  const news = [...parts, ...heads].flatMap((layer) => newLayer(found, layer, fit));
  const fresh = news.flatMap(({ names }) => names);
  const isFresh = (name: string): boolean => fresh.includes(name);
  const without = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(record).filter(([name]) => !isFresh(name)));
  const kept = without(found);
  checkParams(kept, without(fit.shapes), fit.label);
  const drawn = fresh.length === 0 ? {} : await fit.draw(isFresh);
  return {
    params: { ...kept, ...drawn },
    fresh,
    renamed,
    notes: [
      ...news.map(({ note }) => note),
      ...stretching,
      ...renaming(renamed).map((note) => `${fit.label}: ${note}`),
      ...leftOut(unused, fit.label),
    ],
  };
}

function renameAll(tensors: HostTensors, { shapes, rename, unused: other, label }: Fit): {
  readonly found: Record<string, HostTensor>;
  readonly renamed: Record<string, string>;
  readonly unused: string[];
} {
  const found: Record<string, HostTensor> = {}, origin: Record<string, string> = {}, unused: string[] = [];
  for (const [name, tensor] of Object.entries(tensors)) {
    const here = rename(name);
    if (!Object.hasOwn(shapes, here) && other.test(here)) {
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

function prefixNotes(renamed: Readonly<Record<string, string>>): string[] {
  const names = Object.entries(renamed);
  if (names.length === 0) return [];
  const [here, name] = names[0]!;
  return [`the prefix ${here.slice(0, -name.length)} is added (${count(names.length, "name")})`];
}

/** Stretches the positions where that is all that keeps them from fitting; anything else is left to the check. */
function stretchPositions(found: Record<string, HostTensor>, { positions, shapes, label }: Fit): string[] {
  if (!positions) return [];
  const { name, special, imageSize, patchSize } = positions;
  if (imageSize % patchSize !== 0) {
    throw new CheckpointError(`${label}: image_size ${imageSize} is no multiple of patch_size ${patchSize}`);
  }
  const side = imageSize / patchSize;
  const table = found[name], shape = shapes[name]!;
  if (!table || table.dtype !== "f32" || table.shape.length !== shape.length) return [];
  const rows = shape.length - 2;
  const from = patchesAlong(table.shape[rows]!, special);
  const alike = table.shape.every((size, axis) => axis === rows || size === shape[axis]);
  if (!alike || from === undefined || from === side) return [];
  found[name] = interpolatePositions(table, special, side);
  return [`${label}: positions of ${from} x ${from} patches are stretched to ${side} x ${side} (bicubic)`];
}

interface NewPart {
  readonly names: readonly string[];
  readonly note: string;
}

function newLayer(found: HostTensors, layer: string, { shapes, heads, label, seed }: Fit): NewPart[] {
  const names = [`${layer}.weight`, `${layer}.bias`];
  const [weight, bias] = names.map((name) => found[name]);
  const drawn = `${layer} is new, drawn from seed ${seed}`;
  if (!weight && !bias) return [{ names, note: `${label}: ${drawn}: the checkpoint has none` }];
  const [labels, width] = shapes[names[0]!]!;
  const others = weight?.shape[0];
  const isOther = heads.includes(layer) && others !== labels && weight?.shape.length === 2 &&
    weight.shape[1] === width && bias?.shape.length === 1 && bias.shape[0] === others;
  if (!isOther) return [];
  return [{ names, note: `${label}: ${drawn}: the checkpoint's is for ${count(others!, "label")}, not for ${labels}` }];
}

function leftOut(unused: readonly string[], label: string): string[] {
  if (unused.length === 0) return [];
  const more = unused.length > 3 ? `, and ${unused.length - 3} more` : "";
  const names = unused.slice(0, 3).join(", ");
  return [`${label}: ${count(unused.length, "tensor")} left out, not used here: ${names}${more}`];
}

/** A number and what it counts. */
export function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}
