/**
 * scatterAdd: rows of updates added to rows of the output by id, in ascending position: runs repeat bit for bit.
 *
 * A part owns a range of the elements of a row rather than of the positions: no two parts add to one element, and the
 * order of additions does not depend on their number.
 *
 * @module
 */
import type { OpaqueKernel } from "../compile/kernel.ts";
import { sizeOf } from "../graph/node.ts";
import { type Emitted, finish, shareOf } from "./code.ts";
import { viewOf } from "./expr.ts";
import { rootFrame } from "./frame.ts";

/** Fewest elements of a row that a part owns: a cache line. */
const SHARE = 16;

/** Code of `scatterAdd(ids [...N], updates [...N, ...rest]) -> [V, ...rest]`, params `{ rows: V }`. */
export function emitScatterAdd(kernel: OpaqueKernel): Emitted {
  const rows: number = kernel.params.rows;
  const [ids] = kernel.inputs;
  const output = kernel.outputs[0]!;
  const width = sizeOf({ shape: output.shape.slice(1) });
  const view = viewOf(output.dtype);
  const root = rootFrame();
  const [from, to] = shareOf(root, width);
  root.lines.push(
    // A loop: `fill` of each row took four times as long (30522 rows of 128, two threads: 14 ms, the loop 3.4).
    `for (let r = 0; r < ${rows}; r++) {`,
    `  const target = (b2 + r * ${width}) | 0;`,
    `  for (let j = ${from}; j < ${to}; j++) ${view}[(target + j) | 0] = 0;`,
    "}",
    `for (let p = 0; p < ${sizeOf(ids!)}; p++) {`,
    "  const id = u32[(b0 + p) | 0];",
    `  if (id >= ${rows}) continue;`,
    `  const source = (b1 + p * ${width}) | 0, target = (b2 + id * ${width}) | 0;`,
    `  for (let j = ${from}; j < ${to}; j++) ${view}[(target + j) | 0] += ${view}[(source + j) | 0];`,
    "}",
  );
  return finish({ helpers: new Map() }, root, kernel.args.length, Math.floor(width / SHARE));
}
