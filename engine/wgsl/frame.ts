/**
 * Frames: where expressions are evaluated, and how the lanes of an access lie.
 *
 * @module
 */
import { type Index, indexKey, offsetIndex } from "../compile/index.ts";
import type { Expr } from "../compile/kernel.ts";
import type { Dtype } from "../graph/node.ts";
import type { Scope, Value } from "./scope.ts";

/** Where expressions are evaluated: a block, the kernel's coordinates there, and what stands for stages. */
export interface Frame {
  /** The block that statements go to (or one of its parents). */
  readonly scope: Scope;
  /** The kernel's coordinates over the variables, one set per lane. */
  readonly lanes: readonly (readonly Index[])[];
  /** Values of stages and of the accumulator. */
  readonly leaf?: (expr: Expr) => Value;
  /** Values known so far. */
  readonly memo: Map<Expr, Value>;
  /** The frame that this one branches off. */
  readonly outer?: Frame;
}

/** Component names of a vec4. */
export const COMPONENTS = ["x", "y", "z", "w"] as const;

/** A value as a vec4. */
export function widen(value: Value, dtype: Dtype): string {
  return value.wide ? value.text : `vec4<${dtype}>(${value.text})`;
}

/** How lanes lie: all on one element, on four aligned neighbours, or anyhow. */
export function alignment(lanes: readonly Index[]): "equal" | "aligned" | "scattered" {
  const first = indexKey(lanes[0]!);
  if (lanes.every((lane) => indexKey(lane) === first)) return "equal";
  const neighbours = lanes.every((lane, i) => indexKey(lane) === indexKey(offsetIndex(lanes[0]!, i)));
  const starts = lanes[0]!.offset % 4 === 0 && lanes[0]!.terms.every(({ coefficient }) => coefficient % 4 === 0);
  return neighbours && starts ? "aligned" : "scattered";
}
