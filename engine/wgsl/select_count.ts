/**
 * The histogram of one digit, for `selectThreshold`.
 *
 * @module
 */
import type { OpaqueKernel } from "../compile/kernel.ts";
import { rawDispatch } from "./raw.ts";
import type { Dispatch, Target } from "./target.ts";

/** Values of one digit. */
export const DIGIT = 11;

/** Counters. */
export const BINS: number = 2 ** DIGIT;

/** Words of the state, after the counts. */
export const STATE: Readonly<Record<"done" | "key" | "remaining" | "position", number>> = {
  done: BINS,
  key: BINS + 1,
  remaining: BINS + 2,
  position: BINS + 3,
};

/** Threads of a counting workgroup, and groups of four keys that each counts: enough to outweigh 2048 counters. */
const COUNTING = { software: { threads: 64, each: 32 }, hardware: { threads: 256, each: 8 } } as const;

/** A digit of the key, or of the position among equal keys. */
export interface Digit {
  readonly of: "key" | "position";
  readonly shift: number;
  readonly bits: number;
  /** The last one of its kind. */
  readonly last: boolean;
}

/** A tensor with the position of its first key. */
export interface Part {
  readonly arg: number;
  readonly size: number;
  readonly offset: number;
}

/** Counts the values of a digit. */
export function countDigit(
  kernel: OpaqueKernel,
  digit: Digit,
  parts: readonly Part[],
  scratch: number,
  target: Target,
): Dispatch {
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
