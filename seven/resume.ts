/**
 * Going on with a run from a state that was read back: what is saved goes back to where it was.
 *
 * @module
 */
import { formatType, type HostTensor, leavesOf, mapTree } from "../engine/mod.ts";
import { OptionError } from "./schedule.ts";
import type { PruningState } from "./state.ts";

/** A state on the host: a tree, or a flat record by path as `state.readAll()` of a {@linkcode RunResult} gives it. */
export type SavedState = PruningState<HostTensor> | Readonly<Record<string, HostTensor>>;

/**
 * A saved state in the structure of the run that is to go on.
 *
 * @param initial what the run would begin with: it says which leaves there are, and of which types.
 * @param saved the leaves; those of the teacher may be left out, they are then taken from `initial`.
 * @throws {OptionError} when a leaf is missing, surplus or of another type, by its path.
 */
export function restoreState(initial: PruningState<HostTensor>, saved: SavedState): PruningState<HostTensor> {
  const leaves = new Map(leavesOf<HostTensor>(saved as never));
  const restored = mapTree(initial, (own: HostTensor, path: string) => {
    const leaf = leaves.get(path);
    leaves.delete(path);
    if (!leaf && path.startsWith("teacher/")) return own;
    if (!leaf) {
      throw new OptionError(`the saved state has no "${path}" (${formatType(own)}); it is of another model or method`);
    }
    if (formatType(leaf) !== formatType(own)) {
      throw new OptionError(
        `the saved state has "${path}" as ${formatType(leaf)}, the run as ${formatType(own)}; use that run's settings`,
      );
    }
    return leaf;
  });
  const [surplus] = leaves.keys();
  if (surplus !== undefined) {
    throw new OptionError(`the saved state has "${surplus}", which this run has not; it is of another model or method`);
  }
  return restored as PruningState<HostTensor>;
}
