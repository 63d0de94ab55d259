/**
 * argsort: radix sort of each row, eleven bits at a time, stable; short rows by insertion. A digit in which all keys of
 * the row agree is left out.
 *
 * @module
 */
import type { OpaqueKernel } from "../compile/kernel.ts";
import { sizeOf } from "../graph/node.ts";
import { type Emitted, finish, shareOf } from "./code.ts";
import { rootFrame } from "./frame.ts";

/** Code of `argsort(keys u32 [...rows, n]) -> u32 [...rows, n]`. Parts sort rows of their own. */
export function emitArgsort(kernel: OpaqueKernel): Emitted {
  const [keys] = kernel.inputs;
  const length = keys!.shape.at(-1)!;
  const root = rootFrame();
  const rows = length === 0 ? 0 : sizeOf(keys!) / length;
  const [from, to] = shareOf(root, rows);
  root.lines.push(
    `const work = ${length} > SHORT && ${from} < ${to} ? new Uint32Array(${3 * length}) : undefined;`,
    `for (let row = ${from}; row < ${to}; row++) {`,
    `  const source = (b0 + row * ${length}) | 0, target = (b1 + row * ${length}) | 0;`,
    `  if (work) radix(u32, source, target, ${length}, work);`,
    `  else insertion(u32, source, target, ${length});`,
    "}",
  );
  return finish({ helpers: new Map() }, root, kernel.args.length, Math.max(1, rows), { constants: SORTS.split("\n") });
}

/**
 * `radix` moves pairs between two places, so that an even number of passes ends where it began: keys in `work`,
 * positions in the result and in `work`.
 */
const SORTS = `const SHORT = 48, histogram = new Uint32Array(2048);
function insertion(u32, source, target, length) {
  for (let i = 0; i < length; i++) {
    const key = u32[(source + i) | 0];
    let j = i;
    for (; j > 0 && u32[(source + u32[(target + j - 1) | 0]) | 0] > key; j--) {
      u32[(target + j) | 0] = u32[(target + j - 1) | 0];
    }
    u32[(target + j) | 0] = i;
  }
}
function radix(u32, source, target, length, work) {
  const keys = [work.subarray(0, length), work.subarray(length, 2 * length)];
  const places = [u32.subarray(target, target + length), work.subarray(2 * length)];
  const first = keys[0], order = places[0];
  for (let i = 0; i < length; i++) {
    first[i] = u32[(source + i) | 0];
    order[i] = i;
  }
  let now = 0;
  for (let shift = 0; shift < 32; shift += 11) {
    histogram.fill(0);
    const key = keys[now], place = places[now], nextKey = keys[1 - now], nextPlace = places[1 - now];
    for (let i = 0; i < length; i++) histogram[(key[i] >>> shift) & 2047]++;
    if (histogram[(key[0] >>> shift) & 2047] === length) continue;
    for (let bin = 0, before = 0; bin < 2048; bin++) {
      const count = histogram[bin];
      histogram[bin] = before;
      before += count;
    }
    for (let i = 0; i < length; i++) {
      const at = histogram[(key[i] >>> shift) & 2047]++;
      nextKey[at] = key[i];
      nextPlace[at] = place[i];
    }
    now = 1 - now;
  }
  if (now) places[0].set(places[1]);
}`;
