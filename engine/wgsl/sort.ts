/**
 * Sorting rows of (key, value) pairs of u32 in place of whatever a kernel needs sorted: any length, many rows at once.
 *
 * Rows of up to 16 pairs are sorted in the registers of a thread, up to 2048 in workgroup memory, both in one dispatch.
 * Longer ones start as sorted tiles; each doubling of the run then takes global passes of four steps each, down to
 * distances within a tile, and one pass in workgroup memory for the rest. What a global pass does is read from a table,
 * so that all of them are one pipeline.
 *
 * @module
 */
import { below, LAST_PAIR, mergeStep, mergeTile, ORDER, sortRegisters, sortTile, STEPS } from "./bitonic.ts";
import { TILE, TILE_BITS, tileGlobals, WIDTH } from "./bitonic.ts";
import { type RawBinding, rawDispatch, rawPerUnit } from "./raw.ts";
import { type Dispatch, powerAbove, SLICE_ALIGNMENT, type Target } from "./target.ts";

/** One end of a sort: what the text of a pair reads, or the text that stores one writes. */
export interface SortEnd {
  readonly bindings: readonly RawBinding[];
  /** Source: a pair, over `at` (element) and `position` (in its row). Sink: a statement, over `at` and `pair`. */
  readonly text: string;
}

/** What is sorted. */
export interface Sort {
  readonly label: string;
  /** Rows that are sorted on their own. */
  readonly rows: number;
  /** Pairs in a row. */
  readonly length: number;
  readonly source: SortEnd;
  readonly sink: SortEnd;
  /** Argument that holds pairs on the way: two words each. Used only by rows that {@linkcode leavesTile}. */
  readonly pairs: number;
  /** Argument for the table of passes: {@linkcode PASS_WORDS} words. Used only by rows that {@linkcode leavesTile}. */
  readonly passes: number;
}

/** A row of the table of passes: shift, mirrored, length of a row, log2 of the units in a row, units in all. */
interface Pass {
  readonly shift: number;
  readonly mirrored: boolean;
}

/** True for rows that do not fit one tile of workgroup memory, and so go through memory several times. */
export function leavesTile(length: number): boolean {
  return length > TILE;
}

/** Emits the dispatches of a sort. */
export function emitSort(sort: Sort, target: Target): readonly Dispatch[] {
  const { rows, length } = sort;
  if (rows === 0 || length === 0) return [];
  if (length <= WIDTH) return [inRegisters(sort, target)];
  if (!leavesTile(length)) return [sortTiles(sort, sort.sink, target)];
  const stored: SortEnd = {
    bindings: [{ arg: sort.pairs, name: "pairs", type: "vec2<u32>", writes: true }],
    text: "pairs[at] = pair;",
  };
  const bits = Math.log2(powerAbove(length));
  const merges = below(bits - TILE_BITS).map((i) => passesOf(TILE_BITS + 1 + i));
  let number = 0;
  return [
    passTable(sort, merges.flat(), bits, target),
    sortTiles(sort, stored, target),
    ...merges.flatMap((passes, i) => [
      ...passes.map(() => globalPass(sort, number++, bits, target)),
      mergeTiles(sort, i === merges.length - 1 ? sort.sink : stored, target),
    ]),
  ];
}

/** Global passes of the merge to runs of `2^bits` pairs: four steps each, until distances lie within a tile. */
function passesOf(bits: number): readonly Pass[] {
  const passes: Pass[] = [];
  for (let run = bits; run > TILE_BITS; run -= STEPS) passes.push({ shift: run - STEPS, mirrored: run === bits });
  return passes;
}

/** One row per thread. */
function inRegisters({ label, rows, length, source, sink }: Sort, target: Target): Dispatch {
  const width = Math.max(2, powerAbove(length));
  const load = (i: number): string =>
    i < length
      ? `  var p${i} = LAST; { let at = first + ${i}u; let position = ${i}u; p${i} = ${source.text}; }`
      : `  var p${i} = LAST;`;
  return rawPerUnit(
    {
      label: `${label} rows`,
      bindings: joined(source, sink),
      globals: ORDER,
      body: `  let first = unit * ${length}u;
${below(width).map(load).join("\n").replaceAll("LAST", LAST_PAIR)}
${sortRegisters(width)}
${below(length).map((i) => `  { let at = first + ${i}u; let pair = p${i}; ${sink.text} }`).join("\n")}`,
    },
    rows,
    target,
  );
}

/** Sorts tiles: whole short rows, several to a tile, or consecutive tiles of long rows. */
function sortTiles({ label, rows, length, source }: Sort, sink: SortEnd, target: Target): Dispatch {
  const run = Math.min(TILE, powerAbove(length)), runBits = Math.log2(run);
  // Short rows share a tile: a workgroup should not be too small, nor its tile much larger than all there is.
  const size = Math.min(TILE / 2, powerAbove(rows * run));
  const bits = Math.max(runBits, Math.log2(size));
  return tilesDispatch(`${label} tiles`, bits, run, { rows, length, source, sink, steps: sortTile(runBits) }, target);
}

/** Ends the merges of long rows within tiles. */
function mergeTiles({ label, rows, length, pairs }: Sort, sink: SortEnd, target: Target): Dispatch {
  const inPlace = sink.bindings.some(({ arg }) => arg === pairs);
  const source: SortEnd = {
    bindings: inPlace ? [] : [{ arg: pairs, name: "pairs", type: "vec2<u32>" }],
    text: "pairs[at]",
  };
  const ends = { rows, length, source, sink, steps: mergeTile(TILE_BITS) };
  return tilesDispatch(`${label} merge`, TILE_BITS, TILE, ends, target);
}

interface TileWork {
  readonly rows: number;
  readonly length: number;
  readonly source: SortEnd;
  readonly sink: SortEnd;
  readonly steps: string;
}

/** Loads tiles of `2^bits` pairs in runs of `run`, does `steps`, stores them. */
function tilesDispatch(label: string, bits: number, run: number, work: TileWork, target: Target): Dispatch {
  const { rows, length, source, sink, steps } = work;
  const tile = 2 ** bits, threads = tile / WIDTH, perRow = Math.ceil(length / run);
  const runs = rows * perRow;
  const place = `    let runNumber = group * ${tile / run}u + i / ${run}u;
    let position = (runNumber % ${perRow}u) * ${run}u + i % ${run}u;
    let at = (runNumber / ${perRow}u) * ${length}u + position;
    let inside = position < ${length}u && runNumber < ${runs}u;`;
  return rawDispatch({
    label,
    workgroup: threads,
    groups: Math.ceil(runs * run / tile),
    bindings: joined(source, sink),
    globals: tileGlobals(bits),
    body: `  for (var i = local; i < ${tile}u; i += ${threads}u) {
${place}
    var pair = ${LAST_PAIR};
    if (inside) { pair = ${source.text}; }
    tile[i] = pair;
  }
${steps}
  for (var i = local; i < ${tile}u; i += ${threads}u) {
${place}
    let pair = tile[i];
    if (inside) { ${sink.text} }
  }`,
  }, target);
}

/** Bindings of both ends, each argument once. */
function joined(source: SortEnd, sink: SortEnd): readonly RawBinding[] {
  return [...source.bindings.filter(({ arg }) => !sink.bindings.some((other) => other.arg === arg)), ...sink.bindings];
}

/** Writes the table of passes. */
function passTable({ label, rows, length, passes: arg }: Sort, passes: readonly Pass[], bits: number, target: Target) {
  const units = rows * 2 ** (bits - STEPS);
  const lines = passes.map(({ shift, mirrored }, i) => {
    const words = [shift, mirrored ? 1 : 0, length, bits - STEPS, units];
    return words.map((word, j) => `passes[${i * SLICE_ALIGNMENT + j}] = ${word}u;`).join(" ");
  });
  return rawDispatch({
    label: `${label} passes`,
    workgroup: 1,
    groups: 1,
    bindings: [{ arg, name: "passes", type: "u32", writes: true }],
    body: `  if (local == 0u) {\n    ${lines.join("\n    ")}\n  }`,
  }, target);
}

/** Four steps at distances beyond a tile. */
function globalPass({ label, rows, pairs, passes }: Sort, number: number, bits: number, target: Target): Dispatch {
  const workgroup = 64, first = number * SLICE_ALIGNMENT;
  return rawDispatch({
    label: `${label} pass ${number}`,
    workgroup,
    groups: Math.ceil(rows * 2 ** (bits - STEPS) / workgroup),
    bindings: [
      { arg: passes, name: "passes", type: "u32", first, count: SLICE_ALIGNMENT },
      { arg: pairs, name: "pairs", type: "vec2<u32>", writes: true },
    ],
    globals: `${ORDER}
fn load(base: u32, position: u32, length: u32) -> vec2<u32> {
  return select(${LAST_PAIR}, pairs[base + min(position, length - 1u)], position < length);
}`,
    body: `  let shift = passes[0];
  let mirrored = passes[1] == 1u;
  let length = passes[2];
  let number = group * ${workgroup}u + local;
  let unit = number & ((1u << passes[3]) - 1u);
  let base = (number >> passes[3]) * length;
  if (number >= passes[4] || ((unit >> shift) << (shift + ${STEPS}u)) + (unit & ((1u << shift) - 1u)) >= length) {
    return;
  }
${
      mergeStep(
        (at) => `load(base, ${at}, length)`,
        (at, pair) => `if (${at} < length) { pairs[base + ${at}] = ${pair}; }`,
      )
    }`,
  }, target);
}
