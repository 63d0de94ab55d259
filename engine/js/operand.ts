/**
 * Operands of a contraction: where A is read, how B gets into panels.
 *
 * A plain load whose index is a sum of a part of the batch, a part of the row and a part of k is read straight from
 * where it lies, whatever its layout: the row part becomes a table of byte offsets, the k part a stride or a table.
 * Anything else (mask * weight, a cast, a padded view) is first computed by a generated loop into a small row-major
 * block that stays in cache, and read from there.
 *
 * @module
 */
import { axesOf, type Index, strideAlong } from "../compile/index.ts";
import type { Expr } from "../compile/kernel.ts";
import { argumentName, type Context, emit, startLoop } from "./expr.ts";
import { closeFrame, type Frame, openFrame } from "./frame.ts";
import { axisName, axisToken, position } from "./position.ts";
import { indicesOf } from "./space.ts";
import { canVectorize, emitVectorLoop, type Vectors } from "./vector.ts";

/** Rows of the block that computed operands go through: whole panels of both. A is read in blocks of no more. */
export const STAGE_ROWS = 96;

/** One side of a contraction. */
export interface Operand {
  readonly value: Expr;
  /** Axis of rows (m for A, n for B) and of k, with their sizes. */
  readonly row: { readonly axis: number; readonly size: number };
  readonly k: { readonly axis: number; readonly size: number };
}

/** Texts of a block: rows `from .. from + count - 1`, elements `k0 .. k0 + length - 1`. */
export interface Block {
  readonly from: string;
  readonly count: string;
  readonly k0: string;
  readonly length: string;
}

/** Texts of where a block lies: an address, the address of the table of its rows, and its stride or table along k. */
export interface Source {
  readonly from: string;
  readonly rows: string;
  readonly along: string;
  /** True where `along` is a table. */
  readonly table: boolean;
}

/** Writes the statements after which a block lies at the source. */
export type Reader = (frame: Frame, block: Block) => Source;

/** What readers share: the context, interned tables, and the computed block (address text, elements along k). */
export interface Reading {
  readonly context: Context;
  readonly vectors: Vectors;
  readonly table: (entries: Int32Array) => string;
  readonly stage: string;
  readonly kBlock: number;
}

/** True when the operand is read from where it lies. */
export function isDirect(operand: Operand): boolean {
  const { value } = operand;
  return value.kind === "load" && value.dtype === "f32" && separate(value.index, operand) !== undefined;
}

/** The reader of an operand, of at most {@linkcode STAGE_ROWS} rows at a time unless it {@linkcode isDirect}. */
export function readerOf(operand: Operand, reading: Reading): Reader {
  const { value } = operand;
  const parts = value.kind === "load" && value.dtype === "f32" ? separate(value.index, operand) : undefined;
  return parts && value.kind === "load"
    ? directReader(operand, value.arg, parts, reading)
    : stagedReader(operand, reading);
}

/** Writes the statements that pack a block into panels at the address `to`. */
export function pack(frame: Frame, to: string, operand: Operand, read: Reader, block: Block): void {
  const call = (into: Frame, target: string, part: Block): void => {
    const { from, rows, along, table } = read(into, part);
    into.lines.push(
      `wasm.${table ? "packTable" : "pack"}(${target}, ${from}, ${rows}, ${part.count}, ${part.length}, ${along});`,
    );
  };
  if (isDirect(operand)) return call(frame, to, block);
  const { from, count, length } = block;
  const chunk = openFrame(frame);
  chunk.lines.push(`const rn = Math.min(${STAGE_ROWS}, ${from} + ${count} - r0);`);
  call(chunk, `${to} + (r0 - ${from}) * ${length} * 4`, { ...block, from: "r0", count: "rn" });
  closeFrame(chunk, `for (let r0 = ${from}; r0 < ${from} + ${count}; r0 += ${STAGE_ROWS})`);
}

/** The parts of an index that depend on the batch, on the row and on k; undefined when a term mixes them. */
function separate(index: Index, { row, k }: Operand): { base: Index; rows: Index; along: Index } | undefined {
  const parts = {
    base: [] as Index["terms"][number][],
    rows: [] as typeof index.terms[number][],
    along: [] as typeof index.terms[number][],
  };
  for (const term of index.terms) {
    const axes = axesOf({ terms: [term], offset: 0 });
    const where = axes.has(row.axis) ? "rows" : axes.has(k.axis) ? "along" : "base";
    if (where !== "base" && axes.size > 1) return undefined;
    parts[where].push(term);
  }
  const part = (terms: Index["terms"], offset = 0): Index => ({ terms, offset });
  return { base: part(parts.base, index.offset), rows: part(parts.rows), along: part(parts.along) };
}

/** Value of an index of one coordinate. */
export function evaluateIndex(index: Index, coordinate: number): number {
  return index.terms.reduce((sum, { atom, coefficient }) => {
    if (atom.kind === "coord") return sum + coefficient * coordinate;
    const of = evaluateIndex(atom.of, coordinate), quotient = Math.floor(of / atom.by);
    return sum + coefficient * (atom.kind === "div" ? quotient : of - quotient * atom.by);
  }, index.offset);
}

/** Byte offsets of all values of an index of one coordinate. */
function offsets(index: Index, size: number): Int32Array {
  return Int32Array.from({ length: size }, (_, coordinate) => 4 * evaluateIndex(index, coordinate));
}

function directReader(
  { row, k }: Operand,
  arg: number,
  parts: { readonly base: Index; readonly rows: Index; readonly along: Index },
  { table }: Reading,
): Reader {
  const rows = table(offsets(parts.rows, row.size));
  const stride = strideAlong(parts.along, k.axis);
  const steps = stride === undefined ? table(offsets(parts.along, k.size)) : "";
  return (frame, { from, k0 }) => {
    const base = position(frame, parts.base, argumentName(arg));
    const place = { rows: `${rows} + ${from} * 4`, table: stride === undefined };
    return stride === undefined
      ? { ...place, from: `${base} << 2`, along: `${steps} + ${k0} * 4` }
      : { ...place, from: `(${base} + ${k0} * ${stride}) << 2`, along: String(4 * stride) };
  };
}

function stagedReader({ value, row, k }: Operand, { context, vectors, table, stage, kBlock }: Reading): Reader {
  const contiguous = (axis: number): number =>
    indicesOf([value]).filter((index) => strideAlong(index, axis) === 1).length;
  const alongRows = contiguous(row.axis) > contiguous(k.axis);
  const [rowStep, kStep] = alongRows ? [1, STAGE_ROWS] : [kBlock, 1];
  const rows = table(Int32Array.from({ length: STAGE_ROWS }, (_, index) => 4 * rowStep * index));
  const [r, q] = [axisName(row.axis), axisName(k.axis)];
  return (frame, { from, count, k0, length }) => {
    const loops = {
      row: [axisToken(row.axis), `for (let ${r} = ${from}; ${r} < ${from} + ${count}; ${r}++)`],
      k: [axisToken(k.axis), `for (let ${q} = ${k0}; ${q} < ${k0} + ${length}; ${q}++)`],
    } as const;
    const [slow, fast] = alongRows ? [loops.k, loops.row] : [loops.row, loops.k];
    const outside = openFrame(frame, [slow[0]]);
    startLoop(context, [value]);
    const target = alongRows
      ? [`(${stage} >>> 2) + (${q} - ${k0}) * ${kStep} - ${from}`, r]
      : [`(${stage} >>> 2) + (${r} - ${from}) * ${rowStep} - ${k0}`, q];
    outside.lines.push(`const target = (${target[0]}) | 0;`);
    if (canVectorize(context, alongRows ? row : k, [value])) {
      const span = alongRows ? { axis: row.axis, from, count } : { axis: k.axis, from: k0, count: length };
      const stores = [{ address: `(target + ${span.from}) << 2`, value }];
      emitVectorLoop(vectors, context, outside, span, { folds: [], stores });
    } else {
      const inside = openFrame(outside, [fast[0]]);
      const name = emit(context, inside, value);
      inside.lines.push(`f32[(target + ${target[1]}) | 0] = ${name};`);
      closeFrame(inside, fast[1]);
    }
    closeFrame(outside, slow[1]);
    return { from: stage, rows, along: String(4 * kStep), table: false };
  };
}
