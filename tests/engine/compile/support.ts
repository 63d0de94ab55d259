/**
 * Plans of small steps, without a device.
 *
 * @module
 */
import { type Plan, plan } from "../../../engine/compile/plan.ts";
import { trace, type Traced } from "../../../engine/compile/trace.ts";
import type { Dtype, Tensor, Type } from "../../../engine/graph/node.ts";

/** Flat records of tensors. */
export type Tensors = Record<string, Tensor>;

/** A type, f32 unless told otherwise. */
export function type(shape: readonly number[], dtype: Dtype = "f32"): Type {
  return { shape, dtype };
}

/** Types of a step's arguments. */
export interface Types {
  readonly state?: Readonly<Record<string, Type>>;
  readonly batch?: Readonly<Record<string, Type>>;
}

/** A traced step and its plan. */
export interface Planned {
  readonly traced: Traced;
  readonly plan: Plan;
}

/** Plans a step over records. */
export function planStep(
  step: (state: Tensors, batch: Tensors) => { readonly state: Tensors; readonly metrics: unknown },
  { state = {}, batch = {} }: Types,
  bindings = 32,
): Planned {
  const traced = trace(step as never, { state, batch });
  return { traced, plan: plan(traced, { bindings }) };
}

/** Plans a function of batch leaves whose results are metrics. */
export function planFunction(
  f: (x: Tensors) => Tensor | readonly Tensor[],
  batch: Readonly<Record<string, Type>>,
  bindings = 32,
): Plan {
  return planStep((state, x) => ({ state, metrics: f(x) }), { batch }, bindings).plan;
}

/** Kinds of the kernels, in order. */
export function kindsOf(plan: Plan): string[] {
  return plan.kernels.map(({ kind }) => kind);
}
