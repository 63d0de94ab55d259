/**
 * Contraction straight from storage, for devices where workgroup memory is no faster than a buffer.
 *
 * Each step of the k loop takes four k (where an operand is contiguous along k, else two), loads the thread's rows of
 * the left and columns of the right operand, and adds all their products. The products of one result stand together: on
 * llvmpipe, which keeps accumulators in memory, that halves the traffic (a fifth more speed than k by k).
 *
 * In the form with subgroups the lanes differ in their columns only and share the rows. Each lane loads another row (or
 * four of them where rows are contiguous), and what a product needs is broadcast from the lane that has it. Loads are
 * what costs on llvmpipe and broadcasts are nearly free: twice the speed.
 *
 * @module
 */
import { type Index, offsetIndex, scaleIndex } from "../compile/index.ts";
import type { Expr } from "../compile/kernel.ts";
import type { Contraction } from "./contract_tile.ts";
import { storeTile } from "./contract_store.ts";
import {
  accumulatorType,
  declareAccumulators,
  multiplyAdd,
  NOWHERE,
  type Place,
  placeGroup,
  placeThread,
} from "./contract_tile.ts";
import { stepOf, tilesOf } from "./contract_variants.ts";
import { COMPONENTS, type Frame, widen } from "./frame.ts";
import { buildDispatch, type Builder } from "./module.ts";
import type { Scope, Value } from "./scope.ts";
import type { Dispatch, Target } from "./target.ts";

/** Emits a contraction that keeps everything in registers. */
export function emitDirectContract(contraction: Contraction, target: Target): Dispatch {
  const { kernel, tile } = contraction;
  const launch = {
    label: kernel.label,
    args: kernel.args,
    workgroup: tile.across * tile.down,
    groups: tilesOf(kernel, tile).count,
    lanes: 4,
    subgroups: tile.form === "subgroups",
  } as const;
  return buildDispatch(launch, target, (builder) => {
    const body = builder.root.child(1);
    const batch = placeGroup(kernel, tile, builder, body);
    const place = placeThread(kernel, tile, builder, body, batch);
    declareAccumulators(tile, accumulatorType(kernel), body);
    multiply(contraction, builder, place);
    storeTile(kernel, tile, builder, place);
    body.flush();
  });
}

function multiply(contraction: Contraction, builder: Builder, place: Place): void {
  const { kernel, tile, a, b } = contraction;
  const loop = place.body.child(2), dtype = accumulatorType(kernel);
  const step = stepOf(a, b, kernel.k), counts = kernel.k / step;
  const counter = builder.variables.add("k", 2, counts);
  const k = (inner: number): Index => offsetIndex(scaleIndex(counter, step), inner);
  const left = leftOperand(contraction, builder, place, loop, k);
  const right = rightOperand(contraction, builder, place, loop, k);
  const inners = Array.from({ length: step }, (_, inner) => inner);
  const columns = inners.map((inner) => Array.from({ length: tile.fours }, (_, four) => right(inner, four)));
  for (let i = 0; i < tile.rows; i++) {
    const row = inners.map((inner) => loop.name(left(inner, i)));
    for (let j = 0; j < tile.fours; j++) {
      loop.lines.push(inners.map((inner) => multiplyAdd(i, j, row[inner]!, columns[inner]![j]!, dtype)).join(" "));
    }
  }
  loop.flush(`for (var k = 0u; k < ${counts}u; k++) {`, "}");
}

/** The scalar of row `i` at the `inner`-th k of the step. */
function leftOperand(
  { kernel, a, tile }: Contraction,
  builder: Builder,
  place: Place,
  scope: Scope,
  k: (inner: number) => Index,
): (inner: number, i: number) => string {
  const at = (row: Index, depth: Index): readonly Index[] => [...place.batch, row, NOWHERE, depth];
  const fetch = fetcher(kernel.a, builder, scope);
  // With subgroups, load number `u` holds what the lanes have of units `u * sharing ..`: unit i is that of one lane.
  const sharing = tile.form === "subgroups" ? tile.across : 1;
  const pick = (value: Value, position: number, unit: number): string => {
    const text = component(value, position);
    return sharing === 1 || value.level === 0 ? text : `subgroupBroadcast(${text}, ${unit % sharing}u)`;
  };
  const loadOf = (unit: number): number => Math.floor(unit / sharing);
  if (a === "k") {
    return (inner, i) => {
      const lanes = () => [0, 1, 2, 3].map((lane) => at(place.row(loadOf(i)), k(lane)));
      return pick(fetch(`${loadOf(i)}`, lanes), inner, i);
    };
  }
  if (a === "own") {
    return (inner, i) => {
      const unit = i >> 2, first = place.rowFour(loadOf(unit));
      const lanes = () => [0, 1, 2, 3].map((lane) => at(offsetIndex(first, lane), k(inner)));
      return pick(fetch(`${inner},${loadOf(unit)}`, lanes), i & 3, unit);
    };
  }
  return (inner, i) => pick(fetch(`${inner},${loadOf(i)}`, () => [at(place.row(loadOf(i)), k(inner))]), 0, i);
}

/** The vec4 of columns `4 four ..` at the `inner`-th k of the step. */
function rightOperand(
  { kernel, b }: Contraction,
  builder: Builder,
  place: Place,
  scope: Scope,
  k: (inner: number) => Index,
): (inner: number, four: number) => string {
  const at = (column: Index, depth: Index): readonly Index[] => [...place.batch, NOWHERE, column, depth];
  const fetch = fetcher(kernel.b, builder, scope);
  if (b === "k") {
    return (inner, four) => {
      const parts = [0, 1, 2, 3].map((lane) => {
        const lanes = () => [0, 1, 2, 3].map((depth) => at(place.column(four, lane), k(depth)));
        return component(fetch(`${four},${lane}`, lanes), inner);
      });
      return scope.name(`vec4<${accumulatorType(kernel)}>(${parts.join(", ")})`);
    };
  }
  return (inner, four) => {
    const lanes = () => [0, 1, 2, 3].map((lane) => at(place.column(four, lane), k(inner)));
    return widen(fetch(`${inner},${four}`, lanes), kernel.b.dtype);
  };
}

/** Evaluates an operand once per key, in a frame of the given lanes; f16 is widened to f32. */
function fetcher(
  operand: Expr,
  builder: Builder,
  scope: Scope,
): (key: string, lanes: () => Frame["lanes"]) => Value {
  const known = new Map<string, Value>();
  return (key, lanes) => {
    let value = known.get(key);
    if (!value) {
      value = builder.emitter.value(operand, { scope, lanes: lanes(), memo: new Map() });
      if (operand.dtype === "f16") {
        value = { ...value, text: scope.at(value.level).name(`${value.wide ? "vec4<f32>" : "f32"}(${value.text})`) };
      }
      known.set(key, value);
    }
    return value;
  };
}

function component(value: Value, position: number): string {
  return value.wide ? `${value.text}.${COMPONENTS[position]}` : value.text;
}
