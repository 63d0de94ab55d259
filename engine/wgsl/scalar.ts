/**
 * Scalar operations as WGSL, on single elements and on four at a time.
 *
 * @module
 */
import type { Expr } from "../compile/kernel.ts";
import type { ScalarPrimitive } from "../graph/scalar_ops.ts";
import { COMPONENTS, widen } from "./frame.ts";
import type { Value } from "./scope.ts";

/** An operation applied to operands. */
export type ScalarExpr = Extract<Expr, { kind: "scalar" }>;

/** The text of an operation over operands that are already known; a vec4 when any of them is. */
export function scalarText({ op, inputs, params, dtype }: ScalarExpr, values: readonly Value[]): string {
  const types = { input: inputs.at(-1)?.dtype ?? dtype, output: dtype, params };
  if (!values.some((value) => value.wide)) return op.wgsl(values.map((value) => value.text), types);
  if (takesVectors(op, op.wgsl(["A", "B", "C", "D"], types))) {
    return op.wgsl(values.map((value, i) => widen(value, inputs[i]!.dtype)), types);
  }
  const each = COMPONENTS.map((component) =>
    op.wgsl(values.map(({ text, wide }) => wide ? `${text}.${component}` : text), types)
  );
  return `vec4<${dtype}>(${each.join(", ")})`;
}

/**
 * True for operators and plain built-in calls. Helper functions take one element, and literals and type names in a text
 * make it one for one element: those are applied to each component.
 */
function takesVectors(op: ScalarPrimitive, text: string): boolean {
  return !op.helpers?.length && !/\d|bool/.test(text);
}

/**
 * Literals that WGSL would evaluate, or refuse, at compile time must be hidden from the compiler: where all operands
 * are literals, and integer divisors and shift counts that are out of range.
 */
export function mustHide({ op, inputs, params, dtype }: ScalarExpr, position: number, text: string): boolean {
  const input = inputs[position]!;
  if (input.kind !== "constant" || !/^[-\d(]/.test(text)) return false;
  if (inputs.every(({ kind }) => kind === "constant")) return true;
  const integer = input.dtype === "u32" || input.dtype === "i32";
  if (!integer || position !== inputs.length - 1 || (input.value > 0 && input.value < 32)) return false;
  return /<<|>>|[/%]/.test(op.wgsl(["A", "B", "C", "D"], { input: input.dtype, output: dtype, params }));
}
