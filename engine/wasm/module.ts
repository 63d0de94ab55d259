/**
 * The WebAssembly module of the cpu device: packing and the matrix product.
 *
 * @module
 */
import { assemble } from "./assembler.ts";
import { microkernels } from "./microkernel.ts";
import { packers } from "./pack.ts";
import { hasRelaxedMadd } from "./simd.ts";

/** Copies rows into panels: `(to, from, rows, count, k, strideOrOffsets)`, see `pack.ts`. */
export type Pack = (to: number, from: number, rows: number, count: number, k: number, along: number) => void;

/** C (+)= A B, see `microkernel.ts`. */
export type Multiply = (
  from: number,
  rows: number,
  along: number,
  b: number,
  c: number,
  rowBytes: number,
  m: number,
  n: number,
  k: number,
  accumulate: number,
  spare: number,
) => void;

/** Exports of the module. All addresses are in bytes. */
export interface WasmKernels {
  /** The memory that all functions work on. */
  readonly memory: WebAssembly.Memory;
  /** C (+)= A B for packed B, constant stride along k, see `microkernel.ts`. */
  readonly multiply: Multiply;
  /** The same, table of offsets along k. */
  readonly multiplyTable: Multiply;
  /** Packs B, constant stride along k. */
  readonly pack: Pack;
  /** Packs B, table of offsets along k. */
  readonly packTable: Pack;
}

interface Assembled {
  readonly module: WebAssembly.Module;
  readonly fused: boolean;
}

/** The module over a memory, and how it multiplies: fused (relaxed multiply-add) where the runtime knows it. */
export interface Instantiated extends Assembled {
  readonly kernels: WasmKernels;
}

const assembled = new Map<boolean, Assembled>();

function assembleOnce(shared: boolean): Assembled {
  const known = assembled.get(shared);
  if (known) return known;
  const fused = hasRelaxedMadd();
  const bytes = assemble([...microkernels(fused), ...packers()], shared);
  const fresh = { module: new WebAssembly.Module(bytes), fused };
  assembled.set(shared, fresh);
  return fresh;
}

/** The module over `memory`, which is `shared` by threads or not. */
export function instantiate(memory: WebAssembly.Memory, shared = false): Instantiated {
  const { module, fused } = assembleOnce(shared);
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  return { kernels: instance.exports as unknown as WasmKernels, module, fused };
}
