/**
 * Generated code: what emitters give and what running it takes.
 *
 * The text of a kernel is the body of a factory of `wasm` (the module's functions) and `tables` (addresses of constant
 * tables), which returns the kernel. A kernel takes the heap, the element at which each argument starts, and which part
 * of how many to do: parts write disjoint elements, so threads share a kernel, and its results do not depend on their
 * number. Addresses inside the heap are
 * made here and in `argumentName` alone.
 *
 * `new Function` compiles it. A page with a strict content security policy refuses that; use the WebGPU device there.
 *
 * @module
 */
import { DeviceError } from "../device/backend.ts";
import type { WasmKernels } from "../wasm/module.ts";
import { argumentName, type Context } from "./expr.ts";
import type { Frame } from "./frame.ts";
import { indented } from "./frame.ts";

/** Views of the one memory; made anew whenever it grows. */
export interface Heap {
  f32: Float32Array;
  i32: Int32Array;
  u32: Uint32Array;
  /** Byte address of the thread's own working space, at least `scratchBytes` of every compiled kernel. */
  scratch: number;
}

/** A compiled kernel. `bases` holds the first element of each argument in the heap. */
export type Run = (heap: Heap, bases: Int32Array, part: number, parts: number) => void;

/** Generated code of a kernel. */
export interface Emitted {
  /** Body of the factory. */
  readonly source: string;
  /** Constant tables (byte offsets), to be placed in the heap. */
  readonly tables: readonly Int32Array[];
  /** Working space in bytes, for each thread. */
  readonly scratchBytes: number;
  /** Most parts that are worth making; more would share cache lines or repeat work, or be empty. */
  readonly parts: number;
  /** Parts that together take no more work than one; between this and `parts` each repeats some. */
  readonly freeParts: number;
}

/** Wraps the lines of a kernel into the body of its factory. */
export function finish(
  context: Pick<Context, "helpers">,
  root: Frame,
  args: number,
  parts: number,
  extra: {
    readonly constants?: readonly string[];
    readonly tables?: readonly Int32Array[];
    readonly scratchBytes?: number;
    readonly freeParts?: number;
  } = {},
): Emitted {
  const helpers = [...context.helpers.values()].flatMap((helper) => helper.js.split("\n"));
  const bases = Array.from({ length: args }, (_, arg) => `const ${argumentName(arg)} = bases[${arg}];`);
  const source = [
    ...helpers,
    ...(extra.constants ?? []),
    "return function kernel(heap, bases, part, parts) {",
    ...indented(["const f32 = heap.f32, i32 = heap.i32, u32 = heap.u32;", ...bases, ...root.lines]),
    "};",
  ].join("\n");
  const { tables = [], scratchBytes = 0, freeParts = parts } = extra;
  return { source, tables, scratchBytes, parts, freeParts };
}

/** Writes `const lo = ..., hi = ...`: this part's share of `size` rounds of a loop, cut at multiples of `unit`. */
export function shareOf(frame: Frame, size: number, unit = 1): readonly [string, string] {
  const units = Math.ceil(size / unit);
  const cut = (part: string): string => `Math.floor(${units} * ${part} / parts) * ${unit}`;
  frame.lines.push(`const lo = Math.min(${cut("part")}, ${size}) | 0;`);
  frame.lines.push(`const hi = Math.min(${cut("(part + 1)")}, ${size}) | 0;`);
  return ["lo", "hi"];
}

/** Compiles generated code. @throws {DeviceError} with the numbered source when the runtime refuses it. */
export function compile(source: string, label: string, wasm: WasmKernels, tables: readonly number[]): Run {
  try {
    return new Function("wasm", "tables", `"use strict";\n${source}`)(wasm, tables) as Run;
  } catch (error) {
    const numbered = source.split("\n").map((line, index) => `${String(index + 2).padStart(4)} | ${line}`).join("\n");
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const remedy = error instanceof EvalError
      ? "this page forbids generated code (content security policy): use the WebGPU device"
      : "this is a defect of the emitter";
    throw new DeviceError(`cpu: kernel ${label} does not compile, ${reason}; ${remedy}\n${numbered}`, { cause: error });
  }
}
