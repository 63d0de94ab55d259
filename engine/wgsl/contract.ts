/**
 * Contractions: batched matrix products with expressions on loads and stores.
 *
 * Both forms compute a tile of `rows x (4 * fours)` results per thread in named vec4 registers (naga counts iterations
 * and checks indices, so register tiles are written out and there is one loop, over k). Software devices take operands
 * straight from storage, since there workgroup memory costs as much; hardware stages them in workgroup memory.
 * Operands in any order of axes run as they lie: an operand is taken by fours along whichever of its axes is contiguous
 * and divisible, and element by element where none is. Nothing is ever transposed in memory.
 *
 * @module
 */
import { type Index, strideAlong } from "../compile/index.ts";
import { type ContractKernel, type Expr, visitExpr } from "../compile/kernel.ts";
import { emitRegisterContract } from "./contract_registers.ts";
import { emitStagedContract } from "./contract_staged.ts";
import { tilesOf } from "./contract_tile.ts";
import type { Dispatch, Target } from "./target.ts";

/** The axis along which an operand is taken by fours: k, its own axis (m or n), or none. */
export type FoursAlong = "k" | "own" | "none";

/** Size of what one thread and one workgroup compute. */
export interface Tile {
  /** Rows per thread. */
  readonly rows: number;
  /** Groups of four columns per thread. */
  readonly fours: number;
  /** Threads of a workgroup along n. */
  readonly across: number;
  /** Threads of a workgroup along m. */
  readonly down: number;
}

/** A contraction and how its operands lie. */
export interface Contraction {
  readonly kernel: ContractKernel;
  readonly a: FoursAlong;
  readonly b: FoursAlong;
  readonly tile: Tile;
}

/** Emits a contraction. */
export function emitContract(kernel: ContractKernel, target: Target): readonly Dispatch[] {
  if (kernel.m === 0 || kernel.n === 0 || kernel.batch.includes(0)) return [];
  const rank = kernel.batch.length;
  const a = foursAlong(kernel.a, rank + 2, kernel.k, rank, kernel.m);
  const b = foursAlong(kernel.b, rank + 2, kernel.k, rank + 1, kernel.n);
  const tile = chooseTile(kernel, a === "own" && b === "own", target);
  const contraction = { kernel, a, b, tile };
  return [target.software ? emitRegisterContract(contraction, target) : emitStagedContract(contraction, target)];
}

/** Along which axis most loads of an operand are contiguous and divisible by four. */
function foursAlong(operand: Expr, kAxis: number, k: number, ownAxis: number, own: number): FoursAlong {
  const contiguous = (axis: number, size: number): number => {
    if (size % 4 !== 0) return 0;
    let count = 0;
    visitExpr([operand], (expr) => {
      if (expr.kind === "load" && strideAlong(expr.index, axis) === 1 && isAligned(expr.index, axis)) count++;
    });
    return count;
  };
  const alongK = contiguous(kAxis, k), alongOwn = contiguous(ownAxis, own);
  if (alongK === 0 && alongOwn === 0) return "none";
  return alongK >= alongOwn ? "k" : "own";
}

/** True when the index is a multiple of four wherever coordinate `axis` is. */
function isAligned(index: Index, axis: number): boolean {
  return index.offset % 4 === 0 &&
    index.terms.every(({ atom, coefficient }) =>
      coefficient % 4 === 0 || (atom.kind === "coord" && atom.axis === axis)
    );
}

/** Tiles by measured worth per result; the larger reuse each load more. */
const TILES: readonly (Omit<Tile, "across" | "down"> & { readonly worth: number })[] = [
  { rows: 8, fours: 2, worth: 1 },
  { rows: 8, fours: 1, worth: 0.72 },
  { rows: 4, fours: 2, worth: 0.72 },
  { rows: 4, fours: 1, worth: 0.55 },
];

/** On a software device, with both operands contiguous along their own axes: there larger tiles still pay. */
const OUTER_TILES: typeof TILES = [{ rows: 16, fours: 4, worth: 1.4 }, { rows: 16, fours: 2, worth: 1.2 }];

/** Workgroups that keep a device busy. */
const BUSY = { software: 4, hardware: 128 } as const;

/** The tile of most worth on this shape, after what it wastes at the edges and the threads that it leaves idle. */
function chooseTile(kernel: ContractKernel, outer: boolean, target: Target): Tile {
  // llvmpipe runs threads with neighbouring x in lockstep, eight at a time.
  const across = 8;
  let best: Tile | undefined, most = 0;
  const up = (value: number, by: number) => Math.ceil(value / by) * by;
  for (const { rows, fours, worth } of outer && target.software ? [...OUTER_TILES, ...TILES] : TILES) {
    for (const down of target.software ? [8, 4, 2, 1] : [8]) {
      const tile = { rows, fours, across, down };
      const filled = kernel.m * kernel.n / (up(kernel.m, rows * down) * up(kernel.n, fours * 4 * across));
      const busy = Math.min(1, tilesOf(kernel, tile).count / (target.software ? BUSY.software : BUSY.hardware));
      const value = worth * filled * Math.sqrt(busy);
      if (value > most * 1.001) [most, best] = [value, tile];
    }
  }
  return best!;
}
