/**
 * The bitonic network of the engine, as text: sorts (key, value) pairs of u32, ascending by key and then by value.
 *
 * Sorted runs of 2^(b-1) pairs merge into runs of 2^b by one mirrored comparison (first with last, second with last but
 * one, ...) and then comparisons at 2^(b-2), ..., 2, 1. All comparisons point the same way, so positions beyond the end
 * of the data hold the greatest pair, stay where they are, and need no storage.
 *
 * A thread takes 16 pairs that lie 2^shift apart, which is four steps of the network in registers. A last round of
 * fewer steps repeats some that were done before: that changes nothing, since their comparisons hold already.
 * `SORTING.md` has the drawing.
 *
 * @module
 */

/** Pairs in the registers of a thread. */
export const WIDTH = 16;
/** Steps that a thread does at once: log2 of {@linkcode WIDTH}. */
export const STEPS = 4;
/** log2 of the pairs in a tile of workgroup memory: 2048 pairs are 16 KiB, which every device has. */
export const TILE_BITS = 11;
/** Pairs in a tile of workgroup memory. */
export const TILE: number = 2 ** TILE_BITS;
/** What lies beyond the end: no pair is greater. */
export const LAST_PAIR = "vec2<u32>(0xffffffffu, 0xffffffffu)";

/** Compare and exchange of two variables. Selects instead of branches: both sides would be computed anyway. */
export const ORDER: string = `fn order(low: ptr<function, vec2<u32>>, high: ptr<function, vec2<u32>>) {
  let a = *low;
  let b = *high;
  let swap = (b.x < a.x) | ((b.x == a.x) & (b.y < a.y));
  *low = select(a, b, swap);
  *high = select(b, a, swap);
}`;

/** Numbers below `count`. */
export function below(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i);
}

const compare = (low: number, high: number): string => `order(&p${low}, &p${high});`;

/** Comparisons at `distance` among `width` registers. */
function halve(width: number, distance: number): string {
  return below(width).filter((i) => (i & distance) === 0).map((i) => compare(i, i + distance)).join(" ");
}

/** Mirrored comparisons within runs of `run` registers. */
function mirror(width: number, run: number): string {
  return below(width).filter((i) => i % run < run / 2).map((i) => compare(i, i - i % run + run - 1 - i % run)).join(
    " ",
  );
}

/** Sorts `width` registers p0, p1, ... */
export function sortRegisters(width: number): string {
  const lines: string[] = [];
  for (let run = 2; run <= width; run *= 2) {
    lines.push(mirror(width, run));
    for (let distance = run / 4; distance >= 1; distance /= 2) lines.push(halve(width, distance));
  }
  return lines.map((line) => `  ${line}`).join("\n");
}

/** Four steps of a merge; the first is mirrored where `mirrored` holds. */
const mergeRegisters: string = `  if (mirrored) {
    ${mirror(WIDTH, WIDTH)}
  } else {
    ${halve(WIDTH, WIDTH / 2)}
  }
  ${halve(WIDTH, 4)}
  ${halve(WIDTH, 2)}
  ${halve(WIDTH, 1)}`;

/**
 * Statements of four steps on 16 pairs `2^shift` apart. Of each run of `2^shift * 16` pairs, thread `unit` takes the
 * pairs whose distance from the start is `column` modulo `2^shift`; from the mirrored half those that mirror them.
 *
 * @param read text of the pair at a position.
 * @param write text that stores register `pair` at a position.
 */
export function mergeStep(read: (at: string) => string, write: (at: string, pair: string) => string): string {
  const at = (i: number): string => `${i < WIDTH / 2 ? "low" : "high"} + (${i}u << shift)`;
  return [
    "  let gap = 1u << shift;",
    "  let column = unit & (gap - 1u);",
    `  let start = (unit >> shift) << (shift + ${STEPS}u);`,
    "  let low = start + column;",
    "  let high = start + select(column, gap - 1u - column, mirrored);",
    ...below(WIDTH).map((i) => `  var p${i} = ${read(at(i))};`),
    mergeRegisters,
    ...below(WIDTH).map((i) => `  ${write(at(i), `p${i}`)}`),
  ].join("\n");
}

/** Declarations for {@linkcode sortTile} and {@linkcode mergeTile} over a tile of `2^bits` pairs, bits at least 4. */
export function tileGlobals(bits: number): string {
  return `var<workgroup> tile: array<vec2<u32>, ${2 ** bits}>;
${ORDER}
fn sortSixteen(unit: u32) {
${below(WIDTH).map((i) => `  var p${i} = tile[unit * ${WIDTH}u + ${i}u];`).join("\n")}
${sortRegisters(WIDTH)}
${below(WIDTH).map((i) => `  tile[unit * ${WIDTH}u + ${i}u] = p${i};`).join("\n")}
}
fn merge(unit: u32, shift: u32, mirrored: bool) {
${mergeStep((at) => `tile[${at}]`, (at, pair) => `tile[${at}] = ${pair};`)}
}`;
}

/** Statements that merge runs until they have `2^bits` pairs, from the state of `run`, `shift` and `mirrored` on. */
function rounds(bits: number): string {
  return `  loop {
    merge(local, shift, mirrored);
    workgroupBarrier();
    mirrored = false;
    if (shift == 0u) {
      if (run == ${bits}u) { break; }
      run++;
      shift = run - ${STEPS}u;
      mirrored = true;
    } else {
      shift -= min(shift, ${STEPS}u);
    }
  }`;
}

/** Statements by which `2^bits / 16` threads sort the runs of `2^runBits` pairs of a tile: `local` is the thread. */
export function sortTile(runBits: number): string {
  if (runBits === STEPS) return "  workgroupBarrier();\n  sortSixteen(local);\n  workgroupBarrier();";
  return `  workgroupBarrier();
  sortSixteen(local);
  workgroupBarrier();
  var run = ${STEPS + 1}u;
  var shift = 1u;
  var mirrored = true;
${rounds(runBits)}`;
}

/** Statements by which the threads end a merge whose remaining distances lie within a tile of `2^bits` pairs. */
export function mergeTile(bits: number): string {
  return `  workgroupBarrier();
  var run = ${bits}u;
  var shift = ${bits - STEPS}u;
  var mirrored = false;
${rounds(bits)}`;
}
