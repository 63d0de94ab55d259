/**
 * What both forms of contraction share: where a thread's tile lies, the multiply-adds, and the stores.
 *
 * @module
 */
import { constantIndex, delinearize, type Index, offsetIndex, scaleIndex } from "../compile/index.ts";
import type { ContractKernel, Expr } from "../compile/kernel.ts";
import type { Dtype } from "../graph/node.ts";
import { COMPONENTS, type Frame } from "./frame.ts";
import type { Builder } from "./module.ts";
import type { Scope, Value } from "./scope.ts";
import { volume } from "./space.ts";
import type { Tile } from "./contract.ts";
import { literal } from "./literal.ts";

/** The tile of a thread: its rows and columns as indices. */
export interface Place {
  /** Level 1: once per thread. */
  readonly body: Scope;
  /** Coordinates of the batch axes. */
  readonly batch: readonly Index[];
  /** Row `i` of the thread's tile; beyond the matrix it is the last row. */
  readonly row: (i: number) => Index;
  /** Column `4 * four + lane` of the thread's tile; beyond the matrix it is the last column. */
  readonly column: (four: number, lane: number) => Index;
  /** The first row of four neighbouring ones as a multiple of four: `fourRows(g)` is that of rows `4 g ..`. */
  readonly rowFour: (group: number) => Index;
}

/** Numbers of tiles along m and n, and in all. */
export function tilesOf(kernel: ContractKernel, tile: Tile): { m: number; n: number; count: number } {
  const m = Math.ceil(kernel.m / (tile.rows * tile.down));
  const n = Math.ceil(kernel.n / (tile.fours * 4 * tile.across));
  return { m, n, count: m * n * volume(kernel.batch) };
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
    `let across = local % ${tile.across}u;`,
    `let down = local / ${tile.across}u;`,
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
  if (m % (rows * down) === 0) {
    const first = scaleIndex(variables.add("tileRow", 1, tiles.m * down), rows);
    row = (i) => offsetIndex(first, i);
    rowFour = (group) => offsetIndex(first, 4 * group);
  } else {
    const clamped = memoize((i) => clampedVariable(builder, body, `row${i}`, `tileRow * ${rows}u + ${i}u`, m));
    row = clamped;
    rowFour = memoize((g) =>
      scaleIndex(clampedVariable(builder, body, `rowFour${g}`, `tileRow * ${rows / 4}u + ${g}u`, m / 4), 4)
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

/** `c += a * b` for scalar `a` of row `i` and the fours `b` of columns. */
export function multiplyAdd(i: number, a: string, b: readonly string[], dtype: Dtype): string {
  return b.map((four, j) =>
    dtype === "f32" ? `c${i}_${j} = fma(vec4<f32>(${a}), ${four}, c${i}_${j});` : `c${i}_${j} += ${a} * ${four};`
  ).join(" ");
}

/**
 * Stores the tile. Rows are a loop over the accumulators, gathered in an array: written out, an epilogue with an
 * activation function would be most of the shader and of the time to compile it.
 */
export function storeTile(kernel: ContractKernel, tile: Tile, builder: Builder, place: Place): void {
  const { m, n, stores } = kernel, { rows, fours, across, down } = tile, { body } = place;
  const dtype = accumulatorType(kernel);
  const all = Array.from({ length: rows * fours }, (_, i) => `c${Math.floor(i / fours)}_${i % fours}`);
  body.lines.push(`var results = array<vec4<${dtype}>, ${rows * fours}>(${all.join(", ")});`);
  const loop = body.child(2);
  const whole = m % (rows * down) === 0;
  loop.lines.push(`let row = tileRow * ${rows}u + i;`);
  const row = builder.variables.add("row", 2, m);
  const inside = loop.child(2);
  for (let j = 0; j < fours; j++) {
    const result = inside.declare(`results[i * ${fours}u + ${j}u]`);
    const cells = n % 4 === 0 ? [0] : [0, 1, 2, 3];
    for (const lane of cells) {
      const lanes = n % 4 === 0 ? [0, 1, 2, 3] : [lane];
      const block = inside.child(2);
      const frame: Frame = {
        scope: block,
        lanes: lanes.map((one) => [...place.batch, row, place.column(j, one), constantIndex(0)]),
        leaf: (expr) =>
          accumulator(expr, dtype, n % 4 === 0 ? result : `${result}.${COMPONENTS[lane]}`, n % 4 === 0, block),
        memo: new Map(),
      };
      builder.emitter.store(stores, frame);
      const limit = n % (4 * fours * across) === 0
        ? ""
        : n % 4 === 0
        ? `tileColumn + ${j * across}u < ${n / 4}u`
        : `(tileColumn + ${j * across}u) * 4u + ${lane}u < ${n}u`;
      block.flush(limit === "" ? "{" : `if (${limit}) {`, "}");
    }
  }
  inside.flush(whole ? "{" : `if (row < ${m}u) {`, "}");
  loop.flush(`for (var i = 0u; i < ${rows}u; i++) {`, "}");
}

function accumulator(expr: Expr, dtype: Dtype, text: string, wide: boolean, scope: Scope): Value {
  if (expr.dtype === dtype) return { text, level: 2, wide };
  const type = wide ? `vec4<${expr.dtype}>` : expr.dtype;
  return { text: scope.name(`${type}(${text})`), level: 2, wide };
}

/** The coordinate of a kernel axis that an operand does not depend on. */
export const NOWHERE: Index = constantIndex(0);
