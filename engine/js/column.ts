/**
 * Column kernels: the outer axes are the contiguous ones, so whole rows are added into a vector of accumulators (f64),
 * a block of columns at a time so that the vector stays in the first-level cache.
 *
 * What later loops need per column and is dear (the reciprocal of a finished sum) is computed once per block into a
 * vector of its own.
 *
 * @module
 */
import { childrenOf, type Expr, type ReduceKernel, visitExpr } from "../compile/kernel.ts";
import { type Emitted, finish, shareOf } from "./code.ts";
import { closeLoops, emit, emitStores, newContext, openLoops, startLoop } from "./expr.ts";
import { changesAlong, costOf, foldText, initialOf } from "./fold.ts";
import { closeFrame, define, type Frame, openFrame, rootFrame } from "./frame.ts";
import { axisName, axisToken } from "./position.ts";
import { emitVectorColumn } from "./column_vector.ts";
import { reductionOf } from "./reduction.ts";
import { emitRow } from "./row.ts";

/** Columns of a block. */
const BLOCK = 512;
/**
 * Fewer neighbouring columns than this are each folded in registers, as rows are: the meaning is the same. No part has
 * fewer, either: a cache line.
 */
const NARROW = 16;

/** Code of a column kernel, in vector loops where they can express it. */
export function emitColumn(kernel: ReduceKernel): Emitted {
  const { outer, inner, stages, groups, outerStores, fullStores, loops } = reductionOf(kernel);
  const column = outer.at(-1)!;
  if (column.size < NARROW) return emitRow({ ...kernel, kind: "row" });
  const inVectors = emitVectorColumn(kernel);
  if (inVectors) return inVectors;
  const name = axisName(column.axis);
  const slot = `${name} - from`;
  const context = newContext((expr) => {
    const stage = expr.kind === "stage" ? expr.stage : 0;
    const needs = new Set([`stage ${stage}`, ...outer.map((loop) => axisToken(loop.axis))]);
    return { needs, text: () => `s${stage}[${slot}]` };
  });
  const alongInner = changesAlong(context, new Set(inner.map((loop) => axisToken(loop.axis))));
  const alongColumn = changesAlong(context, new Set([axisToken(column.axis)]));
  const root = rootFrame();
  const above = openLoops(root, outer.slice(0, -1));
  const block = openFrame(above.at(-1) ?? root);
  const vectors: Expr[] = [];

  const eachColumn = (parent: Frame, body: (frame: Frame) => void): void => {
    const frame = openFrame(parent, [axisToken(column.axis)]);
    body(frame);
    closeFrame(frame, `for (let ${name} = from; ${name} < to; ${name}++)`);
  };
  const useVectors = (frame: Frame, roots: readonly Expr[]): void =>
    visitExpr(roots, (expr) => {
      const index = vectors.indexOf(expr);
      if (index >= 0) define(frame, expr, `kept${index}[${slot}]`);
    });
  const eachElement = (roots: readonly Expr[], body: (frame: Frame) => void): void => {
    const dear = perColumn(roots, alongInner, (expr) => alongColumn(expr) && costOf(expr, alongColumn) > 2)
      .filter((expr) => !vectors.includes(expr));
    if (dear.length) {
      startLoop(context, dear);
      eachColumn(block, (frame) => {
        useVectors(frame, dear);
        dear.forEach((expr, index) =>
          frame.lines.push(`kept${vectors.length + index}[${slot}] = ${emit(context, frame, expr)};`)
        );
      });
      vectors.push(...dear);
    }
    startLoop(context, roots);
    const frames = openLoops(block, inner);
    eachColumn(frames.at(-1)!, (frame) => {
      useVectors(frame, roots);
      body(frame);
    });
    closeLoops(frames, inner);
  };

  groups.forEach((group, loop) => {
    for (const stage of group) {
      const { fold, dtype } = stages[stage]!;
      block.lines.push(`s${stage}.fill(${initialOf(fold, dtype)}, 0, to - from);`);
    }
    eachElement(loops[loop]!, (frame) => {
      const values = group.map((stage) => emit(context, frame, stages[stage]!.value));
      group.forEach((stage, index) => {
        const { fold, dtype } = stages[stage]!;
        const sum = define(frame, `sum ${stage}`, `s${stage}[${slot}]`);
        frame.lines.push(`s${stage}[${slot}] = ${foldText(fold, dtype, sum, values[index]!)};`);
      });
    });
    for (const stage of group) block.provides.add(`stage ${stage}`);
  });
  if (fullStores.length) eachElement(loops.at(-1)!, (frame) => emitStores(context, frame, fullStores));
  if (outerStores.length) {
    const roots = outerStores.map((store) => store.value);
    startLoop(context, roots);
    eachColumn(block, (frame) => {
      useVectors(frame, roots);
      emitStores(context, frame, outerStores);
    });
  }
  const share = shareOf(root, outer[0]!.size);
  const [first, end] = above.length ? ["0", String(column.size)] : share;
  block.lines.unshift(`const to = Math.min(from + ${BLOCK}, ${end});`);
  closeFrame(block, `for (let from = ${first}; from < ${end}; from += ${BLOCK})`);
  closeLoops(above, outer, above.length ? share : undefined);
  const vector = (of: string): string => `const ${of} = new Float64Array(${Math.min(BLOCK, column.size)});`;
  const parts = above.length ? outer[0]!.size : Math.floor(column.size / NARROW);
  return finish(context, root, kernel.args.length, parts, {
    constants: [...stages.map((_, stage) => vector(`s${stage}`)), ...vectors.map((_, index) => vector(`kept${index}`))],
  });
}

/** Largest sub-expressions that are the same for all elements of a column and satisfy `dear`. */
function perColumn(
  roots: readonly Expr[],
  alongInner: (expr: Expr) => boolean,
  dear: (expr: Expr) => boolean,
): readonly Expr[] {
  const found = new Set<Expr>();
  const seen = new Set<Expr>();
  const walk = (expr: Expr): void => {
    if (seen.has(expr)) return;
    seen.add(expr);
    if (expr.kind === "scalar" && expr.dtype !== "bool" && !alongInner(expr)) {
      if (dear(expr)) found.add(expr);
      return;
    }
    // What only a branch needs stays in the branch.
    if (expr.kind !== "guard") childrenOf(expr).forEach(walk);
  };
  roots.forEach(walk);
  return [...found];
}
