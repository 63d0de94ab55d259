/**
 * The dispatches of a selection that do not read keys: its start, the bracket from the samples, the search for the
 * digit at which to cut, and the last pairs.
 *
 * @module
 */
import { SELECT_BINS } from "../graph/scratch.ts";
import { sortTile, TILE, TILE_BITS, tileGlobals, WIDTH } from "./bitonic.ts";
import { rawDispatch } from "./raw.ts";
import { addCounts, COUNT_KEY, START_TALLY } from "./select_keys.ts";
import { AT, atomic, candidates, type Layout, MODE, NOW, onlyIn, plain } from "./select_layout.ts";
import type { Dispatch, Target } from "./target.ts";

/** Standard deviations of a sampled rank that the bracket reaches to either side, and samples on top. */
const DEVIATIONS = 4, SPARE = 6;

const state = (layout: Layout, type = "u32") => ({ arg: layout.state, name: "state", type, writes: true });
const result = (layout: Layout) => ({ arg: layout.result, name: "result", type: "u32", writes: true });

/** Clears the counts and sets the state; the cases of none and all are decided here. Few keys are all candidates. */
export function start(layout: Layout, target: Target): Dispatch {
  return rawDispatch({
    label: `${layout.label} start`,
    workgroup: 64,
    groups: 1,
    bindings: [{ arg: layout.k, name: "keep", type: "u32" }, result(layout), state(layout)],
    body: `  for (var i = local; i < ${AT.samples}u; i += 64u) { state[i] = 0u; }
  storageBarrier();
  if (local == 0u) {
    let k = keep[0];
    state[${AT.remaining}] = k;
    state[${AT.top}] = 0xffffffffu;
    if (k == 0u) { state[${AT.mode}] = ${MODE.done}u; result[0] = 0xffffffffu; result[1] = 0u; }
    if (k >= ${layout.total}u) { state[${AT.mode}] = ${MODE.done}u; result[0] = 0u; result[1] = ${layout.total}u; }
  }`,
  }, target);
}

/**
 * Sorts the samples and takes two of them, one to either side of where the k-th key is expected, as a bracket. Its ends
 * are counted apart from what lies between them: a value that very many keys share then does not flood the candidates,
 * be it the one at which to cut or its neighbour. Where the samples end, so do the keys.
 */
export function bracket(layout: Layout, target: Target): Dispatch {
  return rawDispatch({
    label: `${layout.label} bracket`,
    workgroup: TILE / WIDTH,
    groups: 1,
    bindings: [state(layout)],
    globals: `${NOW}\n${tileGlobals(TILE_BITS)}`,
    body: `${onlyIn("narrow", plain)}
  for (var i = local; i < ${TILE}u; i += ${TILE / WIDTH}u) { tile[i] = vec2<u32>(~state[${AT.samples}u + i], i); }
${sortTile(TILE_BITS)}
  if (local == 0u) {
    let share = f32(state[${AT.remaining}]) / ${layout.total}.0;
    let expected = share * ${TILE}.0;
    let margin = ${DEVIATIONS}.0 * sqrt(expected * max(1.0 - share, 0.0)) + ${SPARE}.0;
    let last = u32(expected + margin);
    if (last < ${TILE}u) { state[${AT.bottom}] = ~tile[last].x; }
    if (expected > margin) { state[${AT.top}] = ~tile[u32(expected - margin)].x; }
  }`,
  }, target);
}

/**
 * Goes on with the candidates if the k-th key is among them and all of them were stored; with its ties if it is an end
 * of the bracket; else with all keys.
 */
export function judge(layout: Layout, target: Target): Dispatch {
  const ties = (key: number, before: string): string =>
    `state[${AT.mode}] = ${MODE.ties}u; state[${AT.low}] = state[${key}]; state[${AT.remaining}] = k - ${before};`;
  return rawDispatch({
    label: `${layout.label} judge`,
    workgroup: 1,
    groups: 1,
    bindings: [state(layout)],
    body: `  if (state[${AT.mode}] != ${MODE.narrow}u || local != 0u) { return; }
  let k = state[${AT.remaining}];
  let above = state[${AT.above}];
  let found = state[${AT.found}];
  let atTop = above + state[${AT.tops}];
  let between = atTop + found;
  let bottom = state[${AT.bottom}];
  state[${AT.bins}] = ${SELECT_BINS}u;
  if (k > above && k <= atTop) {
    ${ties(AT.top, "above")}
  } else if (k > atTop && k <= between && found <= ${layout.room}u) {
    state[${AT.low}] = bottom;
    state[${AT.remaining}] = k - atTop;
    state[${AT.shift}] = max(32u - countLeadingZeros(state[${AT.top}] - bottom), 11u) - 11u;
    if (found <= ${TILE}u) { state[${AT.mode}] = ${MODE.tile}u; }
  } else if (k > between && k <= between + state[${AT.bottoms}]) {
    ${ties(AT.bottom, "between")}
  } else {
    state[${AT.mode}] = ${MODE.whole}u;
    state[${AT.shift}] = 21u;
  }`,
  }, target);
}

/** Counts the values of a digit of the candidates at hand. */
export function countCandidates(layout: Layout, target: Target): Dispatch {
  const threads = target.software ? 64 : 256, groups = target.software ? 16 : 128;
  return rawDispatch({
    label: `${layout.label} count`,
    workgroup: threads,
    groups,
    bindings: [candidates(layout), state(layout, "atomic<u32>")],
    globals: `${NOW}\n${COUNT_KEY}`,
    body: `${onlyIn("narrow", atomic)}
${START_TALLY}
  let found = atomicLoad(&state[${AT.found}]);
  for (var i = group * ${threads}u + local; i < found; i += ${threads * groups}u) { count(candidates[i].x, &tally); }
${addCounts(threads)}`,
  }, target);
}

/** Finds the value of the digit at which the k-th key lies, from the greatest down, and what to do next. */
export function find(layout: Layout, target: Target): Dispatch {
  const threads = 64, chunk = SELECT_BINS / threads;
  const bin = (i: string): string => `${SELECT_BINS - 1}u - (${i})`;
  return rawDispatch({
    label: `${layout.label} find`,
    workgroup: threads,
    groups: 1,
    bindings: [state(layout), result(layout)],
    globals: `${NOW}\nvar<workgroup> sums: array<u32, ${threads}>;`,
    body: `  if (local == 0u) { now = state[${AT.mode}]; }
  let mode = workgroupUniformLoad(&now);
  if (mode != ${MODE.narrow}u && mode != ${MODE.whole}u) { return; }
  let remaining = state[${AT.remaining}];
  let shift = state[${AT.shift}];
  let first = local * ${chunk}u;
  var sum = 0u;
  for (var i = first; i < first + ${chunk}u; i++) { sum += state[${bin("i")}]; }
  sums[local] = sum;
  workgroupBarrier();
  var before = 0u;
  for (var i = 0u; i < local; i++) { before += sums[i]; }
  if (before < remaining && before + sum >= remaining) {
    var i = first;
    while (before + state[${bin("i")}] < remaining) { before += state[${bin("i")}]; i++; }
    let n = state[${bin("i")}];
    let low = state[${AT.low}] + ((${bin("i")}) << shift);
    state[${AT.low}] = low;
    state[${AT.remaining}] = remaining - before;
    if (mode == ${MODE.narrow}u && n <= ${TILE}u) {
      state[${AT.mode}] = ${MODE.tile}u;
      state[${AT.bins}] = 1u;
    } else if (shift > 0u) {
      state[${AT.bins}] = 1u << min(shift, 11u);
      state[${AT.shift}] = max(shift, 11u) - 11u;
    } else if (n == remaining - before) {
      result[0] = low;
      result[1] = ${layout.total}u;
      state[${AT.mode}] = ${MODE.done}u;
    } else {
      state[${AT.mode}] = ${MODE.ties}u;
    }
  }
  storageBarrier();
  for (var i = first; i < first + ${chunk}u; i++) { state[${bin("i")}] = 0u; }`,
  }, target);
}

/** Gathers the pairs at hand for the last step. */
export function collectLast(layout: Layout, target: Target): Dispatch {
  const threads = target.software ? 64 : 256, groups = target.software ? 16 : 128;
  return rawDispatch({
    label: `${layout.label} last`,
    workgroup: threads,
    groups,
    bindings: [candidates(layout), state(layout, "atomic<u32>")],
    globals: NOW,
    body: `${onlyIn("tile", atomic)}
  let low = atomicLoad(&state[${AT.low}]);
  let shift = atomicLoad(&state[${AT.shift}]);
  let bins = atomicLoad(&state[${AT.bins}]);
  let found = atomicLoad(&state[${AT.found}]);
  for (var i = group * ${threads}u + local; i < found; i += ${threads * groups}u) {
    let pair = candidates[i];
    if (pair.x >= low && ((pair.x - low) >> shift) < bins) {
      let place = atomicAdd(&state[${AT.last}], 1u);
      atomicStore(&state[${AT.pairs}u + 2u * place], pair.x);
      atomicStore(&state[${AT.pairs}u + 2u * place + 1u], pair.y);
    }
  }`,
  }, target);
}

/** Sorts the last pairs, greatest key and lowest position first, and cuts after the k-th. */
export function cut(layout: Layout, target: Target): Dispatch {
  return rawDispatch({
    label: `${layout.label} cut`,
    workgroup: TILE / WIDTH,
    groups: 1,
    bindings: [state(layout), result(layout)],
    globals: `${NOW}\n${tileGlobals(TILE_BITS)}`,
    body: `${onlyIn("tile", plain)}
  let last = state[${AT.last}];
  for (var i = local; i < ${TILE}u; i += ${TILE / WIDTH}u) {
    let pair = vec2<u32>(~state[${AT.pairs}u + 2u * i], state[${AT.pairs}u + 2u * i + 1u]);
    tile[i] = select(vec2<u32>(0xffffffffu), pair, i < last);
  }
${sortTile(TILE_BITS)}
  if (local == 0u) {
    let pair = tile[state[${AT.remaining}] - 1u];
    result[0] = ~pair.x;
    result[1] = pair.y + 1u;
  }`,
  }, target);
}

/** Finds the chunk of the last tie to keep: a prefix sum over the ties of chunks. */
export function findChunk(layout: Layout, target: Target): Dispatch {
  const threads = 64, each = Math.ceil(layout.chunks / threads);
  return rawDispatch({
    label: `${layout.label} chunk`,
    workgroup: threads,
    groups: 1,
    bindings: [state(layout)],
    globals: `${NOW}\nvar<workgroup> sums: array<u32, ${threads}>;`,
    body: `${onlyIn("ties", plain)}
  let remaining = state[${AT.remaining}];
  let first = local * ${each}u;
  let end = min(first + ${each}u, ${layout.chunks}u);
  var sum = 0u;
  for (var i = first; i < end; i++) { sum += state[${AT.ties}u + i]; }
  sums[local] = sum;
  workgroupBarrier();
  var before = 0u;
  for (var i = 0u; i < local; i++) { before += sums[i]; }
  if (before < remaining && before + sum >= remaining) {
    var i = first;
    while (before + state[${AT.ties}u + i] < remaining) { before += state[${AT.ties}u + i]; i++; }
    state[${AT.chunk}] = i;
    state[${AT.rest}] = remaining - before;
  }`,
  }, target);
}
