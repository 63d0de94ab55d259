/**
 * Scalar operations on four lanes: what of the scalar table generated vector loops can express.
 *
 * Flags are lanes of all ones or all zeros. f32 results are rounded at every operation, where loops in JavaScript keep
 * f64 until they store; integers wrap, as they do there.
 *
 * @module
 */
import type { Expr } from "../compile/kernel.ts";
import type { Dtype } from "../graph/node.ts";
import type { Code } from "./assembler.ts";
import { bits, floats, integers } from "./simd.ts";
import { erf, exp, type Parts, tanh, type VectorRule } from "./vector_math.ts";

type Rules = Readonly<Record<string, VectorRule>>;

const one = ([a]: readonly Code[], { integer }: Parts): Code => bits.and(a!, integer(1));

const floatRules: Rules = {
  neg: ([a]) => floats.neg(a!),
  abs: ([a]) => floats.abs(a!),
  floor: ([a]) => floats.floor(a!),
  sqrt: ([a]) => floats.sqrt(a!),
  rsqrt: ([a], { float }) => floats.div(float(1), floats.sqrt(a!)),
  exp,
  erf,
  tanh,
  add: ([a, b]) => floats.add(a!, b!),
  sub: ([a, b]) => floats.sub(a!, b!),
  mul: ([a, b]) => floats.mul(a!, b!),
  div: ([a, b]) => floats.div(a!, b!),
  max: ([a, b]) => floats.pmax(a!, b!),
  min: ([a, b]) => floats.pmin(a!, b!),
  equal: ([a, b]) => floats.eq(a!, b!),
  notEqual: ([a, b]) => floats.ne(a!, b!),
  less: ([a, b]) => floats.lt(a!, b!),
  lessEqual: ([a, b]) => floats.le(a!, b!),
  isFinite: ([a], { integer }) => integers.ltS(bits.and(a!, integer(0x7fffffff)), integer(0x7f800000)),
  isNaN: ([a]) => floats.ne(a!, a!),
};

/** Integers of either kind. */
const wholeRules: Rules = {
  add: ([a, b]) => integers.add(a!, b!),
  sub: ([a, b]) => integers.sub(a!, b!),
  mul: ([a, b]) => integers.mul(a!, b!),
  equal: ([a, b]) => integers.eq(a!, b!),
  notEqual: ([a, b]) => integers.ne(a!, b!),
};

const signedRules: Rules = {
  ...wholeRules,
  neg: ([a]) => integers.neg(a!),
  abs: ([a]) => integers.abs(a!),
  max: ([a, b]) => integers.maxS(a!, b!),
  min: ([a, b]) => integers.minS(a!, b!),
  less: ([a, b]) => integers.ltS(a!, b!),
  lessEqual: ([a, b]) => integers.leS(a!, b!),
};

/** Threefry-2x32 with 20 rounds, its first output word; see `graph/scalar_helpers.ts`. */
const threefry: VectorRule = ([k0, k1, c0, c1], { local, integer }) => {
  const keys = [local("v128"), local("v128"), local("v128")];
  const [x0, x1] = [local("v128"), local("v128")];
  const rotated = (by: number): Code => bits.or(integers.shl(x1.get, by), integers.shrU(x1.get, 32 - by));
  const round = (by: number): Code => [
    ...x0.set(integers.add(x0.get, x1.get)),
    ...x1.set(bits.xor(rotated(by), x0.get)),
  ];
  const key = (number: number): Code => keys[number % 3]!.get;
  const block = (number: number): Code => [
    ...(number & 1 ? [17, 29, 16, 24] : [13, 15, 26, 6]).flatMap(round),
    ...x0.set(integers.add(x0.get, key(number + 1))),
    ...x1.set(integers.add(integers.add(x1.get, key(number + 2)), integer(number + 1))),
  ];
  return [
    ...keys[0]!.set(k0!),
    ...keys[1]!.set(k1!),
    ...keys[2]!.set(bits.xor(bits.xor(key(0), key(1)), integer(0x1bd11bda))),
    ...x0.set(integers.add(c0!, key(0))),
    ...x1.set(integers.add(c1!, key(1))),
    ...[0, 1, 2, 3, 4].flatMap(block),
    ...x0.get,
  ];
};

const unsignedRules: Rules = {
  ...wholeRules,
  max: ([a, b]) => integers.maxU(a!, b!),
  min: ([a, b]) => integers.minU(a!, b!),
  less: ([a, b]) => integers.ltU(a!, b!),
  lessEqual: ([a, b]) => integers.leU(a!, b!),
  threefry,
};

/** Operations that act on bits, whatever these mean. */
const bitRules: Rules = {
  copy: ([a]) => a!,
  bitcast: ([a]) => a!,
  not: ([a]) => bits.not(a!),
  and: ([a, b]) => bits.and(a!, b!),
  or: ([a, b]) => bits.or(a!, b!),
  xor: ([a, b]) => bits.xor(a!, b!),
  select: ([condition, a, b]) => bits.select(a!, b!, condition!),
};

const castRules: Readonly<Record<string, VectorRule>> = {
  "bool f32": ([a], { float }) => bits.and(a!, float(1)),
  "bool i32": one,
  "bool u32": one,
  "i32 f32": ([a]) => floats.convertS(a!),
  "u32 f32": ([a]) => floats.convertU(a!),
  "i32 u32": ([a]) => a!,
  "u32 i32": ([a]) => a!,
  "f32 bool": ([a], { float }) => floats.ne(a!, float(0)),
  "i32 bool": ([a], { integer }) => integers.ne(a!, integer(0)),
  "u32 bool": ([a], { integer }) => integers.ne(a!, integer(0)),
};

const rulesOf: Readonly<Record<Dtype, Rules>> = {
  f32: floatRules,
  i32: signedRules,
  u32: unsignedRules,
  bool: { equal: ([a, b]) => bits.not(bits.xor(a!, b!)), notEqual: ([a, b]) => bits.xor(a!, b!) },
  f16: {},
};

/** The rule of an operation; undefined where lanes cannot do it (a shift by lanes, f32 to integer, integer division). */
export function ruleOf({ op, inputs, dtype }: Expr & { kind: "scalar" }): VectorRule | undefined {
  const input = inputs.at(-1)!;
  if (input.dtype === "f16" || dtype === "f16") return undefined;
  const own = (rules: Rules, name: string): VectorRule | undefined =>
    Object.hasOwn(rules, name) ? rules[name] : undefined;
  if (op.name === "cast") return input.dtype === dtype ? bitRules.copy : own(castRules, `${input.dtype} ${dtype}`);
  if (op.name === "shiftLeft" || op.name === "shiftRight") {
    if (input.kind !== "constant") return undefined;
    const shift = op.name === "shiftLeft" ? integers.shl : integers.shrU;
    return ([a]) => shift(a!, input.value & 31);
  }
  return own(bitRules, op.name) ?? own(rulesOf[input.dtype], op.name);
}
