/**
 * Column kernels whose loops all are vector loops: gradients of biases, of normalisation, sums over a batch.
 *
 * As in `column.ts`, whole rows are added into accumulators, a block of columns at a time; these lie in working space, in
 * f64 where they are sums of f32, and later loops read them there.
 *
 * @module
 */
import { strideAlong } from "../compile/index.ts";
import type { ReduceKernel, Store } from "../compile/kernel.ts";
import { CELL_BYTES } from "../wasm/vector.ts";
import { isWide } from "../wasm/vector_folds.ts";
import { type Emitted, finish, shareOf } from "./code.ts";
import { closeLoops, newContext, openLoops, startLoop, viewOf } from "./expr.ts";
import { initialOf } from "./fold.ts";
import { closeFrame, type Frame, openFrame, rootFrame } from "./frame.ts";
import { axisToken } from "./position.ts";
import { reductionOf } from "./reduction.ts";
import {
  addressOf,
  canVectorize,
  emitVectorLoop,
  type LoopBody,
  type Placed,
  vectorConstants,
  type Vectors,
} from "./vector.ts";

/** Columns of a block, and fewest of a part: a cache line. */
const BLOCK = 512, LEAST_COLUMNS = 16;
/** Bytes of the accumulators of a stage. */
const STAGE_BYTES = 8 * BLOCK;

/** Code of a column kernel, where vector loops can express it. */
export function emitVectorColumn(kernel: ReduceKernel): Emitted | undefined {
  const { outer, inner, stages, groups, outerStores, fullStores, loops } = reductionOf(kernel);
  const column = outer.at(-1)!;
  const context = newContext((expr) => ({
    needs: new Set([`stage ${expr.kind === "stage" ? expr.stage : 0}`, ...outer.map((loop) => axisToken(loop.axis))]),
    text: () => {
      throw new TypeError("column kernel: a stage is no uniform");
    },
  }));
  const addressOfStage = (stage: number): string => `cells + ${CELL_BYTES + STAGE_BYTES * stage}`;
  const placed: Placed = (expr) => {
    if (expr.kind !== "stage") return undefined;
    const { fold, dtype } = stages[expr.stage]!;
    return { address: addressOfStage(expr.stage), wide: isWide(fold, dtype) };
  };
  const outerValues = outerStores.map((store) => store.value);
  const possible = [...outerStores, ...fullStores].every((store) => strideAlong(store.index, column.axis) === 1) &&
    [...loops, outerValues].every((values) => values.length === 0 || canVectorize(context, column, values, placed));
  if (!possible) return undefined;

  const vectors: Vectors = { functions: [] };
  const root = rootFrame();
  root.lines.push("const cells = heap.scratch | 0;");
  const above = openLoops(root, outer.slice(0, -1));
  const block = openFrame(above.at(-1) ?? root);
  const span = { axis: column.axis, from: "from", count: "to - from" };
  const eachRow = (loop: number, body: (frame: Frame) => Omit<LoopBody, "placed">): void => {
    startLoop(context, loops[loop]!);
    const frames = openLoops(block, inner);
    const frame = frames.at(-1)!;
    emitVectorLoop(vectors, context, frame, span, { ...body(frame), placed });
    closeLoops(frames, inner);
  };
  const storesOf = (stores: readonly Store[], frame: Frame): LoopBody["stores"] =>
    stores.map(({ arg, index, value }) => ({ address: addressOf(frame, index, arg, span), value }));

  groups.forEach((group, loop) => {
    for (const stage of group) {
      const { fold, dtype } = stages[stage]!;
      const words = isWide(fold, dtype) ? "2 * (to - from)" : "to - from";
      const start = `(${addressOfStage(stage)}) >>> 2`;
      block.lines.push(`${viewOf(dtype)}.fill(${initialOf(fold, dtype)}, ${start}, (${start}) + ${words});`);
    }
    const accumulations = group.map((stage) => ({ ...stages[stage]!, address: addressOfStage(stage) }));
    eachRow(loop, () => ({ folds: [], stores: [], accumulations }));
    for (const stage of group) block.provides.add(`stage ${stage}`);
  });
  if (fullStores.length) {
    eachRow(groups.length, (frame) => ({ folds: [], stores: storesOf(fullStores, frame) }));
  }
  if (outerStores.length) {
    startLoop(context, outerValues);
    emitVectorLoop(vectors, context, block, span, { folds: [], stores: storesOf(outerStores, block), placed });
  }
  const share = shareOf(root, outer[0]!.size);
  const [first, end] = above.length ? ["0", String(column.size)] : share;
  block.lines.unshift(`const to = Math.min(from + ${BLOCK}, ${end});`);
  closeFrame(block, `for (let from = ${first}; from < ${end}; from += ${BLOCK})`);
  closeLoops(above, outer, above.length ? share : undefined);
  const parts = above.length ? outer[0]!.size : Math.floor(column.size / LEAST_COLUMNS);
  return finish(context, root, kernel.args.length, parts, {
    constants: vectorConstants(vectors),
    scratchBytes: CELL_BYTES + STAGE_BYTES * stages.length,
  });
}
