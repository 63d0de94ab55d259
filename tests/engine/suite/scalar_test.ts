import assert from "node:assert/strict";
import { apply, type Dtype, ShapeError, type Tensor } from "../../../engine/graph/node.ts";
import { scalarOps } from "../../../engine/graph/scalar_ops.ts";
import { inputTensor } from "../../../engine/graph/input.ts";
import * as o from "../../../engine/ops.ts";
import type { Tolerance } from "../../support/assert_close.ts";
import { type Case, checkCases, onDevices, tensor } from "./support.ts";
import { exact, rounding, transcendental } from "./tolerance.ts";

const FLOATS = [-30, -7.75, -3.5, -1, -0.625, -0.001, -0, 0, 0.001, 0.3, 0.5, 1, 1.5, 2, 3.25, 7.75, 30];
const POSITIVE = FLOATS.map((x) => Math.abs(x) + 0.125);
const LARGEST = 2 ** 31 - 1;
const VALUES: Readonly<Record<string, readonly number[]>> = {
  f32: FLOATS,
  i32: [-LARGEST - 1, -LARGEST, -65537, -3, -1, 0, 1, 2, 7, 31, 65536, LARGEST],
  u32: [0, 1, 2, 3, 7, 31, 32, 65535, 65537, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 2, 2 ** 32 - 1],
  bool: [0, 1],
};

/** Values of each operand where the devices promise something about them: no division by zero, shifts below 32. */
function operandsOf(name: string, dtype: Dtype, arity: number): readonly (readonly number[])[] {
  const values = VALUES[dtype]!;
  const nonZero = values.filter((x) => x !== 0 && !(dtype === "i32" && x === -1));
  switch (name) {
    case "div":
    case "rem":
      return [values, nonZero];
    case "log":
    case "sqrt":
    case "rsqrt":
      return [POSITIVE];
    case "sin":
    case "cos": // WGSL promises them within [-pi, pi]
      return [values.map((x) => x / 10)];
    case "exp":
      return [values];
    case "abs": // the least integer has no positive counterpart
      return [values.filter((x) => dtype !== "i32" || x > -LARGEST - 1)];
    case "shiftLeft":
    case "shiftRight":
      return [values, [0, 1, 5, 31]];
    case "select":
      return [VALUES.bool!, values, values];
    case "threefry":
      return [values, values.slice(0, 4), values.slice(-4), values.slice(2, 6)];
    default:
      return Array.from({ length: arity }, () => values);
  }
}

const TRANSCENDENTAL = new Set(["exp", "log", "sin", "cos", "tanh", "erf", "rsqrt", "sqrt"]);

/** Functions of a checkpoint's activation have no single call in WGSL; those are sums of a dozen roundings. */
function toleranceOf(name: string): Tolerance {
  if (name === "exp") return { ...transcendental, rtol: transcendental.rtol! * 2 }; // 3 + 2 |x| units, |x| to 30
  return TRANSCENDENTAL.has(name) ? transcendental : rounding(1, 1);
}

/** Every combination of the operands' values, as tensors of rank 1. */
function combinations(lists: readonly (readonly number[])[], dtypes: readonly Dtype[]) {
  const count = lists.reduce((product, list) => product * list.length, 1);
  return lists.map((list, i) => {
    const stride = lists.slice(i + 1).reduce((product, other) => product * other.length, 1);
    const data = Array.from({ length: count }, (_, at) => list[Math.floor(at / stride) % list.length]!);
    return tensor([count], data, dtypes[i]);
  });
}

function arityOf(name: string): number {
  for (let arity = 1; arity < 6; arity++) {
    try {
      apply(
        scalarOps[name]!,
        Array.from({ length: arity }, (_, i) => inputTensor([1], name === "select" && !i ? "bool" : "u32", i)),
        { dtype: "u32" },
      );
      return arity;
    } catch (error) {
      if (error instanceof ShapeError && !error.message.includes("operands, got")) return arity;
    }
  }
  throw new Error(name);
}

/** All scalar operations on all element types that they take. */
function casesOfTable(): Case[] {
  const cases: Case[] = [];
  for (const [name, op] of Object.entries(scalarOps)) {
    if (name === "cast" || name === "bitcast") continue;
    const arity = arityOf(name);
    let types = 0;
    for (const dtype of ["f32", "i32", "u32", "bool"] as const) {
      const dtypes = Array.from({ length: arity }, (_, i): Dtype => name === "select" && i === 0 ? "bool" : dtype);
      try {
        apply(op, dtypes.map((type, i) => inputTensor([1], type, i)));
      } catch (error) {
        if (error instanceof ShapeError) continue;
        throw error;
      }
      types++;
      const inputs = combinations(operandsOf(name, dtype, arity), dtypes);
      cases.push({ name: `${name} of ${dtype}`, inputs, build: (...x) => apply(op, x), tolerance: toleranceOf(name) });
    }
    assert.ok(types > 0, `${name} takes no element type`);
  }
  return cases;
}

const casts: readonly Case[] = ([
  ["f32", "i32", FLOATS],
  ["f32", "u32", POSITIVE],
  ["f32", "bool", FLOATS],
  ["i32", "f32", [-65537, -1, 0, 7, 2 ** 24]],
  ["i32", "u32", VALUES.i32],
  ["i32", "bool", VALUES.i32],
  ["u32", "f32", [0, 1, 7, 2 ** 24, 2 ** 31]],
  ["u32", "i32", VALUES.u32],
  ["u32", "bool", VALUES.u32],
  ["bool", "f32", VALUES.bool],
  ["bool", "i32", VALUES.bool],
  ["bool", "u32", VALUES.bool],
] as const).map(([from, to, data]) => ({
  name: `cast of ${from} to ${to}`,
  inputs: [tensor([data!.length], data!, from)],
  build: (x: Tensor) => o.cast(x, to),
  tolerance: exact,
}));

onDevices("every scalar operation, on every element type it takes", async (device) => {
  await checkCases(device, [...casesOfTable(), ...casts]);
});

const bits = (x: Tensor) => o.bitcast(x, "u32");
/** Zeros of both signs, infinities, NaN with and without sign, the largest and the least normal number. */
const SPECIAL = Uint32Array.of(
  0,
  0x80000000,
  0x7f800000,
  0xff800000,
  0x7fc00000,
  0xffc00000,
  0x7f800001,
  0x7f7fffff,
  0xff7fffff,
  0x00800000,
  0x3f800000,
);

onDevices("bits of special numbers", async (device) => {
  const special = tensor([SPECIAL.length], SPECIAL, "u32");
  const flags = tensor([SPECIAL.length], SPECIAL.map((_, i) => i % 2), "bool");
  const numbers = tensor([6], [0, -0, Infinity, -Infinity, 1, -1]);
  const others = tensor([6], [1, 1, 1, 1, Infinity, -Infinity]);
  const asFloat = (x: Tensor) => o.bitcast(x, "f32");
  await checkCases(device, [
    { name: "isNaN", inputs: [special], build: (x) => o.isNaN(asFloat(x)) },
    { name: "isFinite", inputs: [special], build: (x) => o.isFinite(asFloat(x)) },
    { name: "bits of a copy", inputs: [numbers], build: (x) => bits(apply(scalarOps.copy!, [x])) },
    { name: "bits of a negation", inputs: [numbers], build: (x) => bits(o.neg(x)) },
    {
      name: "bits of a choice",
      inputs: [flags, numbers],
      build: (c, x) => bits(o.where(o.slice(c, 0, 0, 6), x, o.neg(x))),
    },
    { name: "maximum with infinities", inputs: [numbers, others], build: (a, b) => o.maximum(a, b), tolerance: exact },
    { name: "minimum with infinities", inputs: [numbers, others], build: (a, b) => o.minimum(a, b), tolerance: exact },
    { name: "comparison of zeros", inputs: [numbers], build: (x) => [o.equal(x, 0), o.less(x, 0), o.lessEqual(x, 0)] },
    {
      name: "integers wrap",
      inputs: [tensor([3], [2 ** 32 - 1, 2 ** 31, 3], "u32"), tensor([3], [2 ** 31 - 1, -(2 ** 31), -3], "i32")],
      build: (
        u,
        i,
      ) => [o.add(u, u), o.mul(u, u), o.sub(o.mul(u, 0), u), o.add(i, i), o.mul(i, i), o.sub(o.mul(i, 0), i), o.neg(i)],
    },
  ]);
});
