/**
 * The dispatches of a selection that read keys: samples, candidates, counts of a digit, ties.
 *
 * @module
 */
import { SELECT_BINS } from "../graph/scratch.ts";
import { below } from "./bitonic.ts";
import { rawDispatch } from "./raw.ts";
import {
  AT,
  atomic,
  candidates,
  type Layout,
  NOW,
  onlyIn,
  type Part,
  partBindings,
  partFunctions,
  QUADS,
} from "./select_layout.ts";
import type { Dispatch, Target } from "./target.ts";

const threadsOf = (target: Target): number => target.software ? 64 : 256;
/** Workgroups of a dispatch that is seldom needed: each takes many chunks, so that ending at once costs little. */
const groupsOf = (target: Target): number => target.software ? 16 : 512;

const state = (layout: Layout, type = "atomic<u32>") => ({ arg: layout.state, name: "state", type, writes: true });

/** Draws samples: one key of each stretch of `total / 2048`, at a place that a hash of its number gives. */
export function sample(layout: Layout, part: Part, target: Target): Dispatch {
  const stretch = Math.floor(layout.total / SELECT_BINS);
  return rawDispatch({
    label: `${layout.label} sample`,
    workgroup: 64,
    groups: SELECT_BINS / 64,
    bindings: [...partBindings(layout, part), state(layout, "u32")],
    globals: partFunctions(part),
    body: `  let number = group * 64u + local;
  var hash = number * 747796405u + 2891336453u;
  hash = ((hash >> ((hash >> 28u) + 4u)) ^ hash) * 277803737u;
  hash = (hash >> 22u) ^ hash;
  let position = number * ${stretch}u + hash % ${stretch}u;
  for (var piece = 0u; piece < ${part.pieces.length}u; piece++) {
    let at = position - rows[piece].z;
    if (at < rows[piece].y) { state[${AT.samples}u + number] = quad(piece, at / 4u)[at % 4u]; }
  }`,
  }, target);
}

/**
 * Counts the keys above the bracket and those equal to its ends, and appends those inside, with their positions, to the
 * candidates: 16 keys a thread at a time; a workgroup claims room for all of its threads at once.
 */
export function collectCandidates(layout: Layout, part: Part, target: Target): Dispatch {
  const threads = threadsOf(target), room = layout.room, four = below(4);
  const sumOf = (flags: (key: string) => string): string =>
    four.map((i) => `bits(${flags(`key${i}`)}, live, ${4 * i}u)`).join(" | ");
  return rawDispatch({
    label: `${layout.label} candidates`,
    workgroup: threads,
    groups: part.chunks,
    bindings: [
      ...partBindings(layout, part),
      state(layout),
      candidates(layout, true),
    ],
    globals: `${NOW}
${partFunctions(part)}
var<workgroup> claimed: atomic<u32>;
var<workgroup> totals: array<atomic<u32>, 3>;
var<workgroup> start: u32;
fn bits(flags: vec4<bool>, live: u32, shift: u32) -> u32 {
  let ones = select(vec4<u32>(), vec4<u32>(1u, 2u, 4u, 8u), flags);
  return ((ones.x | ones.y | ones.z | ones.w) << shift) & live;
}
fn whole(size: u32, at: u32) -> u32 { return (1u << inside(size, at)) - 1u; }`,
    body: `${onlyIn("narrow", atomic)}
  let bottom = vec4<u32>(atomicLoad(&state[${AT.bottom}]));
  let top = vec4<u32>(atomicLoad(&state[${AT.top}]));
  let piece = pieceOf(group);
  let row = rows[piece];
  let first = (group - row.x) * ${QUADS}u + local;
  var above = 0u;
  var tops = 0u;
  var bottoms = 0u;
  for (var block = 0u; block < ${QUADS / threads / 4}u; block++) {
    let at = first + block * ${threads * 4}u;
    ${four.map((i) => `var key${i}: vec4<u32>;`).join(" ")}
    quads(piece, at, ${threads}u, ${four.map((i) => `&key${i}`).join(", ")});
    let live = ${four.map((i) => `(whole(row.y, at + ${i * threads}u) << ${4 * i}u)`).join(" | ")};
    above += countOneBits(${sumOf((key) => `${key} > top`)});
    tops += countOneBits(${sumOf((key) => `${key} == top`)});
    bottoms += countOneBits(${sumOf((key) => `${key} == bottom`)});
    var found = ${sumOf((key) => `(${key} > bottom) & (${key} < top)`)};
    let count = countOneBits(found);
    var place = 0u;
    if (count > 0u) { place = atomicAdd(&claimed, count); }
    workgroupBarrier();
    if (local == 0u) { start = atomicAdd(&state[${AT.found}], atomicExchange(&claimed, 0u)); }
    workgroupBarrier();
    place += start;
    while (found != 0u && place < ${room}u) {
      let bit = firstTrailingBit(found);
      found &= found - 1u;
      let some = select(select(key0, key1, (bit & 4u) != 0u), select(key2, key3, (bit & 4u) != 0u), (bit & 8u) != 0u);
      let half = select(some.xy, some.zw, (bit & 2u) != 0u);
      let key = select(half.x, half.y, (bit & 1u) != 0u);
      candidates[place] = vec2<u32>(key, row.z + 4u * (at + (bit >> 2u) * ${threads}u) + (bit & 3u));
      place++;
    }
  }
  if (above > 0u) { atomicAdd(&totals[0], above); }
  if (tops > 0u) { atomicAdd(&totals[1], tops); }
  if (bottoms > 0u) { atomicAdd(&totals[2], bottoms); }
  workgroupBarrier();
  if (local == 0u) {
    atomicAdd(&state[${AT.above}], atomicLoad(&totals[0]));
    atomicAdd(&state[${AT.tops}], atomicLoad(&totals[1]));
    atomicAdd(&state[${AT.bottoms}], atomicLoad(&totals[2]));
  }`,
  }, target);
}

/**
 * Shader function that counts one key of those at hand. Each thread counts its zeros and the repetitions of its first
 * digit in registers: of pruned weights a great share may be equal, and counters in memory take one thread at a time.
 */
export const COUNT_KEY: string = `var<workgroup> counts: array<atomic<u32>, ${SELECT_BINS}>;
struct Tally { low: u32, shift: u32, bins: u32, digit: u32, zeros: u32, equals: u32 }
fn count(key: u32, tally: ptr<function, Tally>) {
  let digit = (key - (*tally).low) >> (*tally).shift;
  let wanted = key >= (*tally).low && digit < (*tally).bins;
  if ((*tally).digit == 0xffffffffu && wanted && digit != 0u) { (*tally).digit = digit; }
  (*tally).zeros += select(0u, 1u, wanted && digit == 0u);
  (*tally).equals += select(0u, 1u, wanted && digit == (*tally).digit);
  if (wanted && digit != 0u && digit != (*tally).digit) { atomicAdd(&counts[digit], 1u); }
}
fn settle(tally: ptr<function, Tally>) {
  if ((*tally).zeros > 0u) { atomicAdd(&counts[0], (*tally).zeros); }
  if ((*tally).equals > 0u) { atomicAdd(&counts[(*tally).digit], (*tally).equals); }
}`;

/** Statement that starts a {@linkcode COUNT_KEY}. */
export const START_TALLY: string = `  var tally = Tally(atomicLoad(&state[${AT.low}]), ` +
  `atomicLoad(&state[${AT.shift}]), atomicLoad(&state[${AT.bins}]), 0xffffffffu, 0u, 0u);`;

/** Statements that add a workgroup's counts to those of all. */
export function addCounts(threads: number): string {
  return `  settle(&tally);
  workgroupBarrier();
  for (var i = local; i < ${SELECT_BINS}u; i += ${threads}u) {
    let n = atomicLoad(&counts[i]);
    if (n != 0u) { atomicAdd(&state[i], n); }
  }`;
}

/** Counts the values of a digit of all keys at hand. Keys beyond the end of a tensor do not count. */
export function countAll(layout: Layout, part: Part, target: Target): Dispatch {
  const threads = threadsOf(target), groups = groupsOf(target);
  const component = (i: number): string => `if (live > ${i}u) { count(key.${"xyzw"[i]}, &tally); }`;
  return rawDispatch({
    label: `${layout.label} count all`,
    workgroup: threads,
    groups,
    bindings: [...partBindings(layout, part), state(layout)],
    globals: `${NOW}\n${partFunctions(part)}\n${COUNT_KEY}`,
    body: `${onlyIn("whole", atomic)}
${START_TALLY}
  for (var chunk = group; chunk < rows[${part.pieces.length}].x; chunk += ${groups}u) {
    let piece = pieceOf(chunk);
    let row = rows[piece];
    let first = (chunk - row.x) * ${QUADS}u;
    for (var i = local; i < ${QUADS}u; i += ${threads}u) {
      let live = inside(row.y, first + i);
      if (live == 0u) { break; }
      let key = quad(piece, first + i);
      count(key.x, &tally);
      ${
      part.quads
        ? "count(key.y, &tally); count(key.z, &tally); count(key.w, &tally);"
        : below(4).slice(1).map(component).join(" ")
    }
    }
  }
${addCounts(threads)}`,
  }, target);
}

/** Counts the keys equal to the one at which to cut, chunk by chunk. */
export function countTies(layout: Layout, part: Part, target: Target): Dispatch {
  const threads = threadsOf(target), groups = groupsOf(target);
  return rawDispatch({
    label: `${layout.label} ties`,
    workgroup: threads,
    groups,
    bindings: [...partBindings(layout, part), state(layout)],
    globals: `${NOW}\n${partFunctions(part)}\n${COUNT_TIES}\nvar<workgroup> ties: atomic<u32>;`,
    body: `${onlyIn("ties", atomic)}
  let cut = atomicLoad(&state[${AT.low}]);
  for (var chunk = group; chunk < rows[${part.pieces.length}].x; chunk += ${groups}u) {
    let piece = pieceOf(chunk);
    let row = rows[piece];
    let first = (chunk - row.x) * ${QUADS}u;
    var n = 0u;
    for (var i = local; i < ${QUADS}u; i += ${threads}u) {
      n += equals(quad(piece, first + i), cut, inside(row.y, first + i));
    }
    if (n > 0u) { atomicAdd(&ties, n); }
    workgroupBarrier();
    if (local == 0u) { atomicStore(&state[${AT.ties}u + row.w + chunk - row.x], atomicExchange(&ties, 0u)); }
    workgroupBarrier();
  }`,
  }, target);
}

/** Finds the last tie to keep in its chunk, and writes the result. */
export function placeTie(layout: Layout, part: Part, target: Target): Dispatch {
  const threads = threadsOf(target), each = QUADS / threads;
  return rawDispatch({
    label: `${layout.label} last tie`,
    workgroup: threads,
    groups: 1,
    bindings: [
      ...partBindings(layout, part),
      state(layout),
      { arg: layout.result, name: "result", type: "u32", writes: true },
    ],
    globals: `${NOW}\n${partFunctions(part)}\n${COUNT_TIES}\nvar<workgroup> sums: array<u32, ${threads}>;`,
    body: `${onlyIn("ties", atomic)}
  let cut = atomicLoad(&state[${AT.low}]);
  let chunk = atomicLoad(&state[${AT.chunk}]);
  let rest = atomicLoad(&state[${AT.rest}]);
  for (var piece = 0u; piece < ${part.pieces.length}u; piece++) {
    let row = rows[piece];
    let first = (chunk - row.w) * ${QUADS}u + local * ${each}u;
    let here = chunk - row.w < (row.y + ${4 * QUADS - 1}u) / ${4 * QUADS}u;
    var n = 0u;
    if (here) {
      for (var i = 0u; i < ${each}u; i++) { n += equals(quad(piece, first + i), cut, inside(row.y, first + i)); }
    }
    sums[local] = n;
    workgroupBarrier();
    var before = 0u;
    for (var i = 0u; i < local; i++) { before += sums[i]; }
    if (here && before < rest && before + n >= rest) {
      for (var i = 0u; i < ${each}u; i++) {
        let key = quad(piece, first + i);
        let live = inside(row.y, first + i);
        for (var j = 0u; j < live; j++) {
          before += select(0u, 1u, key[j] == cut);
          if (before == rest && key[j] == cut) {
            result[0] = cut;
            result[1] = row.z + 4u * (first + i) + j + 1u;
          }
        }
      }
    }
    workgroupBarrier();
  }`,
  }, target);
}

const COUNT_TIES = `fn equals(key: vec4<u32>, cut: u32, live: u32) -> u32 {
  let there = vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(live);
  let same = select(vec4<u32>(), vec4<u32>(1u), (key == vec4<u32>(cut)) & there);
  return same.x + same.y + same.z + same.w;
}`;
