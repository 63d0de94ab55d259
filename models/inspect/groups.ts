/**
 * Heads and neurons that are zero as a whole, found while tensors go by one by one.
 *
 * @module
 */
import type { HostTensor } from "../../engine/mod.ts";
import { CheckpointError } from "../config_file.ts";
import type { ZeroCount } from "./tensor.ts";
import type { GroupPart, GroupSet, NetworkGroups } from "../network.ts";

/** Groups of one kind in a layer: how many there are, how many are zero, and which. */
export interface GroupZeros extends ZeroCount {
  /** Numbers of those that are zero in all their matrices. Biases do not count: pruning leaves them. */
  readonly indices: readonly number[];
}

/** Sees tensors one by one. */
export interface GroupWatch {
  /** Takes note of a tensor; of one that is part of no group, of nothing. */
  see(name: string, tensor: HostTensor): void;
  /**
   * What was seen, by layer.
   *
   * @throws {CheckpointError} when a part of a group has not been seen.
   */
  results(): Record<keyof NetworkGroups, Record<string, GroupZeros>>;
}

/** Starts to look at the groups of a model. */
export function groupZeros(groups: NetworkGroups): GroupWatch {
  const parts = new Map<string, { readonly part: GroupPart; readonly used: Uint8Array }[]>();
  const missing = new Set<string>();
  const watch = (sets: Readonly<Record<string, GroupSet>>): [string, Uint8Array][] =>
    Object.entries(sets).map(([layer, { count, parts: of }]) => {
      const used = new Uint8Array(count);
      for (const part of of) {
        if (!parts.has(part.tensor)) parts.set(part.tensor, []);
        parts.get(part.tensor)!.push({ part, used });
        missing.add(part.tensor);
      }
      return [layer, used];
    });
  const watched = { head: watch(groups.head), neuron: watch(groups.neuron) };
  const zerosOf = (sets: [string, Uint8Array][]): Record<string, GroupZeros> =>
    Object.fromEntries(sets.map(([layer, used]) => {
      const indices = [...used.keys()].filter((i) => used[i] === 0);
      return [layer, { count: used.length, zero: indices.length, indices }];
    }));
  return {
    see(name, tensor) {
      for (const { part, used } of parts.get(name) ?? []) {
        missing.delete(name);
        const flags = usedIndices(tensor, part, used.length);
        flags.forEach((flag, group) => used[group]! |= flag);
      }
    },
    results() {
      const [first] = missing;
      if (first !== undefined) {
        throw new CheckpointError(`there is no ${first}, a part of the model's groups; inspect all of its parameters`);
      }
      return { head: zerosOf(watched.head), neuron: zerosOf(watched.neuron) };
    },
  };
}

/**
 * For each group, 1 where a part of a matrix holds anything but zeros (NaN counts), else 0.
 *
 * @throws {CheckpointError} when the matrix has fewer rows or columns than the groups take.
 */
export function usedIndices(tensor: HostTensor, part: GroupPart, count: number): Uint8Array {
  return groupsWith(tensor, part, count, (value) => value !== 0);
}

/**
 * For each group, 1 where an element of its part passes a test, else 0.
 *
 * @param tensor The matrix, or the vector of biases that goes with its rows.
 * @param part Which rows or columns are whose.
 * @param count Number of groups.
 * @param test Of an element.
 * @throws {CheckpointError} when the tensor has fewer rows or columns than the groups take.
 */
export function groupsWith(
  { shape, data }: HostTensor,
  part: GroupPart,
  count: number,
  test: (value: number) => boolean,
): Uint8Array {
  const { axis, size, start = 0, tensor } = part;
  const [rows, columns] = shape.length === 1 && axis === 0 ? [shape[0]!, 1] : shape as [number, number];
  if (shape.length > 2 || !(start + count * size <= [rows, columns][axis]!)) {
    const what = axis === 0 ? "rows" : "columns";
    throw new CheckpointError(
      `${tensor} is [${shape}], too small for ${count} groups of ${size} ${what} from ${start} on; give the model's own groups`,
    );
  }
  const found = new Uint8Array(count);
  for (let group = 0; group < count; group++) {
    const first = start + group * size;
    const [rowFrom, rowTo] = axis === 0 ? [first, first + size] : [0, rows];
    const [from, to] = axis === 0 ? [0, columns] : [first, first + size];
    search: for (let row = rowFrom; row < rowTo; row++) {
      for (let column = from; column < to; column++) {
        if (!test(data[row * columns + column]!)) continue;
        found[group] = 1;
        break search;
      }
    }
  }
  return found;
}
