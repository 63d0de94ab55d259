/**
 * `selectThreshold`: the k greatest of many tensors of u32 keys, exactly, with nothing read back.
 *
 * The result is a pair (T, L): exactly `min(k, N)` elements have `key > T || (key == T && position < L)`, a position being
 * the element's rank in the order of the tensors. Ties are kept in order of position, so runs repeat bit for bit.
 *
 * A radix selection in digits of 11, 11 and 10 bits: count how often each value of the digit occurs among the keys that
 * agree in the digits before, find the value at which the k-th greatest lies, go on with the next digit. If not all of
 * the keys equal to T are kept, the same is done with the digits of their positions, ascending; otherwise those
 * dispatches end at once. A great share of the keys may be equal (of pruned weights all are 0), so each thread counts its
 * zeros and the repetitions of its first digit in registers before it touches the shared histogram.
 *
 * Scratch: 2048 counts, then the state below.
 *
 * @module
 */
import type { OpaqueKernel } from "../compile/kernel.ts";
import { DeviceError } from "../device/backend.ts";
import { sizeOf } from "../graph/node.ts";
import { rawDispatch } from "./raw.ts";
import type { Dispatch, Target } from "./target.ts";

/** Values of one digit. */
const DIGIT = 11, BINS = 2 ** DIGIT;

/** Words of the state, after the counts. */
const STATE = { done: BINS, key: BINS + 1, remaining: BINS + 2, position: BINS + 3 } as const;

/** Threads of a counting workgroup, and groups of four keys that each counts: enough to outweigh 2048 counters. */
const COUNTING = { software: { threads: 64, each: 32 }, hardware: { threads: 256, each: 8 } } as const;

/** Tensors of one dispatch on a software device, which executes every branch of a choice between them. */
const SOFTWARE_TENSORS = 8;

/** A digit of the key, or of the position among equal keys. */
interface Digit {
  readonly of: "key" | "position";
  readonly shift: number;
  readonly bits: number;
  /** The last one of its kind. */
  readonly last: boolean;
}

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
      ...parts.map((part) => count(kernel, digit, part, scratch, target)),
      find(kernel, digit, result, scratch, total, target),
    ]),
  ];
}

/** A tensor with the position of its first key. */
interface Part {
  readonly arg: number;
  readonly size: number;
  readonly offset: number;
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

/** Counts the values of a digit. */
function count(kernel: OpaqueKernel, digit: Digit, parts: readonly Part[], scratch: number, target: Target): Dispatch {
  const { threads: workgroup, each } = target.software ? COUNTING.software : COUNTING.hardware;
  const unitsOf = (part: Part) => part.size % 4 === 0 ? part.size / 4 : part.size;
  const perGroup = workgroup * each;
  // Which tensor a workgroup reads is found once; only the load itself depends on it.
  let groups = 0;
  const places = parts.map((part, tensor) => {
    const first = groups, step = part.size % 4 === 0 ? 4 : 1;
    // Positions matter among equal keys only: without them equal tensors have equal texts.
    const offset = digit.of === "key" ? 0 : part.offset;
    groups += Math.ceil(unitsOf(part) / perGroup);
    const assign = `tensor = ${tensor}u; first = ${first}u; units = ${
      unitsOf(part)
    }u; step = ${step}u; offset = ${offset}u;`;
    return tensor === 0 ? `    ${assign}` : `    if (group >= ${first}u) { ${assign} }`;
  });
  const loads = parts.map((part, tensor) => {
    const keys = part.size % 4 === 0 ? `keys${tensor}[at]` : `vec4<u32>(keys${tensor}[at])`;
    // A loop of one turn or none: llvmpipe computes both sides of a branch, but leaves a loop at once.
    return parts.length === 1
      ? `        keys = ${keys};`
      : `        for (var turn = tensor; turn == ${tensor}u; turn = 0xffffffffu) { keys = ${keys}; }`;
  });
  return rawDispatch({
    label: `${kernel.label} count ${digit.of} ${digit.shift}`,
    workgroup,
    groups,
    bindings: [
      ...parts.map(({ arg, size }, tensor) => ({
        arg,
        name: `keys${tensor}`,
        type: size % 4 === 0 ? "vec4<u32>" : "u32",
      })),
      { arg: scratch, name: "scratch", type: "atomic<u32>", writes: true },
    ],
    globals: countFunction(digit),
    body: `  var tally: Tally;
  let running = atomicLoad(&scratch[${STATE.done}]) == 0u;
  tally.key = atomicLoad(&scratch[${STATE.key}]);
  tally.position = atomicLoad(&scratch[${STATE.position}]);
  tally.digit = 0xffffffffu;
  if (running) {
    var tensor: u32; var first: u32; var units: u32; var step: u32; var offset: u32;
${places.join("\n")}
    for (var i = 0u; i < ${each}u; i++) {
      let at = (group - first) * ${perGroup}u + i * ${workgroup}u + local;
      if (at < units) {
        var keys: vec4<u32>;
${loads.join("\n")}
        let position = offset + at * step;
        count(keys.x, position, &tally);
        if (step == 4u) {
          count(keys.y, position + 1u, &tally);
          count(keys.z, position + 2u, &tally);
          count(keys.w, position + 3u, &tally);
        }
      }
    }
    if (tally.zeros > 0u) { atomicAdd(&counts[0], tally.zeros); }
    if (tally.equals > 0u) { atomicAdd(&counts[tally.digit], tally.equals); }
  }
  workgroupBarrier();
  if (running) {
    for (var i = local; i < ${2 ** digit.bits}u; i += ${workgroup}u) {
      let n = atomicLoad(&counts[i]);
      if (n != 0u) { atomicAdd(&scratch[i], n); }
    }
  }`,
  }, target);
}

/** Shader function that counts one key. */
function countFunction({ of, shift, bits }: Digit): string {
  const above = shift + bits;
  const value = of === "key" ? "key" : "position";
  const prefix = above >= 32 ? "true" : `(${value} >> ${above}u) == ((*tally).${value} >> ${above}u)`;
  const matches = of === "key" ? prefix : `key == (*tally).key && ${prefix}`;
  return `var<workgroup> counts: array<atomic<u32>, ${2 ** bits}>;
struct Tally { key: u32, position: u32, digit: u32, zeros: u32, equals: u32 }
fn count(key: u32, position: u32, tally: ptr<function, Tally>) {
  if (!(${matches})) { return; }
  let digit = (${value} >> ${shift}u) & ${2 ** bits - 1}u;
  if (digit == 0u) { (*tally).zeros++; return; }
  if ((*tally).digit == 0xffffffffu) { (*tally).digit = digit; }
  if ((*tally).digit == digit) { (*tally).equals++; return; }
  atomicAdd(&counts[digit], 1u);
}`;
}

/** Finds the value of a digit at which the element asked for lies, and clears the counts. Keys descend, positions ascend. */
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
