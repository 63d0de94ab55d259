/**
 * The classes of a checkpoint and those of a task: same names, the same in another order, or others.
 *
 * @module
 */
import type { HostTensor } from "../../engine/mod.ts";

/** How the classes of a checkpoint become those of a task. */
export interface LabelMatch {
  /** Row of the checkpoint's classifier for each class of the task; absent where they are in the task's order. */
  readonly order?: readonly number[];
  /** Sentences for the log. */
  readonly notes: readonly string[];
}

/** Nothing to do, nothing to tell. */
export const unmatched: LabelMatch = { notes: [] };

const generic = /^label_?\d+$/i;

/**
 * Compares the classes of a trained classifier with those of a task. Checkpoints of one task differ in the order of their
 * classes (of MNLI there are three in use), and a classifier read in the wrong order is no better than chance.
 *
 * @param id2label Names of the checkpoint's classes by number; absent where it has none.
 * @param labels Names of the task's classes, as many as the classifier has.
 * @param name Name of the checkpoint, for notes.
 * @returns What to do. Classes without names, or with others than the task's, are taken in the task's order, and a note
 * says so.
 */
export function matchLabels(
  id2label: Readonly<Record<string, string>> | null | undefined,
  labels: readonly string[],
  name: string,
): LabelMatch {
  const given = Object.values(id2label ?? {}).length === labels.length
    ? labels.flatMap((_, i) => id2label![i] ?? [])
    : [];
  if (given.length !== labels.length || given.every((label) => generic.test(label))) {
    const plainNumbers = labels.every((label, i) => label === `${i}`);
    return plainNumbers ? unmatched : {
      notes: [`${name}: its classes have no names; they are taken for ${some(labels)}, in this order`],
    };
  }
  const plain = (label: string): string => label.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, "");
  const known = given.map(plain);
  const order = labels.map((label) => known.indexOf(plain(label)));
  if (order.every((row, i) => row === i)) return unmatched;
  if (new Set(order).size === labels.length && !order.includes(-1)) {
    return {
      order,
      notes: [`${name}: its classes are ${some(given)}; they are put in the task's order, ${some(labels)}`],
    };
  }
  return { notes: [`${name}: its classes ${some(given)} are taken for ${some(labels)}, in this order`] };
}

/** The first few of many names. */
function some(names: readonly string[]): string {
  const more = names.length > 6 ? `, and ${names.length - 6} more` : "";
  return names.slice(0, 6).join(", ") + more;
}

/** Parameters that are all new, as what checkpoints are fitted to. */
export function drawn(params: Readonly<Record<string, HostTensor>>): {
  readonly params: Readonly<Record<string, HostTensor>>;
  readonly fresh: readonly string[];
  readonly notes: readonly string[];
} {
  return { params, fresh: Object.keys(params), notes: [] };
}

/** Rows of a matrix or vector in another order. */
export function reorderRows(tensor: HostTensor, order: readonly number[]): HostTensor {
  const width = tensor.data.length / order.length;
  const data = tensor.data.slice();
  order.forEach((row, i) => data.set(tensor.data.subarray(row * width, (row + 1) * width) as never, i * width));
  return { ...tensor, data };
}

/** `num_labels`, `id2label` and `label2id` of a configuration. */
export function labelConfig(labels: readonly string[]): Readonly<Record<string, unknown>> {
  return {
    num_labels: labels.length,
    id2label: Object.fromEntries(labels.map((label, i) => [`${i}`, label])),
    label2id: Object.fromEntries(labels.map((label, i) => [label, i])),
  };
}
