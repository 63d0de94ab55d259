/**
 * The graph: immutable tensors, hash-consed. Building nodes *is* tracing.
 *
 * A {@linkcode Tensor} names a value that some program will compute; it holds no data. Inside a trace two equal
 * nodes are the same object, so common sub-expressions cost nothing. Ids grow with creation, hence ascending id is a
 * topological order and descending id its reverse: no pass ever needs a sort of its own.
 *
 * @module
 */

import { product } from "../shape.ts";

/** Element types. `bool` exists in expressions only: stored flags are packed into u32 (`packBits`). */
export type Dtype = "f32" | "f16" | "i32" | "u32" | "bool";

/** Static shape and element type of a tensor. */
export interface Type {
  /** Sizes, outermost first; `[]` is a rank-0 tensor. */
  readonly shape: readonly number[];
  /** Element type. */
  readonly dtype: Dtype;
}

/** What fusion needs to know of a primitive. Lowering is by kind, never by name. */
export type Kind =
  | "leaf" // a program input, literal data, a constant or an iota: no inputs
  | "marker" // its first input, with a gradient of its own; lowering erases it
  | "scalar" // elementwise over equal shapes
  | "view" // another reading of the same elements
  | "piecewise" // other elements in other regions: pad, concat
  | "reduce" // folds axes away
  | "contract" // batched matrix product
  | "opaque"; // a hand-written kernel

/** Static parameters of a node. Values must be JSON; functions and data go in {@linkcode Tensor.attachment}. */
// deno-lint-ignore no-explicit-any
export type Params = Readonly<Record<string, any>>;

/** An operation: how to type it and how to differentiate it. */
export interface Primitive {
  /** Unique name, used in errors, `explain()` and hash-consing. */
  readonly name: string;
  /** What fusion may do with it. */
  readonly kind: Kind;
  /** Result type. All argument checks are here; every error names the operation, the shapes and the remedy. */
  infer(inputs: readonly Tensor[], params: Params): Type;
  /**
   * Cotangents of the inputs, as graph, given the cotangent of the output. `null` where there is none. Absent: the
   * operation has no gradient (integers, comparisons): cotangents stop here.
   */
  vjp?(cotangent: Tensor, node: Tensor): readonly (Tensor | null)[];
}

/** One node of the graph. */
export interface Tensor extends Type {
  /** Creation number: ascending ids are a topological order. */
  readonly id: number;
  /** The operation. */
  readonly op: Primitive;
  /** Operands. */
  readonly inputs: readonly Tensor[];
  /** Static parameters. */
  readonly params: Params;
  /** Data of a literal, functions of a marker: compared by identity. */
  readonly attachment?: unknown;
}

/** Raised for arguments that an operation cannot take. */
export class ShapeError extends Error {
  /** Error class name. */
  override readonly name = "ShapeError";
}

let nextId = 0;
let table: Map<string, Tensor> | undefined;
let simplifier: ((op: Primitive, inputs: readonly Tensor[], params: Params) => Tensor | undefined) | undefined;
const identities = new WeakMap<object, number>();
let nextIdentity = 0;

function identity(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value !== "object" && typeof value !== "function") return String(value);
  let known = identities.get(value as object);
  if (known === undefined) identities.set(value as object, known = ++nextIdentity);
  return `@${known}`;
}

/** JSON writes -0 as 0 and what is not finite as null: as text they stay apart. */
function distinct(_key: string, value: unknown): unknown {
  if (typeof value !== "number") return value;
  return Object.is(value, -0) ? "-0" : Number.isFinite(value) ? value : String(value);
}

/**
 * Makes the node `op(inputs; params)`, or returns the equal one that the running trace already has, or something
 * simpler of the same value.
 *
 * @throws {ShapeError} when the operation cannot take these inputs.
 */
export function apply(op: Primitive, inputs: readonly Tensor[], params: Params = {}, attachment?: unknown): Tensor {
  const type = op.infer(inputs, params);
  const simpler = simplifier?.(op, inputs, params);
  if (simpler) return simpler;
  const key = table &&
    `${op.name}(${inputs.map((input) => input.id).join()})${JSON.stringify(params, distinct)}${identity(attachment)}`;
  const known = key && table!.get(key);
  if (known) return known;
  const node: Tensor = {
    id: nextId++,
    op,
    inputs,
    params,
    shape: type.shape,
    dtype: type.dtype,
    ...(attachment === undefined ? {} : { attachment }),
  };
  if (key) table!.set(key, node);
  return node;
}

/** The id that the next new node will have: all nodes with smaller ones exist already. */
export function nextNodeId(): number {
  return nextId;
}

/** Runs `build` with a fresh table of nodes: equal nodes made inside are one object. The table dies with the call. */
export function withTable<T>(build: () => T): T {
  const outer = table;
  table = new Map();
  try {
    return build();
  } finally {
    table = outer;
  }
}

/** Installs the rules that `apply` consults (`undefined` for none, as property tests do). Returns the previous ones. */
export function setSimplifier(rules: typeof simplifier): typeof simplifier {
  const previous = simplifier;
  simplifier = rules;
  return previous;
}

/** Number of elements. */
export function sizeOf(type: { readonly shape: readonly number[] }): number {
  return product(type.shape);
}

/** `f32[8,128]`, for errors and `explain()`. */
export function formatType(type: Type): string {
  return `${type.dtype}[${type.shape.join()}]`;
}

/** True when both shapes have the same sizes. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
