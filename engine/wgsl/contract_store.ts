/**
 * The stores of a contraction: what becomes of a tile of accumulators.
 *
 * Stores are written out for every row, or, where that would be too much code for the compiler of a software device,
 * the results wait in workgroup memory for a loop over the rows. (A loop over an array of the thread's own takes
 * llvmpipe longest of all to compile: 1.5 s for 50 accumulators, against 0.3 s written out. An AdamW update behind 64
 * accumulators takes 0.3 s stashed; 0.6 s written out behind 32, and 3.6 s as such a loop behind 64.)
 *
 * @module
 */
import { constantIndex, type Index, offsetIndex, scaleIndex } from "../compile/index.ts";
import type { ContractKernel, Expr } from "../compile/kernel.ts";
import type { Dtype } from "../graph/node.ts";
import { accumulatorType, type Place } from "./contract_tile.ts";
import { type Tile, tilesOf } from "./contract_variants.ts";
import { COMPONENTS, type Frame } from "./frame.ts";
import type { Builder } from "./module.ts";
import type { Scope, Value } from "./scope.ts";

/** Stores the tile. */
export function storeTile(kernel: ContractKernel, tile: Tile, builder: Builder, place: Place): void {
  const { m } = kernel, { rows, fours, across, down } = tile, { body } = place, { variables } = builder;
  const whole = m % (rows * down) === 0;
  const store = fourStorer(kernel, tile, builder, place);
  if (!tile.stash) {
    const first = whole ? scaleIndex(variables.add("tileRow", 1, tilesOf(kernel, tile).m * down), rows) : undefined;
    for (let i = 0; i < rows; i++) {
      const name = `row${i}_`, block = body.child(2);
      if (!first) body.lines.push(`let ${name} = tileRow * ${rows}u + ${i}u;`);
      const row = first ? offsetIndex(first, i) : variables.add(name, 2, m);
      for (let j = 0; j < fours; j++) store(block, row, j, `c${i}_${j}`);
      block.flush(whole ? "{" : `if (${name} < ${m}u) {`, "}");
    }
    return;
  }
  // Every thread reads what it has written itself: no barrier.
  const threads = across * down;
  builder.globals.push(`var<workgroup> stash: array<vec4<${accumulatorType(kernel)}>, ${rows * fours * threads}>;`);
  const at = (position: string): string => `stash[(${position}) * ${threads}u + local]`;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < fours; j++) body.lines.push(`${at(`${i * fours + j}u`)} = c${i}_${j};`);
  }
  const loop = body.child(2), inside = loop.child(2);
  loop.lines.push(`let row = tileRow * ${rows}u + i;`);
  const row = variables.add("row", 2, m);
  for (let j = 0; j < fours; j++) store(inside, row, j, inside.declare(at(`i * ${fours}u + ${j}u`)));
  inside.flush("{", "}");
  // A bound that the compiler cannot see keeps it from unrolling the loop.
  body.lines.push(`let rowCount = min(${rows}u, max(tileRow * ${rows}u, ${m}u) - tileRow * ${rows}u);`);
  loop.flush("for (var i = 0u; i < rowCount; i++) {", "}");
}

/** Writes the stores of one row's columns `4 j ..`, by fours where rows are whole fours. */
function fourStorer(
  kernel: ContractKernel,
  { fours, across }: Tile,
  builder: Builder,
  place: Place,
): (scope: Scope, row: Index, j: number, result: string) => void {
  const { n, stores } = kernel, dtype = accumulatorType(kernel), wide = n % 4 === 0;
  const limit = (j: number, lane: number): string =>
    n % (4 * fours * across) === 0
      ? ""
      : wide
      ? `tileColumn + ${j * across}u < ${n / 4}u`
      : `(tileColumn + ${j * across}u) * 4u + ${lane}u < ${n}u`;
  return (scope, row, j, result) => {
    for (const lanes of wide ? [[0, 1, 2, 3]] : [[0], [1], [2], [3]]) {
      const block = scope.child(2), [lane] = lanes as [number];
      const frame: Frame = {
        scope: block,
        lanes: lanes.map((one) => [...place.batch, row, place.column(j, one), constantIndex(0)]),
        leaf: (expr) => accumulator(expr, dtype, wide ? result : `${result}.${COMPONENTS[lane]}`, wide, block),
        memo: new Map(),
      };
      builder.emitter.store(stores, frame);
      const inside = limit(j, lane);
      block.flush(inside === "" ? "{" : `if (${inside}) {`, "}");
    }
  };
}

function accumulator(expr: Expr, dtype: Dtype, text: string, wide: boolean, scope: Scope): Value {
  if (expr.dtype === dtype) return { text, level: 2, wide };
  const type = wide ? `vec4<${expr.dtype}>` : expr.dtype;
  return { text: scope.name(`${type}(${text})`), level: 2, wide };
}
