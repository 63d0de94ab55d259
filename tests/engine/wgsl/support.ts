/**
 * Hand-built kernels, a naive interpreter of them, and a comparison of the two on the WebGPU device.
 *
 * @module
 */
import assert from "node:assert/strict";
import {
  constantIndex,
  coordinate,
  delinearize,
  type Index,
  linearize,
  rangeOf,
} from "../../../engine/compile/index.ts";
import type {
  Argument,
  ContractKernel,
  Expr,
  Fold,
  Kernel,
  MapKernel,
  OpaqueKernel,
  ReduceKernel,
  Store,
} from "../../../engine/compile/kernel.ts";
import { openWebGpu, type WebGpuBackend, type WebGpuOptions } from "../../../engine/device/webgpu.ts";
import type { Dtype } from "../../../engine/graph/node.ts";
import { scalarOps } from "../../../engine/graph/scalar_ops.ts";

export type Data = Float32Array | Uint32Array | Int32Array;

// ---------------------------------------------------------------- device

/** Registers a test that needs WebGPU. Skipped, and says so, only where there is no adapter and none is demanded. */
export function gpuTest(
  name: string,
  body: (backend: WebGpuBackend) => Promise<void>,
  options: WebGpuOptions = {},
): void {
  Deno.test(name, async () => {
    const adapter = await navigator.gpu?.requestAdapter();
    if (!adapter && Deno.env.get("SEVEN_REQUIRE_WEBGPU") !== "1") {
      console.warn(`SKIPPED (no WebGPU adapter): ${name}`);
      return;
    }
    using backend = await openWebGpu(options);
    await body(backend);
    await backend.idle(); // throws what the device has complained of
  });
}

/** The same for kernels as they are shaped for software adapters and for hardware. */
export function bothTest(name: string, body: (backend: WebGpuBackend) => Promise<void>): void {
  gpuTest(`${name} (shaped for software)`, body, { software: true });
  gpuTest(`${name} (shaped for hardware)`, body, { software: false });
}

// ---------------------------------------------------------------- expressions

export const load = (arg: number, index: Index, dtype: Dtype = "f32"): Expr => ({ kind: "load", arg, index, dtype });
export const constant = (value: number, dtype: Dtype = "f32"): Expr => ({ kind: "constant", value, dtype });
export const indexValue = (index: Index, dtype: Dtype = "f32"): Expr => ({ kind: "index", index, dtype });
export const stage = (position: number, dtype: Dtype = "f32"): Expr => ({ kind: "stage", stage: position, dtype });
export const accumulator: Expr = { kind: "accumulator", dtype: "f32" };

/** An operation; its type is that of the last operand unless given. */
export function op(name: string, inputs: readonly Expr[], dtype: Dtype = inputs.at(-1)!.dtype): Expr {
  return { kind: "scalar", op: scalarOps[name]!, inputs, params: { dtype }, dtype };
}

export function guard(index: Index, low: number, high: number, inside: Expr, outside: Expr): Expr {
  return { kind: "guard", bounds: [{ index, low, high }], inside, outside, dtype: inside.dtype };
}

/** Coordinates of an iteration space whose axes start at number `first`. */
export function axes(dims: readonly number[], first = 0): readonly Index[] {
  return dims.map((size, axis) => coordinate(first + axis, size));
}

export function store(arg: number, index: Index, value: Expr, level: "outer" | "full" = "full"): Store {
  return { arg, index, value, level };
}

/** Arguments over buffers of the same numbers. */
export function argsOf(
  list: readonly (readonly [Argument["access"], number, Argument["dtype"]?])[],
): readonly Argument[] {
  return list.map(([access, length, dtype = "f32"], buffer) => ({ buffer, access, dtype, length }));
}

export function map(dims: readonly number[], args: readonly Argument[], stores: readonly Store[]): MapKernel {
  return { kind: "map", label: "map", dims, args, stores };
}

export function reduce(
  kind: "row" | "column",
  outer: readonly number[],
  inner: readonly number[],
  args: readonly Argument[],
  stages: readonly (readonly [Fold, Expr])[],
  stores: readonly Store[],
): ReduceKernel {
  return {
    kind,
    label: kind,
    outer,
    inner,
    args,
    stages: stages.map(([fold, value]) => ({ fold, value, dtype: value.dtype })),
    stores,
  };
}

export { constantIndex, linearize };

// ---------------------------------------------------------------- data

/** Repeatable numbers in -1 .. 1. */
export function randoms(length: number, seed = 1): Float32Array {
  let state = (seed * 2654435761) >>> 0 || 1;
  return Float32Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2147483648 - 1;
  });
}

/** Random data for arguments that are read or updated, and a marker value in those that are only written. */
export function dataFor(args: readonly Argument[], seed = 1): Data[] {
  return args.map(({ access, dtype, length }, arg) => {
    const values = access === "write" ? new Float32Array(length).fill(77) : randoms(length, seed + arg);
    if (dtype === "f32") return values;
    const integers = values.map((value) => Math.floor((value + 1) * 50));
    return dtype === "u32" ? Uint32Array.from(integers) : Int32Array.from(integers);
  });
}

// ---------------------------------------------------------------- interpreter

function indexAt(index: Index, point: readonly number[]): number {
  return index.terms.reduce((sum, { atom, coefficient }) => {
    if (atom.kind === "coord") return sum + coefficient * point[atom.axis]!;
    const of = indexAt(atom.of, point), quotient = Math.floor(of / atom.by);
    return sum + coefficient * (atom.kind === "div" ? quotient : of - quotient * atom.by);
  }, index.offset);
}

const functions = new Map<string, (...args: unknown[]) => number | boolean>();

function applyOp(expr: Extract<Expr, { kind: "scalar" }>, args: readonly (number | boolean)[]): number | boolean {
  const names = args.map((_, i) => `x${i}`);
  const types = { input: expr.inputs.at(-1)!.dtype, output: expr.dtype, params: expr.params };
  const helpers = (expr.op.helpers ?? []).map((helper) => helper.js).join("\n");
  const text = `${helpers}\nreturn (${names.join(",")}) => ${expr.op.js(names, types)};`;
  let made = functions.get(text);
  if (!made) functions.set(text, made = new Function(text)());
  return made!(...args);
}

function evaluate(
  expr: Expr,
  point: readonly number[],
  data: readonly Data[],
  leaf: (expr: Expr) => number | boolean,
): number | boolean {
  switch (expr.kind) {
    case "constant":
      return expr.dtype === "bool" ? expr.value !== 0 : expr.value;
    case "index":
      return indexAt(expr.index, point);
    case "load": {
      const buffer = data[expr.arg]!, at = indexAt(expr.index, point);
      assert.ok(at >= 0 && at < buffer.length, `load of element ${at} of ${buffer.length}`);
      const view = expr.dtype === "f32" ? Float32Array : expr.dtype === "i32" ? Int32Array : Uint32Array;
      const value = new view(buffer.buffer as ArrayBuffer)[at]!;
      return expr.dtype === "bool" ? value !== 0 : value;
    }
    case "scalar":
      return applyOp(expr, expr.inputs.map((input) => evaluate(input, point, data, leaf)));
    case "guard": {
      const inside = expr.bounds.every(({ index, low, high }) => {
        const at = indexAt(index, point);
        return low <= at && at < high;
      });
      return evaluate(inside ? expr.inside : expr.outside, point, data, leaf);
    }
    default:
      return leaf(expr);
  }
}

function* points(dims: readonly number[]): Generator<number[]> {
  const total = dims.reduce((product, size) => product * size, 1);
  for (let i = 0; i < total; i++) {
    let rest = i;
    const point = new Array<number>(dims.length);
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      point[axis] = rest % dims[axis]!;
      rest = Math.floor(rest / dims[axis]!);
    }
    yield point;
  }
}

/** What the kernel does to its buffers, computed naively. Loads see the buffers as they were. */
export function interpret(kernel: Kernel, before: readonly Data[]): Data[] {
  const after = before.map((buffer) => buffer.slice());
  const put = ({ arg, index, value }: Store, point: readonly number[], leaf: (expr: Expr) => number | boolean) => {
    const at = indexAt(index, point), buffer = after[arg]!;
    assert.ok(at >= 0 && at < buffer.length, `store to element ${at} of ${buffer.length}`);
    const view = value.dtype === "f32" ? Float32Array : value.dtype === "i32" ? Int32Array : Uint32Array;
    new view(buffer.buffer as ArrayBuffer)[at] = Number(evaluate(value, point, before, leaf));
  };
  const none = (): never => assert.fail("no leaf here");
  if (kernel.kind === "map") {
    for (const point of points(kernel.dims)) for (const one of kernel.stores) put(one, point, none);
  } else if (kernel.kind === "contract") {
    const { batch, m, n, k } = kernel;
    for (const point of points([...batch, m, n])) {
      let sum = 0;
      for (let i = 0; i < k; i++) {
        const at = [...point, i];
        sum += Number(evaluate(kernel.a, at, before, none)) * Number(evaluate(kernel.b, at, before, none));
      }
      for (const one of kernel.stores) put(one, [...point, 0], () => sum);
    }
  } else if (kernel.kind === "row" || kernel.kind === "column") {
    for (const outer of points(kernel.outer)) {
      const results: number[] = [];
      const leaf = (expr: Expr) => results[(expr as { stage: number }).stage]!;
      for (const { fold, value, dtype } of kernel.stages) {
        let result = fold === "sum" ? 0 : fold === "max" ? (dtype === "u32" ? 0 : -Infinity) : Infinity;
        for (const inner of points(kernel.inner)) {
          const one = Number(evaluate(value, [...outer, ...inner], before, leaf));
          result = fold === "sum" ? result + one : fold === "max" ? Math.max(result, one) : Math.min(result, one);
        }
        results.push(result);
      }
      const first = [...outer, ...kernel.inner.map(() => 0)];
      for (const one of kernel.stores) {
        if (one.level === "outer") put(one, first, leaf);
        else for (const inner of points(kernel.inner)) put(one, [...outer, ...inner], leaf);
      }
    }
  }
  return after;
}

// ---------------------------------------------------------------- comparison

/** Runs one kernel on the device and returns its buffers. */
export async function runKernel(backend: WebGpuBackend, kernel: Kernel, data: readonly Data[]): Promise<Data[]> {
  const storages = data.map((buffer, i) => backend.allocate(buffer.byteLength, `buffer ${i}`));
  try {
    data.forEach((buffer, i) => backend.upload(storages[i]!, 0, buffer));
    using loaded = await backend.load([kernel]);
    using recording = backend.bind(loaded, (buffer) => storages[buffer]!);
    backend.replay(recording);
    return await Promise.all(data.map(async (buffer, i) => {
      const bytes = await backend.download(storages[i]!, 0, buffer.byteLength);
      return new (buffer.constructor as new (bytes: ArrayBuffer) => Data)(bytes);
    }));
  } finally {
    for (const storage of storages) storage[Symbol.dispose]();
  }
}

/** Asserts that every element is near: the tolerance is relative to the largest magnitude of the buffer, or to 1. */
export function assertNear(actual: Data, wanted: Data, tolerance: number, what: string): void {
  assert.equal(actual.length, wanted.length, what);
  for (let i = 0; i < wanted.length; i++) {
    const a = actual[i]!, b = wanted[i]!;
    if (Object.is(a, b) || a === b) continue;
    const error = Math.abs(a - b) / Math.max(1, Math.abs(b));
    assert.ok(error <= tolerance, `${what}: element ${i} is ${a}, wanted ${b}`);
  }
}

/** Runs a kernel on the device and compares all its buffers with the interpreter's. */
export async function check(
  backend: WebGpuBackend,
  kernel: Kernel,
  { data = dataFor(kernel.args), tolerance = 2e-5 }: { data?: Data[]; tolerance?: number } = {},
): Promise<void> {
  const wanted = interpret(kernel, data);
  const actual = await runKernel(backend, kernel, data);
  wanted.forEach((buffer, arg) => assertNear(actual[arg]!, buffer, tolerance, `${kernel.label}, argument ${arg}`));
}

export { coordinate, delinearize, rangeOf };
export type { ContractKernel, Kernel, OpaqueKernel };
