/**
 * Straightforward evaluation of kernels at every point, in f64, for tests of the cpu device. Nothing is shared with the
 * emitters: indices are walked, scalar operations run as their own texts one by one.
 */
import type { Bound, Index } from "../../../engine/compile/index.ts";
import type { ContractKernel, Expr, Kernel, MapKernel, ReduceKernel, Store } from "../../../engine/compile/kernel.ts";
import type { Dtype } from "../../../engine/graph/node.ts";
import type { ScalarPrimitive } from "../../../engine/graph/scalar_ops.ts";
import { openCpu } from "../../../engine/device/cpu.ts";

type Value = number | boolean;

/** Contents of an argument, seen through any element type. */
export interface Contents {
  readonly f32: Float32Array<ArrayBuffer>;
  readonly i32: Int32Array<ArrayBuffer>;
  readonly u32: Uint32Array<ArrayBuffer>;
}

/** Views of fresh contents: numbers are written as `dtype`. */
export function contents(values: ArrayLike<number>, dtype: "f32" | "i32" | "u32" = "f32"): Contents {
  const buffer = new ArrayBuffer(4 * values.length);
  const views = { f32: new Float32Array(buffer), i32: new Int32Array(buffer), u32: new Uint32Array(buffer) };
  views[dtype].set(values);
  return views;
}

export function evaluateIndex(index: Index, at: readonly number[]): number {
  return index.terms.reduce((sum, { atom, coefficient }) => {
    if (atom.kind === "coord") return sum + coefficient * at[atom.axis]!;
    const of = evaluateIndex(atom.of, at), quotient = Math.floor(of / atom.by);
    return sum + coefficient * (atom.kind === "div" ? quotient : of - quotient * atom.by);
  }, index.offset);
}

const holds = ({ index, low, high }: Bound, at: readonly number[]): boolean => {
  const value = evaluateIndex(index, at);
  return value >= low && value < high;
};

const compiled = new Map<string, (...args: Value[]) => Value>();
function scalarFunction(
  op: ScalarPrimitive,
  input: Dtype,
  output: Dtype,
  arity: number,
  params: object,
): typeof compiled extends Map<string, infer F> ? F : never {
  const key = `${op.name} ${input} ${output} ${JSON.stringify(params)}`;
  let run = compiled.get(key);
  if (!run) {
    const names = Array.from({ length: arity }, (_, index) => `a${index}`);
    const helpers = (op.helpers ?? []).map((helper) => helper.js).join("\n");
    const body = `${helpers}\nreturn (${names}) => ${op.js(names, { input, output, params })};`;
    compiled.set(key, run = new Function(body)() as (...args: Value[]) => Value);
  }
  return run;
}

interface Point {
  readonly at: readonly number[];
  readonly stages: readonly number[];
  readonly accumulator: number;
}

function evaluate(expr: Expr, args: readonly Contents[], point: Point): Value {
  switch (expr.kind) {
    case "load": {
      const element = evaluateIndex(expr.index, point.at);
      const view = args[expr.arg]![expr.dtype === "bool" ? "u32" : expr.dtype as "f32"];
      if (element < 0 || element >= view.length) throw new RangeError(`load of ${element} of ${view.length}`);
      return expr.dtype === "bool" ? view[element] !== 0 : view[element]!;
    }
    case "constant":
      return expr.dtype === "bool" ? expr.value !== 0 : expr.value;
    case "index":
      return evaluateIndex(expr.index, point.at);
    case "scalar": {
      const values = expr.inputs.map((input) => evaluate(input, args, point));
      const input = expr.inputs.at(-1)!.dtype;
      return scalarFunction(expr.op, input, expr.dtype, values.length, expr.params)(...values);
    }
    case "guard":
      return evaluate(expr.bounds.every((bound) => holds(bound, point.at)) ? expr.inside : expr.outside, args, point);
    case "stage":
      return point.stages[expr.stage]!;
    case "accumulator":
      return point.accumulator;
  }
}

function* points(dims: readonly number[], prefix: readonly number[] = []): Generator<readonly number[]> {
  if (dims.length === 0) yield prefix;
  else for (let i = 0; i < dims[0]!; i++) yield* points(dims.slice(1), [...prefix, i]);
}

/** Runs a kernel on contents, in place: all stores happen after all loads. */
export function runReference(kernel: Exclude<Kernel, { kind: "opaque" }>, args: readonly Contents[]): void {
  const writes: (() => void)[] = [];
  const store = ({ arg, index, value }: Store, point: Point): void => {
    const element = evaluateIndex(index, point.at), result = evaluate(value, args, point);
    const view = args[arg]![value.dtype === "bool" ? "u32" : value.dtype as "f32"];
    writes.push(() => void (view[element] = Number(result)));
  };
  if (kernel.kind === "map") runMap(kernel, store);
  else if (kernel.kind === "contract") runContract(kernel, args, store);
  else runReduction(kernel, args, store);
  writes.forEach((write) => write());
}

type StoreAt = (store: Store, point: Point) => void;

function runMap(kernel: MapKernel, store: StoreAt): void {
  for (const at of points(kernel.dims)) {
    kernel.stores.forEach((one) => store(one, { at, stages: [], accumulator: 0 }));
  }
}

function runContract(kernel: ContractKernel, args: readonly Contents[], store: StoreAt): void {
  for (const at of points([...kernel.batch, kernel.m, kernel.n])) {
    let accumulator = 0;
    for (let k = 0; k < kernel.k; k++) {
      const point = { at: [...at, k], stages: [], accumulator: 0 };
      accumulator += Number(evaluate(kernel.a, args, point)) * Number(evaluate(kernel.b, args, point));
    }
    kernel.stores.forEach((one) => store(one, { at, stages: [], accumulator }));
  }
}

function runReduction(kernel: ReduceKernel, args: readonly Contents[], store: StoreAt): void {
  for (const outer of points(kernel.outer)) {
    const stages: number[] = [];
    for (const { fold, value, dtype } of kernel.stages) {
      const least = dtype === "i32" ? -(2 ** 31) : dtype === "u32" ? 0 : -Infinity;
      const greatest = dtype === "i32" ? 2 ** 31 - 1 : dtype === "u32" ? 2 ** 32 - 1 : Infinity;
      let result = fold === "sum" ? 0 : fold === "max" ? least : greatest;
      for (const inner of points(kernel.inner)) {
        const next = Number(evaluate(value, args, { at: [...outer, ...inner], stages, accumulator: 0 }));
        if (fold === "sum") result += next;
        else if (fold === "max" ? next > result : next < result) result = next;
      }
      if (dtype === "i32") result |= 0;
      if (dtype === "u32") result >>>= 0;
      stages.push(result);
    }
    for (const one of kernel.stores) {
      if (one.level === "outer") store(one, { at: outer, stages, accumulator: 0 });
      else for (const inner of points(kernel.inner)) store(one, { at: [...outer, ...inner], stages, accumulator: 0 });
    }
  }
}

/** Runs kernels on a fresh cpu device; buffer number i holds `buffers[i]`. Returns the contents after. */
export async function runOnCpu(kernels: readonly Kernel[], buffers: readonly Contents[]): Promise<readonly Contents[]> {
  using device = openCpu();
  const storages = buffers.map((buffer, index) => {
    const storage = device.allocate(buffer.u32.byteLength, `buffer ${index}`);
    device.upload(storage, 0, buffer.u32);
    return storage;
  });
  const recording = device.bind(await device.load(kernels), (buffer) => storages[buffer]!);
  device.replay(recording);
  const results: Contents[] = [];
  for (const storage of storages) {
    const bytes = await device.download(storage, 0, storage.bytes);
    results.push({ f32: new Float32Array(bytes), i32: new Int32Array(bytes), u32: new Uint32Array(bytes) });
  }
  return results;
}

/** The kernel gives on the cpu device what it means: f32 within `tolerance` of the value and of the largest one. */
export async function checkKernel(
  kernel: Exclude<Kernel, { kind: "opaque" }>,
  args: readonly Contents[],
  tolerance = 1e-6,
): Promise<void> {
  const results = await runOnCpu([{ ...kernel, args: kernel.args.map((arg, buffer) => ({ ...arg, buffer })) }], args);
  const expected = args.map((one) => contents(one.u32, "u32"));
  runReference(kernel, expected);
  kernel.args.forEach((arg, number) => {
    const [got, want] = [results[number]!, expected[number]!];
    const floats = kernel.stores.some((store) => store.arg === number && store.value.dtype === "f32");
    const scale = floats ? want.f32.reduce((most, x) => Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most, 0) : 0;
    for (let i = 0; i < arg.length; i++) {
      const same = floats
        ? Object.is(got.f32[i], want.f32[i]) ||
          Math.abs(got.f32[i]! - want.f32[i]!) <= tolerance * (Math.abs(want.f32[i]!) + scale)
        : got.u32[i] === want.u32[i];
      if (!same) {
        const view = floats ? "f32" : "u32";
        throw new Error(`argument ${number}, element ${i}: ${got[view][i]}, expected ${want[view][i]}`);
      }
    }
  });
}
