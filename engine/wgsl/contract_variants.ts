/**
 * Which tile a contraction gets.
 *
 * A *variant* is a form and a tile of a thread. A {@linkcode ContractTable} says how fast each variant is on large
 * matrices, by how the operands lie; the choice for a shape is the variant of most speed after what its tiles waste at
 * the edges and the threads that they leave idle. So one small table of numbers serves all shapes, it can be measured
 * (`device/tuning.ts`), written down and fixed, and the choice depends on nothing else.
 *
 * @module
 */
import { axesOf } from "../compile/index.ts";
import { type ContractKernel, visitExpr } from "../compile/kernel.ts";
import { volume } from "./space.ts";
import type { ContractTable, Mode, Target } from "./target.ts";

/** The axis along which an operand is taken by fours: k, its own axis (m or n), or none. */
export type FoursAlong = "k" | "own" | "none";

/** How operands reach the threads. */
export type Form = "registers" | "subgroups" | "staged";

/** Size of what one thread and one workgroup compute. */
export interface Tile {
  readonly form: Form;
  /** Rows per thread. */
  readonly rows: number;
  /** Groups of four columns per thread. */
  readonly fours: number;
  /** Threads of a workgroup along n. */
  readonly across: number;
  /** Threads of a workgroup along m. */
  readonly down: number;
  /** Results wait in workgroup memory for a loop that stores them, instead of stores written out for each. */
  readonly stash: boolean;
}

/** A form and the tile of a thread; of `subgroups` the most rows, which are evened out over the matrix. */
export type Variant = Pick<Tile, "form" | "rows" | "fours">;

/** All variants, by name. */
export const VARIANTS: Readonly<Record<string, Variant>> = Object.fromEntries(
  ([
    ["subgroups", 32, 2],
    ["subgroups", 25, 2],
    ["subgroups", 16, 2],
    ["subgroups", 32, 1],
    ["subgroups", 24, 1],
    ["subgroups", 16, 1],
    ["registers", 16, 2],
    ["registers", 8, 2],
    ["registers", 8, 1],
    ["registers", 4, 1],
    ["staged", 8, 2],
    ["staged", 8, 1],
    ["staged", 4, 2],
    ["staged", 4, 1],
  ] as const).map(([form, rows, fours]) => [`${form} ${rows}x${fours}`, { form, rows, fours }]),
);

/**
 * llvmpipe (Mesa 22.3, eight lanes, two cores): GFLOP/s on 512x512x512, by the processor time that it took. There a
 * load costs about a hundred multiply-adds of the eight lanes, whether the lanes load one row or eight, so variants are
 * the better the fewer loads they make; workgroup memory costs as much as a buffer.
 */
export const SOFTWARE_TABLE: ContractTable = {
  "subgroups 32x2": { nn: 48.5, nt: 48.6, tn: 54.7, tt: 49.3 },
  "subgroups 25x2": { nn: 46.1, nt: 47.0, tn: 46.5, tt: 49.7 },
  "subgroups 16x2": { nn: 43.1, nt: 41.5, tn: 38.6, tt: 37.2 },
  "subgroups 32x1": { nn: 44.8, nt: 46.2, tn: 44.4, tt: 50.1 },
  "subgroups 24x1": { nn: 40.3, nt: 41.9, tn: 38.4, tt: 41.2 },
  "subgroups 16x1": { nn: 35.7, nt: 37.3, tn: 29.7, tt: 32.8 },
  "registers 16x2": { nn: 24.4, nt: 24.2, tn: 24.4, tt: 24.1 },
  "registers 8x2": { nn: 19.9, nt: 19.8, tn: 20.0, tt: 19.9 },
  "registers 8x1": { nn: 14.9, nt: 15.3, tn: 14.1, tt: 14.3 },
  "registers 4x1": { nn: 11.3, nt: 11.5, tn: 10.9, tt: 11.0 },
};

const same = (worth: number): Record<Mode, number> => ({ nn: worth, nt: worth, tn: worth, tt: worth });

/**
 * Hardware, not measured: nothing but the portable form, and larger tiles worth more by what they reuse. Sizes are as
 * other engines publish theirs (ggml-webgpu: 4x4 per thread, 64 threads, slices of 8 k); the ratios are an estimate.
 */
export const HARDWARE_TABLE: ContractTable = {
  "staged 8x2": same(1),
  "staged 8x1": same(0.72),
  "staged 4x2": same(0.72),
  "staged 4x1": same(0.55),
};

/** How the table calls operands that lie like this; an operand without fours counts as the row-major one. */
export function modeOf(a: FoursAlong, b: FoursAlong): Mode {
  return `${a === "own" ? "t" : "n"}${b === "k" ? "t" : "n"}`;
}

/** Values of k in one step of the loop of a form without staging. */
export function stepOf(a: FoursAlong, b: FoursAlong, k: number): 1 | 2 | 4 {
  return a === "k" || b === "k" ? 4 : k % 2 === 0 ? 2 : 1;
}

/**
 * Rough size of the compiled code that stores four results. A load or store is a loop over the lanes on llvmpipe, and a
 * load compiles worse; loads that are the same in all rows are hoisted; helper functions and odd columns go one by one.
 */
export function storeWeight({ n, m, batch, stores }: ContractKernel): number {
  const values = stores.map((store) => store.value), rowAxis = batch.length;
  let weight = 2 * stores.length;
  visitExpr(values, (expr) => {
    if (expr.kind === "scalar") weight += Math.max(1, expr.op.cost / 4) * (expr.op.helpers?.length ? 4 : 1);
    else if (expr.kind === "load" && m > 1 && axesOf(expr.index).has(rowAxis)) weight += 6;
  });
  return n % 4 === 0 ? weight : 4 * weight;
}

/**
 * The most code of a thread on a software device. Compiling takes there more than in proportion: 0.3 s at this limit,
 * 0.6 s at one and a half times as much and 1.5 s at three times.
 */
const MOST_CODE = 600;

/** What a stash costs (cleared, written and read again), as a number of steps of one k. */
const STASH_COST = 35;

/** Workgroups that keep a device busy. */
const BUSY = { software: 4, hardware: 128 } as const;

/** The tile of most worth on this shape. */
export function chooseTile(kernel: ContractKernel, a: FoursAlong, b: FoursAlong, target: Target): Tile {
  const table = target.contractions ?? (target.software ? SOFTWARE_TABLE : HARDWARE_TABLE);
  const mode = modeOf(a, b), stepSize = 2 * stepOf(a, b, kernel.k), weight = storeWeight(kernel);
  let best: Tile | undefined, most = -1;
  for (const [name, speeds] of Object.entries(table)) {
    for (const tile of tilesFor(VARIANTS[name], kernel, a, target)) {
      const { m, n, count } = tilesOf(kernel, tile), results = tile.rows * tile.fours;
      const filled = kernel.m * kernel.n / (m * tile.rows * tile.down * n * tile.fours * 4 * tile.across);
      const busy = Math.min(1, count / (target.software ? BUSY.software : BUSY.hardware));
      const code = tile.stash ? results * (stepSize + 2) + tile.fours * weight : results * (stepSize + weight);
      // Too much code, but better than nothing where all are.
      const compiles = target.software ? Math.min(1, (MOST_CODE / code) ** 4) : 1;
      const stored = tile.stash ? kernel.k / (kernel.k + STASH_COST) : 1;
      const worth = speeds[mode] * filled * Math.sqrt(busy) * compiles * stored;
      if (worth > most * 1.001) [most, best] = [worth, tile];
    }
  }
  return best ?? { form: "registers", rows: 4, fours: 1, across: 8, down: 1, stash: false };
}

/** The tiles that a variant may take on this shape; none where the device cannot run it. */
function tilesFor(
  variant: Variant | undefined,
  { m }: ContractKernel,
  a: FoursAlong,
  { software, subgroups, invocations, workgroupBytes }: Target,
): readonly Tile[] {
  if (!variant) return [];
  // Hardware compiles long code well enough, and has better use for its workgroup memory.
  const both = (tile: Omit<Tile, "stash">): readonly Tile[] => {
    const bytes = tile.rows * tile.fours * 16 * tile.across * tile.down;
    return (software && bytes <= workgroupBytes ? [false, true] : [false]).map((stash) => ({ ...tile, stash }));
  };
  const { form, rows, fours } = variant;
  if (form === "subgroups") {
    if (!subgroups) return [];
    // Rows in units of what a lane loads; as many tiles as needed, of equal height.
    const unit = a === "own" ? 4 : 1, units = Math.ceil(m / unit), limit = Math.floor(rows / unit);
    const even = Math.ceil(units / Math.ceil(units / limit));
    return both({ form, rows: even * unit, fours, across: subgroups.size, down: 1 });
  }
  // llvmpipe runs threads with neighbouring x in lockstep, eight at a time.
  const across = 8;
  const downs = form === "registers" && software ? [8, 4, 2, 1] : [8];
  return downs.filter((down) => across * down <= invocations)
    .flatMap((down) => both({ form, rows, fours, across, down }));
}

/** Numbers of tiles along m and n, and in all. */
export function tilesOf(kernel: ContractKernel, tile: Tile): { m: number; n: number; count: number } {
  const m = Math.ceil(kernel.m / (tile.rows * tile.down));
  const n = Math.ceil(kernel.n / (tile.fours * 4 * tile.across));
  return { m, n, count: m * n * volume(kernel.batch) };
}
