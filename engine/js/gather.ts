/**
 * gather: rows of a table by id, bits copied whatever their type; an id outside the table gives zeros.
 *
 * @module
 */
import type { OpaqueKernel } from "../compile/kernel.ts";
import { sizeOf } from "../graph/node.ts";
import { type Emitted, finish, shareOf } from "./code.ts";
import { rootFrame } from "./frame.ts";

/** Rows shorter than this are copied element by element. */
const SHORT = 24;

/** Code of `gather(table [V, ...rest], ids [...N]) -> [...N, ...rest]`. */
export function emitGather(kernel: OpaqueKernel): Emitted {
  const [table, ids] = kernel.inputs;
  const rows = table!.shape[0]!;
  const width = sizeOf({ shape: table!.shape.slice(1) });
  const root = rootFrame();
  const [from, to] = shareOf(root, sizeOf(ids!));
  root.lines.push(
    `for (let p = ${from}; p < ${to}; p++) {`,
    "  const id = u32[(b1 + p) | 0], target = (b2 + p * " + width + ") | 0;",
    `  if (id < ${rows}) {`,
    `    const row = (b0 + id * ${width}) | 0;`,
    width < SHORT
      ? `    for (let j = 0; j < ${width}; j++) u32[(target + j) | 0] = u32[(row + j) | 0];`
      : `    u32.copyWithin(target, row, row + ${width});`,
    `  } else u32.fill(0, target, target + ${width});`,
    "}",
  );
  return finish({ helpers: new Map() }, root, kernel.args.length, sizeOf(ids!));
}
