/**
 * Contraction straight from storage, for devices where workgroup memory is no faster than a buffer.
 *
 * Each step of the k loop takes four k (one where neither operand is contiguous along k), loads the thread's rows of
 * the left and columns of the right operand, and adds all their products. The scopes hoist what does not depend on k.
 *
 * @module
 */
import { type Index, offsetIndex, scaleIndex } from "../compile/index.ts";
import type { Contraction } from "./contract.ts";
import {
  accumulatorType,
  declareAccumulators,
  multiplyAdd,
  NOWHERE,
  type Place,
  placeGroup,
  placeThread,
  storeTile,
  tilesOf,
} from "./contract_tile.ts";
import { COMPONENTS, type Frame, widen } from "./frame.ts";
import { buildDispatch, type Builder } from "./module.ts";
import type { Scope, Value } from "./scope.ts";
import type { Dispatch, Target } from "./target.ts";

/** Emits a contraction that keeps everything in registers. */
export function emitRegisterContract(contraction: Contraction, target: Target): Dispatch {
  const { kernel, tile } = contraction;
  const launch = {
    label: kernel.label,
    args: kernel.args,
    workgroup: tile.across * tile.down,
    groups: tilesOf(kernel, tile).count,
    lanes: 4,
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
  const loop = place.body.child(2);
  const step = a === "k" || b === "k" ? 4 : 1;
  const counter = builder.variables.add("k", 2, kernel.k / step);
  const k = (inner: number): Index => offsetIndex(scaleIndex(counter, step), inner);
  const dtype = accumulatorType(kernel);
  const left = leftOperand(contraction, builder, place, loop, k);
  const right = rightOperand(contraction, builder, place, loop, k);
  for (let inner = 0; inner < step; inner++) {
    const fours = Array.from({ length: tile.fours }, (_, four) => right(inner, four));
    for (let i = 0; i < tile.rows; i++) loop.lines.push(multiplyAdd(i, left(inner, i), fours, dtype));
  }
  loop.flush(`for (var k = 0u; k < ${kernel.k / step}u; k++) {`, "}");
}

/** The scalar of row `i` at the `inner`-th k of the step. */
function leftOperand(
  { kernel, a }: Contraction,
  builder: Builder,
  place: Place,
  scope: Scope,
  k: (inner: number) => Index,
): (inner: number, i: number) => string {
  const at = (row: Index, depth: Index): readonly Index[] => [...place.batch, row, NOWHERE, depth];
  const fetch = fetcher(kernel.a, builder, scope);
  if (a === "k") {
    return (inner, i) => component(fetch(`${i}`, () => [0, 1, 2, 3].map((lane) => at(place.row(i), k(lane)))), inner);
  }
  if (a === "own") {
    return (inner, i) => {
      const group = i >> 2, first = place.rowFour(group);
      const lanes = () => [0, 1, 2, 3].map((lane) => at(offsetIndex(first, lane), k(inner)));
      return component(fetch(`${inner},${group}`, lanes), i & 3);
    };
  }
  return (inner, i) => fetch(`${inner},${i}`, () => [at(place.row(i), k(inner))]).text;
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
      const parts = [0, 1, 2, 3].map((lane) =>
        component(
          fetch(`${four},${lane}`, () => [0, 1, 2, 3].map((depth) => at(place.column(four, lane), k(depth)))),
          inner,
        )
      );
      return scope.name(`vec4<${accumulatorType(kernel)}>(${parts.join(", ")})`);
    };
  }
  return (inner, four) =>
    widen(
      fetch(`${inner},${four}`, () => [0, 1, 2, 3].map((lane) => at(place.column(four, lane), k(inner)))),
      kernel.b.dtype,
    );
}

/** Evaluates an operand once per key, in a frame of the given lanes; f16 is widened to f32. */
function fetcher(
  operand: Contraction["kernel"]["a"],
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
