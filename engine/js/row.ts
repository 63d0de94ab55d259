/**
 * Row kernels: for each row, one loop over its elements per group of stages, then one for the stores at every point.
 *
 * Sums are kept in f64. A value that several of these loops need and that is dear to compute (the exponentials of a
 * softmax) is written down in a row of f64 by the first and read by the others.
 *
 * @module
 */
import type { ReduceKernel } from "../compile/kernel.ts";
import { type Emitted, finish, shareOf } from "./code.ts";
import { closeLoops, emit, emitStores, type Loop, newContext, openLoops, startLoop, storeText } from "./expr.ts";
import { changesAlong, foldText, initialOf, keptValues } from "./fold.ts";
import { define, type Frame, rootFrame } from "./frame.ts";
import { axisName, axisToken } from "./position.ts";
import { emitVectorRow } from "./row_vector.ts";
import { reductionOf } from "./reduction.ts";

/** Code of a row kernel, in vector loops where they can express it. */
export function emitRow(kernel: ReduceKernel): Emitted {
  const vector = emitVectorRow(kernel);
  if (vector) return vector;
  const { outer, inner, stages, groups, outerStores, fullStores, loops } = reductionOf(kernel);
  const context = newContext((expr) => {
    const stage = expr.kind === "stage" ? expr.stage : 0;
    return { needs: new Set([`stage ${stage}`]), text: () => `s${stage}` };
  });
  const kept = keptValues(loops, changesAlong(context, new Set(inner.map((loop) => axisToken(loop.axis)))));
  const elements = inner.reduce((product, loop) => product * loop.size, 1);
  const element = rowPosition(inner);
  const root = rootFrame();
  const rows = openLoops(root, outer);
  const row = rows.at(-1)!;

  const runLoop = (loop: number, body: (frame: Frame) => void): void => {
    startLoop(context, loops[loop]!);
    const frames = openLoops(row, inner);
    const frame = frames.at(-1)!;
    for (const value of kept.reads[loop]!) define(frame, kept.values[value], `kept${value}[${element}]`);
    body(frame);
    for (const value of kept.writes[loop]!) {
      frame.lines.push(`kept${value}[${element}] = ${emit(context, frame, kept.values[value]!)};`);
    }
    closeLoops(frames, inner);
  };

  groups.forEach((group, loop) => {
    for (const stage of group) {
      const { fold, dtype } = stages[stage]!;
      row.lines.push(`let s${stage} = ${initialOf(fold, dtype)};`);
    }
    runLoop(loop, (frame) => {
      const values = group.map((stage) => emit(context, frame, stages[stage]!.value));
      group.forEach((stage, index) => {
        const { fold, dtype } = stages[stage]!;
        frame.lines.push(`s${stage} = ${foldText(fold, dtype, `s${stage}`, values[index]!)};`);
      });
    });
    for (const stage of group) row.provides.add(`stage ${stage}`);
  });
  startLoop(context, outerStores.map((store) => store.value));
  const results = outerStores.map((store) => emit(context, row, store.value));
  if (fullStores.length) runLoop(groups.length, (frame) => emitStores(context, frame, fullStores));
  outerStores.forEach((store, index) => row.lines.push(storeText(row, store, results[index]!)));
  closeLoops(rows, outer, shareOf(root, outer[0]!.size));
  return finish(context, root, kernel.args.length, outer[0]!.size, {
    constants: kept.values.map((_, value) => `const kept${value} = new Float64Array(${elements});`),
  });
}

/** Linear position within the row. */
function rowPosition(inner: readonly Loop[]): string {
  return inner.reduce(
    (text, loop) => text === "" ? axisName(loop.axis) : `(${text}) * ${loop.size} + ${axisName(loop.axis)}`,
    "",
  );
}
