/**
 * Row kernels whose loops all are vector loops: softmax and layer normalisation, forward and backward.
 *
 * As in `row.ts`, one loop per group of stages and one for the stores at every point; kept values lie in working space.
 *
 * @module
 */
import { strideAlong } from "../compile/index.ts";
import type { Expr, ReduceKernel } from "../compile/kernel.ts";
import { CELL_BYTES, MOST_CELLS } from "../wasm/vector.ts";
import { type Emitted, finish, shareOf } from "./code.ts";
import { closeLoops, emit, newContext, openLoops, startLoop, storeText } from "./expr.ts";
import { changesAlong, keptValues } from "./fold.ts";
import { rootFrame } from "./frame.ts";
import { axisToken } from "./position.ts";
import { reductionOf } from "./reduction.ts";
import {
  addressOf,
  canVectorize,
  emitVectorLoop,
  foldResult,
  type LoopBody,
  type Placed,
  vectorConstants,
  type Vectors,
} from "./vector.ts";

/** Code of a row kernel, where vector loops can express it. */
export function emitVectorRow(kernel: ReduceKernel): Emitted | undefined {
  const { outer, inner, stages, groups, outerStores, fullStores, loops } = reductionOf(kernel);
  if (inner.length !== 1 || stages.length > MOST_CELLS) return undefined;
  const { axis, size } = inner[0]!;
  const context = newContext((expr) => {
    const stage = expr.kind === "stage" ? expr.stage : 0;
    return { needs: new Set([`stage ${stage}`]), text: () => `s${stage}` };
  });
  const kept = keptValues(loops, changesAlong(context, new Set([axisToken(axis)])));
  const keptBytes = 64 * Math.ceil(size / 16);
  const keptAddress = (value: number): string => `cells + ${CELL_BYTES + keptBytes * value}`;
  const placedIn = (loop: number): Placed => (expr) => {
    const value = kept.values.indexOf(expr);
    return kept.reads[loop]!.includes(value) ? { address: keptAddress(value) } : undefined;
  };
  const possible = fullStores.every((store) => strideAlong(store.index, axis) === 1) &&
    loops.every((values, loop) => values.length === 0 || canVectorize(context, inner[0]!, values, placedIn(loop)));
  if (!possible) return undefined;

  const vectors: Vectors = { functions: [] };
  const root = rootFrame();
  root.lines.push("const cells = heap.scratch | 0;");
  const rows = openLoops(root, outer);
  const row = rows.at(-1)!;
  const span = { axis, from: "0", count: String(size) };
  const runLoop = (loop: number, folds: LoopBody["folds"], stores: LoopBody["stores"]): void => {
    startLoop(context, loops[loop]!);
    const writes = kept.writes[loop]!.map((value) => ({ address: keptAddress(value), value: kept.values[value]! }));
    emitVectorLoop(vectors, context, row, span, { folds, stores: [...writes, ...stores], placed: placedIn(loop) });
  };
  groups.forEach((group, loop) => {
    runLoop(loop, group.map((stage) => stages[stage]!), []);
    group.forEach((stage, fold) => {
      row.lines.push(`const s${stage} = ${foldResult(fold, stages[stage]!.dtype)};`);
      row.provides.add(`stage ${stage}`);
    });
  });
  const outerValues: readonly Expr[] = outerStores.map((store) => store.value);
  startLoop(context, outerValues);
  const results = outerValues.map((value) => emit(context, row, value));
  if (fullStores.length) {
    const stores = fullStores.map(({ arg, index, value }) => ({ address: addressOf(row, index, arg, span), value }));
    runLoop(groups.length, [], stores);
  }
  outerStores.forEach((store, index) => row.lines.push(storeText(row, store, results[index]!)));
  closeLoops(rows, outer, shareOf(root, outer[0]!.size));
  return finish(context, root, kernel.args.length, outer[0]!.size, {
    constants: vectorConstants(vectors),
    scratchBytes: CELL_BYTES + keptBytes * kept.values.length,
  });
}
