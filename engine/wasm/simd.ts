/**
 * Instructions on 128-bit vectors that generated loops need, beside those of the microkernels in `assembler.ts`.
 *
 * @module
 */
import { type Code, i32, type Instruction, simd, unsigned } from "./assembler.ts";

const bytesOf = (lanes: Float32Array | Int32Array): number[] => [...new Uint8Array(lanes.buffer)];
const constant = (lanes: Float32Array | Int32Array): Code => [0xfd, ...unsigned(0x0c), ...bytesOf(lanes)];
const shift = (code: number) => (vector: Code, by: number): Code => simd(code)(vector, i32.const(by));

/** Four f32 lanes. `pmin(a, b)` is `b < a ? b : a` and `pmax(a, b)` is `a < b ? b : a`; `min` and `max` hand on NaN. */
export const floats: Readonly<
  Record<
    | ("eq" | "ne" | "lt" | "le" | "nearest" | "abs" | "neg" | "sqrt" | "add" | "sub" | "mul" | "div")
    | ("min" | "max" | "pmin" | "pmax" | "truncate"),
    Instruction
  >
> = {
  eq: simd(0x41),
  ne: simd(0x42),
  lt: simd(0x43),
  le: simd(0x45),
  nearest: simd(0x6a),
  abs: simd(0xe0),
  neg: simd(0xe1),
  sqrt: simd(0xe3),
  add: simd(0xe4),
  sub: simd(0xe5),
  mul: simd(0xe6),
  div: simd(0xe7),
  min: simd(0xe8),
  max: simd(0xe9),
  pmin: simd(0xea),
  pmax: simd(0xeb),
  truncate: simd(0xf8),
};

/** The same number in four f32 lanes. */
export function float(value: number): Code {
  return constant(new Float32Array(4).fill(value));
}

/** Four i32 lanes. */
export const integers: {
  readonly of: (...lanes: readonly number[]) => Code;
  readonly splat: Instruction;
  readonly gtS: Instruction;
  readonly add: Instruction;
  readonly sub: Instruction;
  readonly shl: (vector: Code, by: number) => Code;
  readonly shrS: (vector: Code, by: number) => Code;
} = {
  of: (...lanes) => constant(Int32Array.from(lanes)),
  splat: simd(0x11),
  gtS: simd(0x3b),
  add: simd(0xae),
  sub: simd(0xb1),
  shl: shift(0xab),
  shrS: shift(0xac),
};

/** All 128 bits. `select(a, b, mask)` takes a where the mask is set. */
export const bits: Readonly<Record<"not" | "and" | "or" | "select", Instruction>> = {
  not: simd(0x4d),
  and: simd(0x4e),
  or: simd(0x50),
  select: simd(0x52),
};

/** Two f64 lanes; `promote` widens the lower two of four f32, `demote` fills the lower two. */
export const doubles: Readonly<Record<"add" | "promote" | "demote", Instruction>> = {
  add: simd(0xf0),
  promote: simd(0x5f),
  demote: simd(0x5e),
};

/** Stores one f32 lane. */
export function storeLane(address: Code, value: Code, lane: number, offset = 0): Code {
  return [...address, ...value, 0xfd, 0x5a, 2, ...unsigned(offset), lane];
}
