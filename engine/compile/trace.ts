/**
 * Tracing: runs a step function once on input nodes and keeps the graph that it built.
 *
 * @module
 */
import { formatType, ShapeError, type Tensor, type Type, withTable } from "../graph/node.ts";
import { inputTensor } from "../graph/input.ts";
import { collectTaps } from "../graph/taps.ts";
import { leavesOf, mapTree, type Tree } from "../tree.ts";

/** A leaf of a traced function's arguments or results. */
export interface Leaf {
  /** Where it stands in its tree. */
  readonly path: string;
  /** Its node. */
  readonly tensor: Tensor;
}

/** The graph of one step. */
export interface Traced {
  /** State leaves as they come in. */
  readonly state: readonly Leaf[];
  /** Batch leaves. */
  readonly batch: readonly Leaf[];
  /** State leaves as they go out, at the same paths as {@linkcode state} and in that order. */
  readonly nextState: readonly Leaf[];
  /** Metrics, taps included. */
  readonly metrics: readonly Leaf[];
  /** Metrics as the step returned them, to rebuild their tree. */
  readonly metricsTree: Tree<Tensor>;
}

/** A step's function over trees of tensors. */
export type Step<S, B, M> = (state: S, batch: B) => { readonly state: S; readonly metrics: M };

/**
 * Traces `step` on arguments of the given types.
 *
 * @throws {ShapeError} when the new state differs from the old one in structure or types.
 */
export function trace<S, B, M>(
  step: Step<S, B, M>,
  types: { readonly state: Tree<Type>; readonly batch: Tree<Type> },
): Traced {
  return withTable(() => {
    let index = 0;
    const toInput = ({ shape, dtype }: Type) => inputTensor(shape, dtype, index++);
    const state = mapTree(types.state as unknown, toInput) as Tree<Tensor>;
    const batch = mapTree(types.batch as unknown, toInput) as Tree<Tensor>;
    const { result, taps } = collectTaps(() => step(state as S, batch as B));
    const leaves = (tree: unknown): Leaf[] =>
      leavesOf<Tensor>(tree as Tree<Tensor>).map(([path, tensor]) => ({ path, tensor }));
    const before = leaves(state);
    const after = new Map(leavesOf<Tensor>(result.state as Tree<Tensor>));
    const nextState = before.map(({ path, tensor }) => {
      const next = after.get(path);
      after.delete(path);
      if (!next) throw new ShapeError(`step: the new state has no "${path}"; return a state of the same structure`);
      if (formatType(next) !== formatType(tensor)) {
        throw new ShapeError(
          `step: state "${path}" goes in as ${formatType(tensor)} and comes out as ${formatType(next)}; keep its type`,
        );
      }
      return { path, tensor: next };
    });
    const [surplus] = after.keys();
    if (surplus !== undefined) {
      throw new ShapeError(
        `step: the new state has "${surplus}", which the old one has not; add it to the initial state`,
      );
    }
    const tapped = [...taps].map(([label, tensor]) => ({ path: `taps/${label}`, tensor }));
    return {
      state: before,
      batch: leaves(batch),
      nextState,
      metrics: [...leaves(result.metrics), ...tapped],
      metricsTree: result.metrics as unknown as Tree<Tensor>,
    };
  });
}
