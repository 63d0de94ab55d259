/**
 * Expressions as WGSL: each distinct value once, as a `let`, at the outermost level where it is known.
 *
 * @module
 */
import { constantIndex, divIndex, type Index, offsetIndex, substitute } from "../compile/index.ts";
import { type Argument, childrenOf, type Expr, type Store, visitExpr } from "../compile/kernel.ts";
import { DeviceError } from "../device/backend.ts";
import type { Dtype } from "../graph/node.ts";
import { alignment, COMPONENTS, type Frame, widen } from "./frame.ts";
import { boundText, type IndexText, indexText } from "./index.ts";
import { FLOAT_FROM_BITS, literal, typeText } from "./literal.ts";
import { mustHide, type ScalarExpr, scalarText } from "./scalar.ts";
import type { Scope, Value } from "./scope.ts";
import type { Variables } from "./space.ts";

/** Loads and constants: cheaper to compute than to branch around. */
const isLeaf = (expr: Expr): boolean => childrenOf(expr).length === 0;

/** Writes the expressions of one kernel, and remembers what they need: buffers, helper functions, extensions. */
export class Emitter {
  /** Arguments that are read. */
  readonly reads: Set<number> = new Set();
  /** Arguments that are written. */
  readonly writes: Set<number> = new Set();
  /** Arguments that some access takes four aligned elements of. */
  readonly aligned: Set<number> = new Set();
  /** Arguments that some store writes element by element: a component of a vec4 must not be written alone. */
  readonly scattered: Set<number> = new Set();
  /** Helper functions by name. */
  readonly helpers: Map<string, string> = new Map();
  /** True when the shader needs the f16 extension. */
  usesF16 = false;
  readonly #args: readonly Argument[];
  readonly #variables: Variables;
  readonly #wide: (arg: number) => boolean;

  /** @param wide which arguments are declared as arrays of vec4. */
  constructor(args: readonly Argument[], variables: Variables, wide: (arg: number) => boolean) {
    this.#args = args;
    this.#variables = variables;
    this.#wide = wide;
  }

  /** The value of `expr` in `frame`. */
  value(expr: Expr, frame: Frame): Value {
    for (let at: Frame | undefined = frame; at; at = at.outer) {
      const known = at.memo.get(expr);
      if (known) return known;
    }
    if (expr.dtype === "f16") this.usesF16 = true;
    const value = this.#compute(expr, frame);
    frame.memo.set(expr, value);
    return value;
  }

  /** Evaluates the stores of one point and then writes them all. */
  store(stores: readonly Store[], frame: Frame): void {
    const ready = stores.map((store) => ({ store, value: this.value(store.value, frame) }));
    for (const { store, value } of ready) {
      const dtype = store.value.dtype, { arg } = store;
      this.writes.add(arg);
      const lanes = frame.lanes.map((coordinates) => substitute(store.index, coordinates));
      const wide = lanes.length > 1;
      const stored = frame.scope.name(this.#stored(wide ? widen(value, dtype) : value.text, dtype, arg, wide));
      if (wide && alignment(lanes) === "aligned" && this.#args[arg]!.length % 4 === 0) {
        this.aligned.add(arg);
        if (this.#wide(arg)) {
          frame.scope.lines.push(`a${arg}[${this.#index(divIndex(lanes[0]!, 4), frame.scope).text}] = ${stored};`);
          continue;
        }
      } else this.scattered.add(arg);
      lanes.forEach((index, lane) => {
        const component = wide ? `${stored}.${COMPONENTS[lane]}` : stored;
        frame.scope.lines.push(`${this.#element(arg, index, frame.scope).text} = ${component};`);
      });
    }
  }

  /** Registers the helper functions that literals need. */
  literal(value: number, dtype: Dtype): string {
    return this.text(literal(value, dtype));
  }

  /** Registers the helper that `text` calls, if it does. */
  text(text: string): string {
    if (text.includes("floatFromBits(")) this.helpers.set("floatFromBits", FLOAT_FROM_BITS);
    return text;
  }

  #compute(expr: Expr, frame: Frame): Value {
    switch (expr.kind) {
      case "constant":
        return { text: this.#named(this.literal(expr.value, expr.dtype), 0, frame), level: 0, wide: false };
      case "load":
        return this.#load(expr.arg, expr.index, expr.dtype, frame);
      case "index":
        return this.#position(expr.index, expr.dtype, frame);
      case "scalar":
        return this.#scalar(expr, frame);
      case "guard":
        return this.#guard(expr, frame);
      default: {
        if (!frame.leaf) throw new DeviceError(`wgsl: a ${expr.kind} is used where none is known`);
        return frame.leaf(expr);
      }
    }
  }

  #named(text: string, level: number, frame: Frame): string {
    return frame.scope.at(level).name(text);
  }

  #index(index: Index, scope: Scope): IndexText {
    return indexText(index, scope, this.#variables.list);
  }

  /** The reference `a[index]`, a component of a vec4 where the argument is declared so. */
  #element(arg: number, index: Index, scope: Scope): IndexText {
    if (!this.#wide(arg)) {
      const { text, level } = this.#index(index, scope);
      return { text: `a${arg}[${text}]`, level };
    }
    const component = ((index.offset % 4) + 4) % 4;
    if (index.terms.every(({ coefficient }) => coefficient % 4 === 0)) {
      const { text, level } = this.#index(divIndex(offsetIndex(index, -component), 4), scope);
      return { text: `a${arg}[${text}].${COMPONENTS[component]}`, level };
    }
    const { text, level } = this.#index(index, scope);
    const name = scope.at(level).name(text);
    return { text: `a${arg}[${name} >> 2u][${name} & 3u]`, level };
  }

  #load(arg: number, index: Index, dtype: Dtype, frame: Frame): Value {
    this.reads.add(arg);
    const { dtype: stored, length } = this.#args[arg]!;
    // Under a guard an index may be anything; one that is a constant outside the buffer would not compile.
    const lanes = frame.lanes.map((coordinates) => substitute(index, coordinates))
      .map((lane) => lane.terms.length === 0 && (lane.offset < 0 || lane.offset >= length) ? constantIndex(0) : lane);
    const kind = alignment(lanes);
    let text: string, level: number;
    if (kind === "equal") ({ text, level } = this.#element(arg, lanes[0]!, frame.scope));
    else if (kind === "aligned" && length % 4 === 0 && this.#note(arg)) {
      const at = this.#index(divIndex(lanes[0]!, 4), frame.scope);
      ({ text, level } = { text: `a${arg}[${at.text}]`, level: at.level });
    } else {
      const elements = lanes.map((lane) => this.#element(arg, lane, frame.scope));
      level = Math.max(...elements.map((element) => element.level));
      text = `vec4<${stored}>(${elements.map((element) => element.text).join(", ")})`;
    }
    const wide = kind !== "equal";
    const name = this.#named(text, level, frame);
    if (dtype === stored) return { text: name, level, wide };
    if (dtype === "f16") throw new DeviceError("wgsl: buffers hold 4-byte elements; cast f16 to f32 before storing");
    const converted = dtype === "bool"
      ? `${name} != ${wide ? `vec4<${stored}>(${stored}(0))` : `${stored}(0)`}`
      : `bitcast<${typeText(dtype, wide)}>(${name})`;
    return { text: this.#named(converted, level, frame), level, wide };
  }

  /** Marks an argument as loaded by fours; true when it is declared so. */
  #note(arg: number): boolean {
    this.aligned.add(arg);
    return this.#wide(arg);
  }

  #position(index: Index, dtype: Dtype, frame: Frame): Value {
    const lanes = frame.lanes.map((coordinates) => substitute(index, coordinates));
    const wide = alignment(lanes) !== "equal";
    const texts = (wide ? lanes : lanes.slice(0, 1)).map((lane) => this.#index(lane, frame.scope));
    const level = Math.max(...texts.map((text) => text.level));
    const each = texts.map(({ text }) =>
      dtype === "u32" ? text : dtype === "i32" ? `i32(${text})` : `${dtype}(i32(${text}))`
    );
    const text = wide ? `vec4<${dtype}>(${each.join(", ")})` : each[0]!;
    return { text: this.#named(text, level, frame), level, wide };
  }

  #scalar(expr: ScalarExpr, frame: Frame): Value {
    for (const helper of expr.op.helpers ?? []) if (helper.wgsl !== "") this.helpers.set(helper.name, helper.wgsl);
    const inputs = expr.inputs.map((input, position) => {
      const value = this.value(input, frame);
      return mustHide(expr, position, value.text) ? { ...value, text: frame.scope.at(0).hide(value.text) } : value;
    });
    const level = Math.max(0, ...inputs.map((input) => input.level));
    const wide = inputs.some((input) => input.wide);
    return { text: this.#named(scalarText(expr, inputs), level, frame), level, wide };
  }

  #guard(expr: Extract<Expr, { kind: "guard" }>, frame: Frame): Value {
    const { scope, lanes } = frame;
    const test = (lane: readonly Index[]): boolean | IndexText => {
      const tests = expr.bounds.map(({ index, low, high }) =>
        boundText({ index: substitute(index, lane), low, high }, scope, this.#variables.list)
      );
      if (tests.includes(false)) return false;
      const open = tests.filter((one): one is IndexText => typeof one !== "boolean");
      if (open.length === 0) return true;
      return { text: open.map((one) => one.text).join(" && "), level: Math.max(...open.map((one) => one.level)) };
    };
    const tests = lanes.map(test);
    const textOf = (one: boolean | IndexText): string => typeof one === "boolean" ? String(one) : one.text;
    const uniform = tests.every((one) => textOf(one) === textOf(tests[0]!));
    if (uniform && typeof tests[0] === "boolean") return this.value(tests[0] ? expr.inside : expr.outside, frame);
    if (!uniform || (isLeaf(expr.inside) && isLeaf(expr.outside))) {
      const level = Math.max(...tests.map((one) => typeof one === "boolean" ? 0 : one.level));
      const inside = this.value(expr.inside, frame), outside = this.value(expr.outside, frame);
      const wide = !uniform || inside.wide || outside.wide;
      const condition = uniform
        ? wide ? `vec4<bool>(${textOf(tests[0]!)})` : textOf(tests[0]!)
        : `vec4<bool>(${tests.map(textOf).join(", ")})`;
      const [yes, no] = [inside, outside].map((side) => wide ? widen(side, expr.dtype) : side.text);
      const all = Math.max(level, inside.level, outside.level);
      return { text: this.#named(`select(${no}, ${yes}, ${condition})`, all, frame), level: all, wide };
    }
    return this.#branch(expr, textOf(tests[0]!), frame);
  }

  /** A guard of which only the taken side is computed. What both sides use is computed before. */
  #branch(expr: Extract<Expr, { kind: "guard" }>, condition: string, frame: Frame): Value {
    const left = new Set<Expr>();
    visitExpr([expr.inside], (one) => left.add(one));
    const shared: Expr[] = [];
    visitExpr([expr.outside], (one) => left.has(one) && shared.push(one));
    for (const one of shared) this.value(one, frame);
    const sides = [expr.inside, expr.outside].map((side) => {
      const scope = frame.scope.child();
      return { scope, value: this.value(side, { ...frame, scope, memo: new Map(), outer: frame }) };
    });
    const wide = sides.some(({ value }) => value.wide);
    const name = frame.scope.fresh();
    frame.scope.lines.push(`var ${name}: ${typeText(expr.dtype, wide)};`);
    const blocks = sides.map(({ scope, value }) => {
      const text = wide ? widen(value, expr.dtype) : value.text;
      return `{ ${[...scope.lines, `${name} = ${text};`].join(" ")} }`;
    });
    frame.scope.lines.push(`if (${condition}) ${blocks[0]} else ${blocks[1]}`);
    return { text: name, level: frame.scope.level, wide };
  }

  #stored(text: string, dtype: Dtype, arg: number, wide: boolean): string {
    const stored = this.#args[arg]!.dtype;
    if (dtype === "f16") throw new DeviceError("wgsl: buffers hold 4-byte elements; cast f16 to f32 before storing");
    const number = dtype === "bool"
      ? wide ? `select(vec4<u32>(0u), vec4<u32>(1u), ${text})` : `select(0u, 1u, ${text})`
      : text;
    const from = dtype === "bool" ? "u32" : dtype;
    return from === stored ? number : `bitcast<${typeText(stored, wide)}>(${number})`;
  }
}
