/**
 * What all forms of contraction share: where a thread's tile lies, and the multiply-adds.
 *
 * @module
 */
import { constantIndex, delinearize, type Index, offsetIndex, scaleIndex } from "../compile/index.ts";
import type { ContractKernel } from "../compile/kernel.ts";
import type { Dtype } from "../graph/node.ts";
import { type FoursAlong, type Tile, tilesOf } from "./contract_variants.ts";
import { literal } from "./literal.ts";
import type { Builder } from "./module.ts";
import type { Scope } from "./scope.ts";
import { volume } from "./space.ts";

/** A contraction and how its operands lie. */
export interface Contraction {
  readonly kernel: ContractKernel;
  readonly a: FoursAlong;
  readonly b: FoursAlong;
  readonly tile: Tile;
}

/** The tile of a thread: its rows and columns as indices. */
export interface Place {
  /** Level 1: once per thread. */
  readonly body: Scope;
  /** Coordinates of the batch axes. */
  readonly batch: readonly Index[];
  /**
   * Row `i` of the thread's tile, with subgroups the row of this lane in its `i`-th load of one row per lane; beyond
   * the matrix it is the last row.
   */
  readonly row: (i: number) => Index;
  /** Column `4 * four + lane` of the thread's tile; beyond the matrix it is the last column. */
  readonly column: (four: number, lane: number) => Index;
  /** The same for four neighbouring rows: the first of them, a multiple of four. */
  readonly rowFour: (group: number) => Index;
}

/**
 * Declares the place of a workgroup: `tileM`, `tileN` and `batch` (in that order within `group`: tiles along n first),
 * and of the thread in it: `across` and `down`. Returns the coordinates of the batch axes.
 */
export function placeGroup(kernel: ContractKernel, tile: Tile, builder: Builder, body: Scope): readonly Index[] {
  const tiles = tilesOf(kernel, tile), batches = volume(kernel.batch);
  const perBatch = tiles.m * tiles.n;
  body.lines.push(
    `let batch = ${batches === 1 ? "0u" : perBatch === 1 ? "group" : `group / ${perBatch}u`};`,
    `let inBatch = ${batches === 1 ? "group" : `group - batch * ${perBatch}u`};`,
    `let tileM = inBatch / ${tiles.n}u;`,
    `let tileN = inBatch - tileM * ${tiles.n}u;`,
    `let across = ${tile.form === "subgroups" ? "lane" : `local % ${tile.across}u`};`,
    `let down = ${tile.form === "subgroups" ? "0u" : `local / ${tile.across}u`};`,
  );
  return delinearize(builder.variables.add("batch", 1, batches), kernel.batch);
}

/** Declares the rows and columns of a thread's tile. Rows and columns beyond the matrix are clamped to the last. */
export function placeThread(
  kernel: ContractKernel,
  tile: Tile,
  builder: Builder,
  body: Scope,
  batch: readonly Index[],
): Place {
  const { m, n } = kernel, { rows, fours, across, down } = tile, { variables } = builder;
  const tiles = tilesOf(kernel, tile);
  body.lines.push(`let tileRow = tileM * ${down}u + down;`, `let tileColumn = tileN * ${fours * across}u + across;`);

  let row: Place["row"], rowFour: Place["rowFour"];
  const shared = tile.form === "subgroups";
  if (m % (rows * down) === 0 && !shared) {
    const first = scaleIndex(variables.add("tileRow", 1, tiles.m * down), rows);
    row = (i) => offsetIndex(first, i);
    rowFour = (group) => offsetIndex(first, 4 * group);
  } else {
    const position = (i: number): string => shared ? `${i * across}u + lane` : `${i}u`;
    row = memoize((i) => clampedVariable(builder, body, `row${i}`, `tileRow * ${rows}u + ${position(i)}`, m));
    rowFour = memoize((g) =>
      scaleIndex(clampedVariable(builder, body, `rowFour${g}`, `tileRow * ${rows / 4}u + ${position(g)}`, m / 4), 4)
    );
  }

  let column: Place["column"];
  if (n % (4 * fours * across) === 0) {
    const first = variables.add("tileColumn", 1, n / 4 - (fours - 1) * across);
    column = (four, lane) => offsetIndex(scaleIndex(first, 4), 4 * four * across + lane);
  } else if (n % 4 === 0) {
    const groups = memoize((four) =>
      clampedVariable(builder, body, `columnFour${four}`, `tileColumn + ${four * across}u`, n / 4)
    );
    column = (four, lane) => offsetIndex(scaleIndex(groups(four), 4), lane);
  } else {
    const singles = memoize((position) => {
      const four = position >> 2, lane = position & 3;
      return clampedVariable(builder, body, `column${position}`, `(tileColumn + ${four * across}u) * 4u + ${lane}u`, n);
    });
    column = (four, lane) => singles(4 * four + lane);
  }
  return { body, batch, row, column, rowFour };
}

function clampedVariable(builder: Builder, body: Scope, name: string, text: string, size: number): Index {
  body.lines.push(`let ${name} = min(${text}, ${size - 1}u);`);
  return builder.variables.add(name, 1, size);
}

function memoize(make: (i: number) => Index): (i: number) => Index {
  const known = new Map<number, Index>();
  return (i) => {
    let index = known.get(i);
    if (!index) known.set(i, index = make(i));
    return index;
  };
}

/** Type of the accumulator: that of the operands, f16 summed in f32. */
export function accumulatorType(kernel: ContractKernel): Dtype {
  return kernel.a.dtype === "f16" ? "f32" : kernel.a.dtype;
}

/** Declares the accumulators `c<row>_<four>`. */
export function declareAccumulators(tile: Tile, dtype: Dtype, body: Scope): void {
  for (let i = 0; i < tile.rows; i++) {
    const names = Array.from(
      { length: tile.fours },
      (_, j) => `var c${i}_${j} = vec4<${dtype}>(${literal(0, dtype)});`,
    );
    body.lines.push(names.join(" "));
  }
}

/** `c += a * b` for the scalar `a` of row `i` and the four `b` of columns `4 j ..`. */
export function multiplyAdd(i: number, j: number, a: string, b: string, dtype: Dtype): string {
  return dtype === "f32" ? `c${i}_${j} = fma(vec4<f32>(${a}), ${b}, c${i}_${j});` : `c${i}_${j} += ${a} * ${b};`;
}

/** The coordinate of a kernel axis that an operand does not depend on. */
export const NOWHERE: Index = constantIndex(0);
