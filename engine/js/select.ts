/**
 * selectThreshold: the k largest keys over several tensors, exactly, as a threshold and a position.
 *
 * Radix selection: a histogram of the highest 11 bits of all keys gives the bin in which the k-th largest lies, one of
 * the next 11 bits among the keys of that bin narrows it, one of the last 10 bits gives the key T itself and how many
 * of the keys equal to it belong to the selection; one more pass finds the position after the last of those.
 *
 * @module
 */
import type { OpaqueKernel } from "../compile/kernel.ts";
import { sizeOf } from "../graph/node.ts";
import { type Emitted, finish } from "./code.ts";
import { argumentName } from "./expr.ts";
import { rootFrame } from "./frame.ts";

/**
 * Code of `selectThreshold(keys..., k) -> u32[2] = [T, L]`: a key is selected when `key > T || (key === T && p < L)`, p
 * being its position counted through the tensors in order.
 */
export function emitSelectThreshold(kernel: OpaqueKernel): Emitted {
  const sizes = kernel.inputs.slice(0, -1).map(sizeOf);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const rank = argumentName(sizes.length), output = argumentName(sizes.length + 1);
  const tensors = sizes.map((size, arg) => `[${argumentName(arg)}, ${size}]`).join(", ");
  const root = rootFrame();
  root.lines.push(
    "if (part !== 0) return;",
    `const tensors = [${tensors}], wanted = u32[${rank}];`,
    `if (wanted === 0) { u32[${output}] = 0xffffffff; u32[${output} + 1] = 0; return; }`,
    `if (wanted >= ${total}) { u32[${output}] = 0; u32[${output} + 1] = ${total}; return; }`,
    "let rest = wanted, prefix = 0;",
    "for (let digit = 0; digit < 3; digit++) {",
    "  histogram.fill(0);",
    "  for (const [first, size] of tensors) passes[digit](u32, first, size, prefix);",
    "  let bin = digit === 2 ? 1023 : 2047;",
    "  while (histogram[bin] < rest) rest -= histogram[bin--];",
    "  prefix = digit === 0 ? bin : digit === 1 ? (prefix << 11) | bin : ((prefix << 10) | bin) >>> 0;",
    "}",
    "let position = 0;",
    "for (const [first, size] of tensors) {",
    "  const at = find(u32, first, size, prefix, rest);",
    "  if (at >= 0) {",
    `    u32[${output}] = prefix;`,
    `    u32[${output} + 1] = position + at + 1;`,
    "    return;",
    "  }",
    "  rest = -1 - at;",
    "  position += size;",
    "}",
  );
  return finish({ helpers: new Map() }, root, kernel.args.length, 1, { constants: COUNT.split("\n") });
}

/**
 * Adds the keys of one tensor that begin with `prefix` to the histogram of their next digit. Neighbouring keys often
 * share their first digit: they count in two histograms in turn, since a second increment of one counter has to wait
 * for the first.
 */
const COUNT = `const histogram = new Uint32Array(2048), other = new Uint32Array(2048);
function countFirst(u32, first, size) {
  const end = (first + size) | 0, paired = (end - (size & 1)) | 0;
  other.fill(0);
  for (let i = first; i < paired; i += 2) {
    histogram[u32[i] >>> 21]++;
    other[u32[i + 1] >>> 21]++;
  }
  if (paired < end) histogram[u32[paired] >>> 21]++;
  for (let bin = 0; bin < 2048; bin++) histogram[bin] += other[bin];
}
function countSecond(u32, first, size, prefix) {
  const end = (first + size) | 0;
  for (let i = first; i < end; i++) {
    const key = u32[i];
    if (key >>> 21 === prefix) histogram[(key >>> 10) & 2047]++;
  }
}
function countThird(u32, first, size, prefix) {
  const end = (first + size) | 0;
  for (let i = first; i < end; i++) {
    const key = u32[i];
    if (key >>> 10 === prefix) histogram[key & 1023]++;
  }
}
const passes = [countFirst, countSecond, countThird];
function find(u32, first, size, key, rest) {
  for (let i = 0; i < size; i++) if (u32[(first + i) | 0] === key && --rest === 0) return i;
  return -1 - rest;
}`;
