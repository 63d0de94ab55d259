/**
 * `selectThreshold`: the k greatest of many tensors of u32 keys, exactly, with nothing read back.
 *
 * The result is a pair (T, L): exactly `min(k, N)` elements have `key > T || (key == T && position < L)`, a position
 * being the element's rank in the order of the tensors. Ties are kept in order of position, so runs repeat bit for bit.
 *
 * A radix selection in digits of 11, 11 and 10 bits: count how often each value of the digit occurs among the keys that
 * agree in the digits before, find the value at which the k-th greatest lies, go on with the next digit. If not all of
 * the keys equal to T are kept, the same is done with the digits of their positions, ascending; otherwise those
 * dispatches end at once. A great share of the keys may be equal (of pruned weights all are 0), so each thread counts
 * its zeros and the repetitions of its first digit in registers before it touches the shared histogram.
 *
 * Scratch: 2048 counts, then the state below.
 *
 * @module
 */
import type { OpaqueKernel } from "../compile/kernel.ts";
import { DeviceError } from "../device/backend.ts";
import { sizeOf } from "../graph/node.ts";
import { rawDispatch } from "./raw.ts";
import { BINS, countDigit, DIGIT, type Digit, type Part, STATE } from "./select_count.ts";
import type { Dispatch, Target } from "./target.ts";

/** Tensors of one dispatch on a software device, which executes every branch of a choice between them. */
const SOFTWARE_TENSORS = 8;

/** Emits `selectThreshold`: (keys..., k) to u32 [2]. */
export function emitSelectThreshold(kernel: OpaqueKernel, target: Target): readonly Dispatch[] {
  const tensors = kernel.inputs.length - 1;
  const sizes = kernel.inputs.slice(0, tensors).map(sizeOf);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total >= 2 ** 32) throw new DeviceError(`selectThreshold: ${total} keys; positions are u32, select in parts`);
  const result = tensors + 1, scratch = tensors + 2;

  const positionBits = Math.max(1, Math.ceil(Math.log2(Math.max(2, total))));
  const digits: Digit[] = [
    { of: "key", shift: 21, bits: 11, last: false },
    { of: "key", shift: 10, bits: 11, last: false },
    { of: "key", shift: 0, bits: 10, last: true },
  ];
  for (let shift = positionBits; shift > 0;) {
    const bits = Math.min(DIGIT, shift);
    shift -= bits;
    digits.push({ of: "position", shift, bits, last: shift === 0 });
  }

  const parts = tensorParts(sizes, Math.min(target.bindings - 1, target.software ? SOFTWARE_TENSORS : Infinity));
  return [
    start(kernel, tensors, result, scratch, total, target),
    ...digits.flatMap((digit) => [
      ...parts.map((part) => countDigit(kernel, digit, part, scratch, target)),
      find(kernel, digit, result, scratch, total, target),
    ]),
  ];
}

/** Tensors in groups of as many as one dispatch may bind. */
function tensorParts(sizes: readonly number[], most: number): readonly (readonly Part[])[] {
  const groups: Part[][] = [];
  let offset = 0;
  sizes.forEach((size, arg) => {
    if (size > 0) {
      if (groups.length === 0 || groups.at(-1)!.length === most) groups.push([]);
      groups.at(-1)!.push({ arg, size, offset });
    }
    offset += size;
  });
  return groups;
}

/** Clears the counts and sets the state; the cases of none and all are decided here. */
function start(
  kernel: OpaqueKernel,
  k: number,
  result: number,
  scratch: number,
  total: number,
  target: Target,
): Dispatch {
  return rawDispatch({
    label: `${kernel.label} start`,
    workgroup: 64,
    groups: 1,
    bindings: [
      { arg: k, name: "keep", type: "u32" },
      { arg: result, name: "result", type: "u32", writes: true },
      { arg: scratch, name: "scratch", type: "u32", writes: true },
    ],
    body: `  for (var i = local; i < ${BINS}u; i += 64u) { scratch[i] = 0u; }
  if (local == 0u) {
    let k = keep[0];
    scratch[${STATE.done}] = select(0u, 1u, k == 0u || k >= ${total}u);
    scratch[${STATE.key}] = 0u;
    scratch[${STATE.remaining}] = k;
    scratch[${STATE.position}] = 0u;
    if (k >= ${total}u) { result[0] = 0u; result[1] = ${total}u; }
    else if (k == 0u) { result[0] = 0xffffffffu; result[1] = 0u; }
  }`,
  }, target);
}

/** Finds the value of a digit where the k-th lies, and clears the counts. Keys descend, positions ascend. */
function find(
  kernel: OpaqueKernel,
  digit: Digit,
  result: number,
  scratch: number,
  total: number,
  target: Target,
): Dispatch {
  const threads = 64, chunk = 2 ** digit.bits >= threads ? 2 ** digit.bits / threads : 1;
  const bins = 2 ** digit.bits, key = digit.of === "key";
  const word = key ? STATE.key : STATE.position;
  const bin = (i: string) => key ? `${bins - 1}u - (${i})` : i;
  const decided = !digit.last ? "" : key
    ? `      if (n == remaining - before) {
        result[0] = value; result[1] = ${total}u; scratch[${STATE.done}] = 1u;
      }`
    : `      result[0] = scratch[${STATE.key}]; result[1] = value + 1u;`;
  return rawDispatch({
    label: `${kernel.label} find ${digit.of} ${digit.shift}`,
    workgroup: threads,
    groups: 1,
    bindings: [
      { arg: scratch, name: "scratch", type: "u32", writes: true },
      ...(digit.last ? [{ arg: result, name: "result", type: "u32", writes: true }] : []),
    ],
    globals: `var<workgroup> sums: array<u32, ${threads}>;`,
    body: `  let running = scratch[${STATE.done}] == 0u;
  let remaining = scratch[${STATE.remaining}];
  let prefix = scratch[${word}];
  let first = local * ${chunk}u;
  var sum = 0u;
  for (var i = first; i < min(first + ${chunk}u, ${bins}u); i++) { sum += scratch[${bin("i")}]; }
  sums[local] = sum;
  workgroupBarrier();
  var before = 0u;
  for (var i = 0u; i < local; i++) { before += sums[i]; }
  if (running && before < remaining && before + sum >= remaining) {
    for (var i = first; i < first + ${chunk}u; i++) {
      let n = scratch[${bin("i")}];
      if (before + n >= remaining) {
        let value = prefix | ((${bin("i")}) << ${digit.shift}u);
        scratch[${word}] = value;
        scratch[${STATE.remaining}] = remaining - before;
${decided}
        break;
      }
      before += n;
    }
  }
  workgroupBarrier();
  for (var i = first; i < min(first + ${chunk}u, ${bins}u); i++) { scratch[${bin("i")}] = 0u; }`,
  }, target);
}
