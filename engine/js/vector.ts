/**
 * Innermost loops as calls of WebAssembly SIMD functions, where all that varies along the loop is contiguous.
 *
 * The loops around stay JavaScript: they compute addresses, and values that do not change along the innermost axis,
 * which go into cells of working space that the function reads. What the functions cannot express (guards, strides,
 * some operations) keeps its loop in JavaScript; the choice is made per kernel, so every part of it does the same.
 *
 * @module
 */
import { type Index, strideAlong } from "../compile/index.ts";
import { childrenOf, type Expr, type Fold } from "../compile/kernel.ts";
import type { Dtype } from "../graph/node.ts";
import { memoryImport, modulePieces, type WasmFunction } from "../wasm/assembler.ts";
import { isVector, type Leaf, MOST_CELLS, RESULTS, vectorFunction } from "../wasm/vector.ts";
import { argumentName, type Context, emit, viewOf } from "./expr.ts";
import { changesAlong } from "./fold.ts";
import type { Frame } from "./frame.ts";
import { axisToken, position } from "./position.ts";

/** Shorter loops than this are not worth a call. */
const LEAST = 16;

/** Vector loops of one kernel; the byte address of its cells is named `cells`. */
export interface Vectors {
  readonly functions: WasmFunction[];
}

/** `count` rounds of an axis, beginning at `from`; texts. */
export interface Span {
  readonly axis: number;
  readonly from: string;
  readonly count: string;
}

/** Address (text, in bytes) of the first element of a value that lies at consecutive places, if it does; in f64, wide. */
export type Placed = (expr: Expr) => { readonly address: string; readonly wide?: boolean } | undefined;

/** What a loop computes. */
export interface LoopBody {
  readonly folds: readonly { readonly fold: Fold; readonly value: Expr }[];
  readonly stores: readonly { readonly address: string; readonly value: Expr }[];
  /** Values to fold into memory, element by element. */
  readonly accumulations?: readonly { readonly address: string; readonly fold: Fold; readonly value: Expr }[];
  /** Values that lie somewhere although they are no loads: the accumulator, values kept by an earlier loop. */
  readonly placed?: Placed;
}

const nowhere: Placed = () => undefined;

/** True when a loop over `axis` can compute all of `values`, those given by `placed` included. */
export function canVectorize(
  context: Context,
  { axis, size }: { readonly axis: number; readonly size: number },
  values: readonly Expr[],
  placed: Placed = nowhere,
): boolean {
  const changes = changesAlong(context, new Set([axisToken(axis)]));
  const isLeaf = (expr: Expr): boolean =>
    placed(expr) !== undefined || isStream(expr, axis) || rampStep(expr, axis) !== undefined || !changes(expr);
  if (size < LEAST || !values.every((value) => isVector(value, isLeaf))) return false;
  const uniforms = new Set<Expr>();
  const seen = new Set<Expr>();
  const walk = (expr: Expr): void => {
    if (seen.has(expr) || expr.kind === "constant" || placed(expr) !== undefined || isStream(expr, axis)) return;
    seen.add(expr);
    if (!changes(expr) || rampStep(expr, axis) !== undefined) uniforms.add(expr);
    else childrenOf(expr).forEach(walk);
  };
  values.forEach(walk);
  return uniforms.size <= MOST_CELLS;
}

function isStream(expr: Expr, axis: number): boolean {
  return expr.kind === "load" && expr.dtype !== "f16" && strideAlong(expr.index, axis) === 1;
}

/** By how much an index grows along the axis, for indices that are values themselves. */
function rampStep(expr: Expr, axis: number): number | undefined {
  return expr.kind === "index" && (expr.dtype === "i32" || expr.dtype === "u32")
    ? strideAlong(expr.index, axis)
    : undefined;
}

/** An index at the beginning of a span, and where it lies there. */
function atStart(frame: Frame, index: Index, { axis, from }: Span, base?: string): string {
  const terms = index.terms.filter(({ atom }) => atom.kind !== "coord" || atom.axis !== axis);
  const step = strideAlong(index, axis)!;
  return `(${position(frame, { ...index, terms }, base)} + ${step === 1 ? from : `${from} * ${step}`})`;
}

/** Text of the byte address of the element at the beginning of a span. */
export function addressOf(frame: Frame, index: Index, arg: number, span: Span): string {
  return `${atStart(frame, index, span, argumentName(arg))} << 2`;
}

/** Text of the result of fold number `fold` of the loop that ran last. */
export function foldResult(fold: number, dtype: Dtype): string {
  return `${viewOf(dtype)}[(cells >>> 2) + ${RESULTS / 4 + fold}]`;
}

/** Statement that puts a uniform, a text, into its cell. */
function fillCell(cell: number, dtype: Dtype, value: string): string {
  const at = `[(cells >>> 2) + ${cell}]`;
  return dtype === "bool" ? `i32${at} = ${value} ? -1 : 0;` : `${viewOf(dtype)}${at} = ${value};`;
}

/** Writes a loop for which {@linkcode canVectorize} holds. */
export function emitVectorLoop(vectors: Vectors, context: Context, frame: Frame, span: Span, body: LoopBody): void {
  const { folds, stores, accumulations = [], placed = nowhere } = body;
  const changes = changesAlong(context, new Set([axisToken(span.axis)]));
  const streams: string[] = [], uniforms: string[] = [];
  const leaves = new Map<Expr, Leaf>();
  const stream = (address: string): number => {
    const known = streams.indexOf(address);
    return known >= 0 ? known : streams.push(address) - 1;
  };
  const seen = new Set<Expr>();
  const walk = (expr: Expr): void => {
    if (seen.has(expr) || expr.kind === "constant") return;
    seen.add(expr);
    const place = placed(expr);
    if (place !== undefined) leaves.set(expr, { stream: stream(place.address), wide: place.wide === true });
    else if (!changes(expr)) {
      const cell = uniforms.length;
      leaves.set(expr, { uniform: cell });
      uniforms.push(fillCell(cell, expr.dtype, emit(context, frame, expr)));
    } else if (expr.kind === "index") {
      const cell = uniforms.length;
      leaves.set(expr, { ramp: cell, step: rampStep(expr, span.axis)! });
      uniforms.push(fillCell(cell, expr.dtype, atStart(frame, expr.index, span)));
    } else if (expr.kind === "load") leaves.set(expr, { stream: stream(addressOf(frame, expr.index, expr.arg, span)) });
    else childrenOf(expr).forEach(walk);
  };
  [...stores, ...folds, ...accumulations].forEach(({ value }) => walk(value));
  const targets = stores.map(({ address, value }) => ({ stream: stream(address), value }));
  const sums = accumulations.map(({ address, fold, value }) => ({ stream: stream(address), fold, value }));
  const name = `loop${vectors.functions.length}`;
  const sizes = { name, streams: streams.length, uniforms: uniforms.length };
  vectors.functions.push(vectorFunction({ ...sizes, leaves, folds, stores: targets, accumulations: sums }));
  frame.lines.push(...uniforms);
  frame.lines.push(`vectors.${name}(${[span.count, "cells", ...streams].join(", ")});`);
}

/** Text that makes `vectors`, the functions of a kernel; nothing where it has none. */
export function vectorConstants({ functions }: Vectors): readonly string[] {
  if (functions.length === 0) return [];
  const { before, after } = modulePieces(functions);
  const text = (bytes: readonly number[]): string => `atob("${btoa(String.fromCharCode(...bytes))}")`;
  return [
    "const memory = wasm.memory, shared = !(memory.buffer instanceof ArrayBuffer);",
    `const imported = shared ? ${text(memoryImport(true))} : ${text(memoryImport(false))};`,
    `const code = ${text(before)} + imported +`,
    `  ${text(after)};`,
    "const module = new WebAssembly.Module(Uint8Array.from(code, (byte) => byte.charCodeAt(0)));",
    "const vectors = new WebAssembly.Instance(module, { env: { memory } }).exports;",
  ];
}
