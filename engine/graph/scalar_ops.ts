/**
 * Scalar primitives: one record each, the whole truth about an elementwise operation.
 *
 * `js` and `wgsl` are texts over operand texts; the first is used by the f64 oracle and by the cpu device, the second
 * by the WebGPU device. In JavaScript f32 values are held in f64 and rounded where they are stored; u32 and i32 results
 * are wrapped at every operation; booleans are `true`/`false`. Adding an operation is adding a record here, and a
 * function to `ops.ts` where users should call it.
 *
 * @module
 */
import { bitsHelper, erfHelper, type Helper, threefryHelper } from "./scalar_helpers.ts";
import {
  apply,
  type Dtype,
  formatType,
  type Params,
  type Primitive,
  sameShape,
  ShapeError,
  type Tensor,
  type Type,
} from "./node.ts";

/** Types an emitter knows about an operation at hand. */
export interface ScalarTypes {
  /** Operand type (of the last operand where they differ). */
  readonly input: Dtype;
  /** Result type. */
  readonly output: Dtype;
  /** Static parameters. */
  readonly params: Params;
}

/** An elementwise operation. */
export interface ScalarPrimitive extends Primitive {
  /** Always "scalar". */
  readonly kind: "scalar";
  /** JavaScript expression over operand expressions (each already parenthesised or atomic). */
  readonly js: (args: readonly string[], types: ScalarTypes) => string;
  /** WGSL expression over operand expressions (each already parenthesised or atomic). */
  readonly wgsl: (args: readonly string[], types: ScalarTypes) => string;
  /** Helper functions that the texts call. */
  readonly helpers?: readonly Helper[];
  /** Rough cost in units of one multiplication: decides between computing again and storing. */
  readonly cost: number;
}

type Vjp = (cotangent: Tensor, inputs: readonly Tensor[], output: Tensor) => readonly (Tensor | null)[];

interface Options {
  readonly arity: number;
  readonly js: ScalarPrimitive["js"];
  readonly wgsl: ScalarPrimitive["wgsl"];
  readonly vjp?: Vjp;
  readonly accepts?: readonly Dtype[];
  readonly result?: (dtype: Dtype, params: Params) => Dtype;
  readonly helpers?: readonly Helper[];
  readonly cost?: number;
}

const NUMBERS: readonly Dtype[] = ["f32", "f16", "i32", "u32"];
const FLOATS: readonly Dtype[] = ["f32", "f16"];
const INTEGERS: readonly Dtype[] = ["i32", "u32"];
const BITS: readonly Dtype[] = ["i32", "u32", "bool"];
const ANY: readonly Dtype[] = ["f32", "f16", "i32", "u32", "bool"];

function define(name: string, options: Options): ScalarPrimitive {
  const { arity, vjp, accepts = NUMBERS, result = (dtype) => dtype } = options;
  return {
    name,
    kind: "scalar",
    js: options.js,
    wgsl: options.wgsl,
    cost: options.cost ?? 1,
    ...(options.helpers ? { helpers: options.helpers } : {}),
    infer(inputs: readonly Tensor[], params: Params): Type {
      if (inputs.length !== arity) throw new ShapeError(`${name}: takes ${arity} operands, got ${inputs.length}`);
      // `select` has a condition first; all other operands of any operation agree in type.
      const values = name === "select" ? inputs.slice(1) : inputs;
      if (name === "select" && inputs[0]!.dtype !== "bool") {
        throw new ShapeError(`select: the condition must be bool, got ${formatType(inputs[0]!)}; compare first`);
      }
      const types = () => inputs.map(formatType).join(", ");
      const dtype = values[0]!.dtype;
      for (const value of inputs) {
        if (!sameShape(value.shape, inputs[0]!.shape)) {
          throw new ShapeError(`${name}: shapes differ, ${types()}; broadcast first (functions of ops.ts do it)`);
        }
      }
      if (values.some((value) => value.dtype !== dtype)) {
        throw new ShapeError(`${name}: element types differ, ${types()}; cast one of them`);
      }
      if (!accepts.includes(dtype)) {
        throw new ShapeError(`${name}: takes ${accepts.join(" or ")}, got ${types()}; cast first`);
      }
      return { shape: inputs[0]!.shape, dtype: result(dtype, params) };
    },
    ...(vjp ? { vjp: (cotangent: Tensor, node: Tensor) => vjp(cotangent, node.inputs, node) } : {}),
  };
}

/** JavaScript arithmetic of a type: integers wrap to 32 bits. */
function wrap(text: string, dtype: Dtype): string {
  return dtype === "u32" ? `((${text}) >>> 0)` : dtype === "i32" ? `((${text}) | 0)` : `(${text})`;
}

const infix = (operator: string) => ([a, b]: readonly string[], { output }: ScalarTypes): string =>
  wrap(`${a} ${operator} ${b}`, output);
const call = (name: string) => (args: readonly string[]): string => `${name}(${args.join(", ")})`;
const wgslInfix = (operator: string) => ([a, b]: readonly string[]): string => `(${a} ${operator} ${b})`;
const compare = (operator: string, accepts: readonly Dtype[] = NUMBERS): Options => ({
  arity: 2,
  js: ([a, b]) => `(${a} ${operator} ${b})`,
  wgsl: ([a, b]) => `(${a} ${operator.slice(0, 2)} ${b})`,
  accepts,
  result: () => "bool",
});
const logic = (js: string, wgsl: string, boolean: string): Options => ({
  arity: 2,
  js: ([a, b], { output }) => output === "bool" ? `(${a} ${boolean} ${b})` : wrap(`${a} ${js} ${b}`, output),
  // && and || do not take vectors in WGSL; & and | take both.
  wgsl: ([a, b], { output }) => output === "bool" && wgsl === "^" ? `(${a} != ${b})` : `(${a} ${wgsl} ${b})`,
  accepts: BITS,
});
const float = (
  js: string | ScalarPrimitive["js"],
  wgsl: string | ScalarPrimitive["wgsl"],
  vjp: Vjp,
  extra: Partial<Options> = {},
): Options => ({
  arity: 1,
  js: typeof js === "string" ? call(js) : js,
  wgsl: typeof wgsl === "string" ? call(wgsl) : wgsl,
  vjp,
  accepts: FLOATS,
  cost: 8,
  ...extra,
});

// Graph-building shorthands for the vjp rules below.
const op = (name: keyof typeof scalarOps) => (...inputs: Tensor[]): Tensor => apply(scalarOps[name]!, inputs);
const neg = (a: Tensor): Tensor => op("neg")(a);
const add = (a: Tensor, b: Tensor): Tensor => op("add")(a, b);
const mul = (a: Tensor, b: Tensor): Tensor => op("mul")(a, b);
const div = (a: Tensor, b: Tensor): Tensor => op("div")(a, b);
const where = (c: Tensor, a: Tensor, b: Tensor): Tensor => op("select")(c, a, b);
const less = (a: Tensor, b: Tensor): Tensor => op("less")(a, b);
const like = (a: Tensor, value: number): Tensor =>
  apply(constantOp, [], { value, shape: [...a.shape], dtype: a.dtype });

/** A value that every element has; an expression, never a buffer (unless it is itself an output). */
export const constantOp: Primitive = {
  name: "constant",
  kind: "leaf",
  infer: (_inputs, params) => ({ shape: params.shape, dtype: params.dtype }),
};

const castJs = (a: string, { input, output }: ScalarTypes): string => {
  if (input === output) return a;
  if (output === "bool") return `(${a} !== 0)`;
  if (input === "bool") return `(${a} ? 1 : 0)`;
  if (output === "u32") return `(${a} >>> 0)`;
  if (output === "i32") return `(${a} | 0)`;
  return a;
};

/** The table of scalar primitives. */
export const scalarOps: Readonly<Record<string, ScalarPrimitive>> = {
  // Lowering puts it where a program must hand out a value that it did not compute (an input among the outputs).
  copy: define("copy", { arity: 1, js: ([a]) => a!, wgsl: ([a]) => a!, accepts: ANY, vjp: (g) => [g], cost: 0 }),
  neg: define("neg", {
    arity: 1,
    js: ([a], t) => wrap(`-${a}`, t.output),
    wgsl: ([a]) => `(-${a})`,
    accepts: ["f32", "f16", "i32"],
    vjp: (g) => [neg(g)],
  }),
  abs: define("abs", {
    arity: 1,
    js: ([a], t) => wrap(`Math.abs(${a})`, t.output),
    wgsl: call("abs"),
    accepts: ["f32", "f16", "i32"],
    vjp: (g, [a]) => [mul(g, op("sign")(a!))],
  }),
  sign: define("sign", {
    arity: 1,
    js: call("Math.sign"),
    wgsl: call("sign"),
    accepts: ["f32", "f16", "i32"],
    vjp: () => [null],
  }),
  floor: define("floor", float("Math.floor", "floor", () => [null], { cost: 1 })),
  exp: define("exp", float("Math.exp", "exp", (g, _, y) => [mul(g, y)])),
  log: define("log", float("Math.log", "log", (g, [a]) => [div(g, a!)])),
  sqrt: define("sqrt", float("Math.sqrt", "sqrt", (g, _, y) => [div(g, add(y, y))], { cost: 4 })),
  rsqrt: define(
    "rsqrt",
    float(([a]) => `(1 / Math.sqrt(${a}))`, "inverseSqrt", (g, [a], y) => [mul(neg(g), div(y, add(a!, a!)))], {
      cost: 4,
    }),
  ),
  sin: define("sin", float("Math.sin", "sin", (g, [a]) => [mul(g, op("cos")(a!))])),
  cos: define("cos", float("Math.cos", "cos", (g, [a]) => [neg(mul(g, op("sin")(a!)))])),
  // WGSL's tanh may overflow inside for large arguments: clamp where f32 is already 1.
  tanh: define(
    "tanh",
    float(
      "Math.tanh",
      ([a]) => `tanh(clamp(${a}, -15.0, 15.0))`,
      (g, _, y) => [mul(g, add(like(y, 1), neg(mul(y, y))))],
    ),
  ),
  erf: define(
    "erf",
    float("erf", "erf", (g, [a]) => [mul(g, mul(like(a!, 2 / Math.sqrt(Math.PI)), op("exp")(neg(mul(a!, a!)))))], {
      helpers: [erfHelper],
      cost: 16,
    }),
  ),

  add: define("add", { arity: 2, js: infix("+"), wgsl: wgslInfix("+"), vjp: (g) => [g, g] }),
  sub: define("sub", { arity: 2, js: infix("-"), wgsl: wgslInfix("-"), vjp: (g) => [g, neg(g)] }),
  mul: define("mul", {
    arity: 2,
    js: ([a, b], t) => INTEGERS.includes(t.output) ? wrap(`Math.imul(${a}, ${b})`, t.output) : `(${a} * ${b})`,
    wgsl: wgslInfix("*"),
    vjp: (g, [a, b]) => [mul(g, b!), mul(g, a!)],
  }),
  div: define("div", {
    arity: 2,
    js: infix("/"),
    wgsl: wgslInfix("/"),
    vjp: (g, [, b], y) => [div(g, b!), neg(div(mul(g, y), b!))],
    cost: 4,
  }),
  rem: define("rem", { arity: 2, js: infix("%"), wgsl: wgslInfix("%"), accepts: INTEGERS, cost: 2 }),
  // Ties: the first operand takes the gradient. JavaScript's Math.max would hand on NaN where WGSL does not.
  max: define("max", {
    arity: 2,
    js: ([a, b]) => `(${a} < ${b} ? ${b} : ${a})`,
    wgsl: call("max"),
    vjp: (g, [a, b]) => [where(less(a!, b!), like(g, 0), g), where(less(a!, b!), g, like(g, 0))],
  }),
  min: define("min", {
    arity: 2,
    js: ([a, b]) => `(${b} < ${a} ? ${b} : ${a})`,
    wgsl: call("min"),
    vjp: (g, [a, b]) => [where(less(b!, a!), like(g, 0), g), where(less(b!, a!), g, like(g, 0))],
  }),

  equal: define("equal", compare("===", ANY)),
  notEqual: define("notEqual", compare("!==", ANY)),
  less: define("less", compare("<")),
  lessEqual: define("lessEqual", compare("<=")),
  not: define("not", {
    arity: 1,
    js: ([a], t) => t.output === "bool" ? `(!${a})` : wrap(`~${a}`, t.output),
    wgsl: ([a], t) => t.output === "bool" ? `(!${a})` : `(~${a})`,
    accepts: BITS,
  }),
  and: define("and", logic("&", "&", "&&")),
  or: define("or", logic("|", "|", "||")),
  xor: define("xor", logic("^", "^", "!==")),
  shiftLeft: define("shiftLeft", { arity: 2, js: infix("<<"), wgsl: wgslInfix("<<"), accepts: ["u32"] }),
  shiftRight: define("shiftRight", { arity: 2, js: infix(">>>"), wgsl: wgslInfix(">>"), accepts: ["u32"] }),

  select: define("select", {
    arity: 3,
    js: ([c, a, b]) => `(${c} ? ${a} : ${b})`,
    wgsl: ([c, a, b]) => `select(${b}, ${a}, ${c})`,
    accepts: ANY,
    vjp: (g, [c]) => [null, where(c!, g, like(g, 0)), where(c!, like(g, 0), g)],
  }),
  cast: define("cast", {
    arity: 1,
    js: ([a], t) => castJs(a!, t),
    wgsl: ([a], t) => t.input === t.output ? a! : `${t.output}(${a})`,
    accepts: ANY,
    result: (_, params) => params.dtype,
    vjp: (
      g,
      [a],
    ) => [
      FLOATS.includes(a!.dtype) && FLOATS.includes(g.dtype) ? apply(scalarOps.cast!, [g], { dtype: a!.dtype }) : null,
    ],
  }),
  bitcast: define("bitcast", {
    arity: 1,
    js: ([a], { input, output }) =>
      input === output
        ? a!
        : output === "f32"
        ? `floatOf(${a})`
        : input === "f32"
        ? (output === "u32" ? `bitsOf(${a})` : `signedBitsOf(${a})`)
        : wrap(a!, output),
    wgsl: ([a], t) => `bitcast<${t.output}>(${a})`,
    accepts: ["f32", "i32", "u32"],
    result: (_, params) => params.dtype,
    helpers: [bitsHelper],
  }),
  // WGSL as naga compiles it takes x != x for false: test the bits.
  isFinite: define("isFinite", {
    arity: 1,
    js: ([a]) => `((bitsOf(${a}) & 0x7f800000) !== 0x7f800000)`,
    wgsl: ([a]) => `((bitcast<u32>(${a}) & 0x7f800000u) != 0x7f800000u)`,
    accepts: ["f32"],
    result: () => "bool",
    helpers: [bitsHelper],
  }),
  isNaN: define("isNaN", {
    arity: 1,
    js: ([a]) => `((bitsOf(${a}) & 0x7fffffff) > 0x7f800000)`,
    wgsl: ([a]) => `((bitcast<u32>(${a}) & 0x7fffffffu) > 0x7f800000u)`,
    accepts: ["f32"],
    result: () => "bool",
    helpers: [bitsHelper],
  }),
  /** threefry(key0, key1, counter0, counter1) -> u32 */
  threefry: define("threefry", {
    arity: 4,
    js: call("threefry"),
    wgsl: call("threefry"),
    accepts: ["u32"],
    helpers: [threefryHelper],
    cost: 60,
  }),
};

/** True for floating element types. */
export function isFloat(dtype: Dtype): boolean {
  return FLOATS.includes(dtype);
}
