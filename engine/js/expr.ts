/**
 * Expr -> JavaScript: every distinct value once, named, in the outermost frame that can have it.
 *
 * f32 values are held in f64 and rounded where they are stored; u32 and i32 wrap at every operation; flags are booleans
 * and stored as 0 and 1. A load goes through the heap view of its own type, whatever the type of the argument: that is
 * what a bitcast is.
 *
 * @module
 */
import { type Expr, type Store, visitExpr } from "../compile/kernel.ts";
import { DeviceError } from "../device/backend.ts";
import type { Dtype } from "../graph/node.ts";
import type { Helper } from "../graph/scalar_helpers.ts";
import { fastMath } from "./fast_math.ts";
import { closeFrame, define, type Frame, homeOf, indented, nameIn, openFrame } from "./frame.ts";
import { axisName, axisToken, boundsText, needsOfIndex, position } from "./position.ts";

/** How a kernel kind gives a value that is not computed from loads: a stage's result or the accumulator. */
export interface Source {
  readonly needs: ReadonlySet<string>;
  readonly text: (frame: Frame) => string;
}

/** What the emission of one function shares. */
export interface Context {
  /** Helper functions called so far. */
  readonly helpers: Map<string, Helper>;
  /** Values that the running loop needs whatever the branches; set by {@linkcode startLoop}. */
  readonly always: Set<Expr>;
  /** Stages and accumulator. */
  readonly source: (expr: Expr) => Source;
  readonly needs: Map<Expr, ReadonlySet<string>>;
}

/** A context for one function. */
export function newContext(source: Context["source"] = noSource): Context {
  return { helpers: new Map(), always: new Set(), source, needs: new Map() };
}

function noSource(expr: Expr): never {
  throw new DeviceError(`cpu: a ${expr.kind} has no meaning in this kernel`);
}

/** Declares the values that the next loop computes: what they need outside of branches may be hoisted. */
export function startLoop(context: Context, roots: readonly Expr[]): void {
  context.always.clear();
  const walk = (expr: Expr): void => {
    if (context.always.has(expr)) return;
    context.always.add(expr);
    if (expr.kind === "scalar") expr.inputs.forEach(walk);
  };
  roots.forEach(walk);
}

/** All that a value needs to be defined. */
export function needsOf(context: Context, root: Expr): ReadonlySet<string> {
  visitExpr([root], (expr) => {
    if (context.needs.has(expr)) return;
    const own = expr.kind === "load" || expr.kind === "index"
      ? needsOfIndex(expr.index)
      : expr.kind === "stage" || expr.kind === "accumulator"
      ? context.source(expr).needs
      : expr.kind === "scalar"
      ? new Set(expr.inputs.flatMap((input) => [...context.needs.get(input)!]))
      : expr.kind === "guard"
      ? new Set([
        ...expr.bounds.flatMap((bound) => [...needsOfIndex(bound.index)]),
        ...context.needs.get(expr.inside)!,
        ...context.needs.get(expr.outside)!,
      ])
      : new Set<string>();
    context.needs.set(expr, own);
  });
  return context.needs.get(root)!;
}

/** Name of a value, written where it belongs if it is not yet. */
export function emit(context: Context, frame: Frame, expr: Expr): string {
  if (expr.kind === "constant") return constantText(expr.value, expr.dtype);
  const known = nameIn(frame, expr);
  if (known !== undefined) return known;
  const home = homeOf(frame, needsOf(context, expr), context.always.has(expr));
  switch (expr.kind) {
    case "load":
      return define(home, expr, loadText(home, expr));
    case "index":
      return define(home, expr, position(home, expr.index));
    case "scalar":
      return define(home, expr, scalarText(context, home, expr));
    case "guard":
      return guard(context, home, expr);
    default:
      return define(home, expr, context.source(expr).text(home));
  }
}

/** Text of a literal. */
export function constantText(value: number, dtype: Dtype): string {
  if (dtype === "bool") return value ? "true" : "false";
  return Object.is(value, -0) || value < 0 ? `(${Object.is(value, -0) ? "-0" : value})` : String(value);
}

/** Heap view through which values of a type are read and written. */
export function viewOf(dtype: Dtype): string {
  if (dtype === "f16") {
    throw new DeviceError("cpu: f16 is not stored on the cpu device; keep the tensor in f32");
  }
  return dtype === "bool" ? "u32" : dtype;
}

function loadText(frame: Frame, expr: Expr & { kind: "load" }): string {
  const element = `${viewOf(expr.dtype)}[${position(frame, expr.index, argumentName(expr.arg))}]`;
  return expr.dtype === "bool" ? `${element} !== 0` : element;
}

function scalarText(context: Context, frame: Frame, expr: Expr & { kind: "scalar" }): string {
  const { op, inputs, params, dtype } = expr;
  const args = inputs.map((input) => emit(context, frame, input));
  const override = dtype === "f32" ? fastMath[op.name] : undefined;
  for (const helper of override?.helpers ?? op.helpers ?? []) context.helpers.set(helper.name, helper);
  return override ? override.js(args) : op.js(args, { input: inputs.at(-1)?.dtype ?? dtype, output: dtype, params });
}

function guard(context: Context, home: Frame, expr: Expr & { kind: "guard" }): string {
  const condition = boundsText(home, expr.bounds);
  if (condition === "true") return define(home, expr, emit(context, home, expr.inside));
  const [inside, outside] = [openFrame(home, [], true), openFrame(home, [], true)];
  const [a, b] = [emit(context, inside, expr.inside), emit(context, outside, expr.outside)];
  if (inside.lines.length + outside.lines.length === 0) return define(home, expr, `${condition} ? ${a} : ${b}`);
  const name = `v${home.counter.next++}`;
  home.lines.push(
    `let ${name};`,
    `if (${condition}) {`,
    ...indented([...inside.lines, `${name} = ${a};`]),
    "} else {",
    ...indented([...outside.lines, `${name} = ${b};`]),
    "}",
  );
  home.names.set(expr, name);
  return name;
}

/** Name of the first element of an argument. */
export function argumentName(arg: number): string {
  return `b${arg}`;
}

/** Writes the stores of one loop body: all values first, so that what is updated in place is read before. */
export function emitStores(context: Context, frame: Frame, stores: readonly Store[]): void {
  const values = stores.map((store) => emit(context, frame, store.value));
  stores.forEach((store, which) => frame.lines.push(storeText(frame, store, values[which]!)));
}

/** Statement that stores a value that has a name. */
export function storeText(frame: Frame, store: Store, value: string): string {
  const { dtype } = store.value;
  const target = `${viewOf(dtype)}[${position(frame, store.index, argumentName(store.arg))}]`;
  return `${target} = ${dtype === "bool" ? `${value} ? 1 : 0` : value};`;
}

/** A loop over one axis. */
export interface Loop {
  readonly axis: number;
  readonly size: number;
}

/** Opens the frames of nested loops, innermost last. */
export function openLoops(frame: Frame, loops: readonly Loop[]): readonly Frame[] {
  const frames: Frame[] = [];
  for (const { axis } of loops) frames.push(openFrame(frames.at(-1) ?? frame, [axisToken(axis)]));
  return frames;
}

/** Closes nested loops; the outermost runs over `range`, all of its axis unless given. */
export function closeLoops(
  frames: readonly Frame[],
  loops: readonly Loop[],
  range: readonly [string, string] = ["0", String(loops[0]!.size)],
): void {
  for (let depth = frames.length - 1; depth >= 0; depth--) {
    const name = axisName(loops[depth]!.axis);
    const [from, to] = depth === 0 ? range : ["0", String(loops[depth]!.size)];
    closeFrame(frames[depth]!, `for (let ${name} = ${from}; ${name} < ${to}; ${name}++)`);
  }
}
