/**
 * Kernels: what devices execute. Five kinds with expression holes; an expression emits as WGSL and as JavaScript.
 *
 * Every kernel has an iteration space, axes numbered from 0, and {@linkcode Store}s that say which value goes where at
 * each point of it. Values are {@linkcode Expr} trees over loads; equal sub-expressions are the same object, so an
 * emitter names each once. Arguments are positions in `args`: equal layers give equal kernels but for the buffers they
 * are bound to, and share their compiled code.
 *
 * | kind | axes | meaning |
 * |---|---|---|
 * | map | dims | store values, elementwise |
 * | row | outer..., inner... | stages fold over the inner axes, each may use those before it; stores at either level |
 * | column | outer..., inner... | the same meaning; the outer axes are the contiguous ones, so threads run along them |
 * | contract | batch..., m, n, k | accumulator = sum over k of a * b; stores at (batch, m, n) |
 * | opaque | none | a hand-written kernel by name |
 *
 * @module
 */
import type { Dtype, Params, Type } from "../graph/node.ts";
import type { ScalarPrimitive } from "../graph/scalar_ops.ts";
import type { Bound, Index } from "./index.ts";

/** A value at a point of the iteration space. */
export type Expr =
  /** Element `index` of argument `arg`. The stored element type is that of the argument (bool is stored as u32 0/1). */
  | { readonly kind: "load"; readonly arg: number; readonly index: Index; readonly dtype: Dtype }
  | { readonly kind: "constant"; readonly value: number; readonly dtype: Dtype }
  /** The index itself as a number (iota). */
  | { readonly kind: "index"; readonly index: Index; readonly dtype: Dtype }
  | {
    readonly kind: "scalar";
    readonly op: ScalarPrimitive;
    readonly inputs: readonly Expr[];
    readonly params: Params;
    readonly dtype: Dtype;
  }
  /** `inside` when all bounds hold, else `outside`; loads of the branch not taken are never used. */
  | {
    readonly kind: "guard";
    readonly bounds: readonly Bound[];
    readonly inside: Expr;
    readonly outside: Expr;
    readonly dtype: Dtype;
  }
  /** Row and column: the result of stage `stage`. */
  | { readonly kind: "stage"; readonly stage: number; readonly dtype: Dtype }
  /** Contract: the accumulator. */
  | { readonly kind: "accumulator"; readonly dtype: Dtype };

/** What a kernel does with an argument. An `update` is read and written in place, at equal indices. */
export type Access = "read" | "write" | "update";

/** One bound buffer. */
export interface Argument {
  /** Position in the plan's list of buffers. */
  readonly buffer: number;
  /** How it is used. */
  readonly access: Access;
  /** Element type of the buffer as stored; `u32` for scalars of mixed type (loads bitcast) and for bool. */
  readonly dtype: "f32" | "i32" | "u32";
  /** Number of elements. */
  readonly length: number;
}

/** Writes `value` to element `index` of argument `arg`. */
export interface Store {
  /** Argument written. */
  readonly arg: number;
  /** Element written. */
  readonly index: Index;
  /** What is written. */
  readonly value: Expr;
  /** Row and column kernels: once per outer point, or at every (outer, inner) point. */
  readonly level: "outer" | "full";
}

/** What all kernels have. */
export interface KernelBase {
  /** Names of the operations inside, for labels, timings and `explain()`. */
  readonly label: string;
  /** Bound buffers; expressions name them by position. */
  readonly args: readonly Argument[];
}

/** Elementwise, several outputs over one iteration space. Axes: dims. */
export interface MapKernel extends KernelBase {
  /** Elementwise. */
  readonly kind: "map";
  /** Sizes of the axes. */
  readonly dims: readonly number[];
  /** What is written at each point. */
  readonly stores: readonly Store[];
}

/** How a stage folds: sum from 0, max from -infinity (integers: the least), min from +infinity. */
export type Fold = "sum" | "max" | "min";

/** Chained reductions over the inner axes. Axes: outer, then inner. */
export interface ReduceKernel extends KernelBase {
  /** "row" where the inner axes are the contiguous ones, "column" where the outer ones are. */
  readonly kind: "row" | "column";
  /** Sizes of the axes that stay. */
  readonly outer: readonly number[];
  /** Sizes of the axes that are folded. */
  readonly inner: readonly number[];
  /** Folds, each of which may use those before it. */
  readonly stages: readonly { readonly fold: Fold; readonly value: Expr; readonly dtype: Dtype }[];
  /** What is written, at either level. */
  readonly stores: readonly Store[];
}

/** Batched matrix product with expressions on loads and stores. Axes: batch, m, n, k. */
export interface ContractKernel extends KernelBase {
  /** Batched matrix product. */
  readonly kind: "contract";
  /** Sizes of the batch axes. */
  readonly batch: readonly number[];
  /** Rows of the result. */
  readonly m: number;
  /** Columns of the result. */
  readonly n: number;
  /** Length of the sum. */
  readonly k: number;
  /** Left operand at (batch, m, k): does not depend on n. */
  readonly a: Expr;
  /** Right operand at (batch, k, n): does not depend on m. */
  readonly b: Expr;
  /** What is written at each (batch, m, n). */
  readonly stores: readonly Store[];
}

/** A hand-written kernel, lowered by name. Arguments: inputs, then outputs, then scratch. */
export interface OpaqueKernel extends KernelBase {
  /** Written by hand. */
  readonly kind: "opaque";
  /** Name of the primitive. */
  readonly op: string;
  /** Its parameters. */
  readonly params: Params;
  /** Types of its operands. */
  readonly inputs: readonly Type[];
  /** Types of its results. */
  readonly outputs: readonly Type[];
  /** Types of its scratch buffers. */
  readonly scratch: readonly Type[];
}

/** What devices execute. */
export type Kernel = MapKernel | ReduceKernel | ContractKernel | OpaqueKernel;

/** Bytes of one stored element (bool is stored as u32). */
export function bytesPerElement(dtype: Dtype): number {
  return dtype === "f16" ? 2 : 4;
}

/** Children of an expression. */
export function childrenOf(expr: Expr): readonly Expr[] {
  return expr.kind === "scalar" ? expr.inputs : expr.kind === "guard" ? [expr.inside, expr.outside] : [];
}

/** Visits each distinct sub-expression once, operands first. */
export function visitExpr(roots: readonly Expr[], visit: (expr: Expr) => void): void {
  const seen = new Set<Expr>();
  const walk = (expr: Expr): void => {
    if (seen.has(expr)) return;
    seen.add(expr);
    childrenOf(expr).forEach(walk);
    visit(expr);
  };
  roots.forEach(walk);
}

/** All top-level expressions of a kernel: stage values, contract operands, stored values. */
export function expressionsOf(kernel: Kernel): readonly Expr[] {
  switch (kernel.kind) {
    case "map":
      return kernel.stores.map((store) => store.value);
    case "row":
    case "column":
      return [...kernel.stages.map((stage) => stage.value), ...kernel.stores.map((store) => store.value)];
    case "contract":
      return [kernel.a, kernel.b, ...kernel.stores.map((store) => store.value)];
    case "opaque":
      return [];
  }
}
