/**
 * Bitonic sort of (key, value) pairs of u32 in two buffers, ascending by key and then by value, any length.
 *
 * Every merge first compares mirrored positions and then halves the distance, so all comparisons point the same way and
 * positions beyond the end need not exist. Distances within a block are done in workgroup memory, larger ones by one
 * dispatch each.
 *
 * @module
 */
import { rawDispatch, rawPerUnit } from "./raw.ts";
import { type Dispatch, powerAbove, type Target } from "./target.ts";

/** Pairs in a block of workgroup memory (16 KiB). */
const BLOCK = 2048;

/** Sorts `length` pairs in place. `keys` and `values` are positions in the kernel's arguments. */
export function emitSort(
  label: string,
  keys: number,
  values: number,
  length: number,
  target: Target,
): readonly Dispatch[] {
  const bindings = [
    { arg: keys, name: "keys", type: "u32", writes: true },
    { arg: values, name: "values", type: "u32", writes: true },
  ];
  const padded = powerAbove(length), block = Math.max(2, Math.min(BLOCK, padded));
  const dispatches: Dispatch[] = [];
  const inBlocks = (body: string, name: string) =>
    rawDispatch({
      label: `${label} ${name}`,
      workgroup: Math.min(target.software ? 64 : 256, block / 2),
      groups: Math.ceil(length / block),
      bindings,
      globals: blockGlobals(block),
      body: blockBody(block, length, Math.min(target.software ? 64 : 256, block / 2), body),
    }, target);
  dispatches.push(inBlocks(
    `  for (var size = 2u; size <= ${block}u; size <<= 1u) {
    for (var pair = local; pair < ${block / 2}u; pair += THREADS) {
      let half = size >> 1u;
      let low = (pair / half) * size + pair % half;
      order(low, (pair / half) * size + size - 1u - pair % half);
    }
    workgroupBarrier();
    halve(size >> 2u, local);
  }`,
    "blocks",
  ));
  for (let size = block * 2; size <= padded; size *= 2) {
    const half = size / 2;
    dispatches.push(rawPerUnit(
      {
        label: `${label} mirror ${size}`,
        bindings,
        globals: GLOBAL_ORDER,
        body: `  let start = (unit / ${half}u) * ${size}u;
  let offset = unit % ${half}u;
  order(start + offset, start + ${size - 1}u - offset, ${length}u);`,
      },
      padded / 2,
      target,
    ));
    for (let distance = size / 4; distance >= block; distance /= 2) {
      dispatches.push(rawPerUnit(
        {
          label: `${label} distance ${distance}`,
          bindings,
          globals: GLOBAL_ORDER,
          body: `  let low = (unit / ${distance}u) * ${2 * distance}u + unit % ${distance}u;
  order(low, low + ${distance}u, ${length}u);`,
        },
        padded / 2,
        target,
      ));
    }
    dispatches.push(inBlocks(`  halve(${block / 2}u, local);`, "merge"));
  }
  return dispatches;
}

/** Compare and exchange in the buffers. */
const GLOBAL_ORDER = `fn order(low: u32, high: u32, length: u32) {
  if (high >= length) { return; }
  let a = vec2<u32>(keys[low], values[low]);
  let b = vec2<u32>(keys[high], values[high]);
  if (b.x < a.x || (b.x == a.x && b.y < a.y)) {
    keys[low] = b.x; values[low] = b.y;
    keys[high] = a.x; values[high] = a.y;
  }
}`;

/** Compare and exchange in workgroup memory, and the halving steps of a merge. */
function blockGlobals(block: number): string {
  return `var<workgroup> pairs: array<vec2<u32>, ${block}>;
fn order(low: u32, high: u32) {
  let a = pairs[low];
  let b = pairs[high];
  if (b.x < a.x || (b.x == a.x && b.y < a.y)) { pairs[low] = b; pairs[high] = a; }
}`;
}

/** Loads a block, runs `steps` on it, stores it. Beyond the end lie the greatest pairs, which stay there. */
function blockBody(block: number, length: number, threads: number, steps: string): string {
  const halving = (text: string): string =>
    text.replace(
      /halve\(([^,]+), local\);/g,
      (_, first) =>
        `for (var distance = ${first}; distance > 0u; distance >>= 1u) {
      for (var pair = local; pair < ${block / 2}u; pair += ${threads}u) {
        let low = (pair / distance) * distance * 2u + pair % distance;
        order(low, low + distance);
      }
      workgroupBarrier();
    }`,
    );
  return `  let base = group * ${block}u;
  for (var i = local; i < ${block}u; i += ${threads}u) {
    let inside = base + i < ${length}u;
    let at = min(base + i, ${length - 1}u);
    pairs[i] = select(vec2<u32>(0xffffffffu), vec2<u32>(keys[at], values[at]), inside);
  }
  workgroupBarrier();
${halving(steps).replaceAll("THREADS", `${threads}u`)}
  for (var i = local; i < ${block}u; i += ${threads}u) {
    if (base + i < ${length}u) { keys[base + i] = pairs[i].x; values[base + i] = pairs[i].y; }
  }`;
}
