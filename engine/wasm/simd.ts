/**
 * Instructions on 128-bit vectors that generated loops need, beside those of the microkernels in `assembler.ts`.
 *
 * @module
 */
import { assemble, type Code, f32x4, i32, type Instruction, simd, unsigned, v128, wasmFunction } from "./assembler.ts";

const bytesOf = (lanes: Float32Array | Int32Array): number[] => [...new Uint8Array(lanes.buffer)];
const constant = (lanes: Float32Array | Int32Array): Code => [0xfd, ...unsigned(0x0c), ...bytesOf(lanes)];
const shift = (code: number) => (vector: Code, by: number): Code => simd(code)(vector, i32.const(by));

/** Four f32 lanes. `pmin(a, b)` is `b < a ? b : a` and `pmax(a, b)` is `a < b ? b : a`, so that a NaN in a stays. */
export const floats: Readonly<
  Record<
    | ("eq" | "ne" | "lt" | "le" | "floor" | "abs" | "neg" | "sqrt" | "add" | "sub" | "mul" | "div")
    | ("pmin" | "pmax" | "convertS" | "convertU"),
    Instruction
  >
> = {
  eq: simd(0x41),
  ne: simd(0x42),
  lt: simd(0x43),
  le: simd(0x45),
  floor: simd(0x68),
  abs: simd(0xe0),
  neg: simd(0xe1),
  sqrt: simd(0xe3),
  add: simd(0xe4),
  sub: simd(0xe5),
  mul: simd(0xe6),
  div: simd(0xe7),
  pmin: simd(0xea),
  pmax: simd(0xeb),
  convertS: simd(0xfa),
  convertU: simd(0xfb),
};

/** A number in all four f32 lanes: `splat(constant)`, and a constant vector. */
export const splatFloat = (value: number): Code => simd(0x13)([0x43, ...new Uint8Array(Float32Array.of(value).buffer)]);

/** The same number in four f32 lanes, as a constant. */
export function float(value: number): Code {
  return constant(new Float32Array(4).fill(value));
}

let relaxed: boolean | undefined;

/** True where the runtime knows relaxed SIMD. */
export function hasRelaxedMadd(): boolean {
  return relaxed ??= WebAssembly.validate(assemble([
    wasmFunction("probe", 1, ([at]) => {
      const value = v128.load(at!.get);
      return v128.store(at!.get, f32x4.relaxedMadd(value, value, value));
    }),
  ]));
}

/** `a * b + c`, rounded once where the runtime can. */
export function multiplyAdd(a: Code, b: Code, c: Code): Code {
  return hasRelaxedMadd() ? f32x4.relaxedMadd(a, b, c) : floats.add(floats.mul(a, b), c);
}

type IntegerInstructions =
  & Readonly<
    Record<
      | ("splat" | "eq" | "ne" | "ltS" | "ltU" | "gtS" | "leS" | "leU" | "abs" | "neg" | "add" | "sub" | "mul")
      | ("minS" | "minU" | "maxS" | "maxU"),
      Instruction
    >
  >
  & Readonly<Record<"shl" | "shrS" | "shrU", (vector: Code, by: number) => Code>>
  & { readonly of: (...lanes: readonly number[]) => Code };

/** Four i32 lanes; `S` and `U` tell how their bits are read. */
export const integers: IntegerInstructions = {
  of: (...lanes) => constant(Int32Array.from(lanes)),
  splat: simd(0x11),
  eq: simd(0x37),
  ne: simd(0x38),
  ltS: simd(0x39),
  ltU: simd(0x3a),
  gtS: simd(0x3b),
  leS: simd(0x3d),
  leU: simd(0x3e),
  abs: simd(0xa0),
  neg: simd(0xa1),
  shl: shift(0xab),
  shrS: shift(0xac),
  shrU: shift(0xad),
  add: simd(0xae),
  sub: simd(0xb1),
  mul: simd(0xb5),
  minS: simd(0xb6),
  minU: simd(0xb7),
  maxS: simd(0xb8),
  maxU: simd(0xb9),
};

/** All 128 bits. `select(a, b, mask)` takes a where the mask is set. */
export const bits: Readonly<Record<"not" | "and" | "or" | "xor" | "select", Instruction>> = {
  not: simd(0x4d),
  and: simd(0x4e),
  or: simd(0x50),
  xor: simd(0x51),
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
