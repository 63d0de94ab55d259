/**
 * The WebAssembly module of the cpu device: packing and the matrix product.
 *
 * @module
 */
import { assemble } from "./assembler.ts";
import { microkernels } from "./microkernel.ts";
import { packers } from "./pack.ts";

/** Copies rows into panels: `(to, from, rows, count, k, strideOrOffsets)`, see `pack.ts`. */
export type Pack = (to: number, from: number, rows: number, count: number, k: number, along: number) => void;

/** Exports of the module. All addresses are in bytes. */
export interface WasmKernels {
  /** C (+)= A B of packed operands, see `microkernel.ts`. */
  readonly multiply: (
    a: number,
    b: number,
    c: number,
    rowBytes: number,
    m: number,
    n: number,
    k: number,
    accumulate: number,
    spare: number,
  ) => void;
  /** Packs A, constant stride along k. */
  readonly pack6: Pack;
  /** Packs B, constant stride along k. */
  readonly pack8: Pack;
  /** Packs A, table of offsets along k. */
  readonly packTable6: Pack;
  /** Packs B, table of offsets along k. */
  readonly packTable8: Pack;
}

interface Assembled {
  readonly module: WebAssembly.Module;
  readonly fused: boolean;
}

let assembled: Assembled | undefined;

function assembleOnce(): Assembled {
  if (assembled) return assembled;
  const relaxed = assemble([...microkernels(true), ...packers()]);
  const fused = WebAssembly.validate(relaxed);
  const bytes = fused ? relaxed : assemble([...microkernels(false), ...packers()]);
  return assembled = { module: new WebAssembly.Module(bytes), fused };
}

/** The module over `memory`, and how it multiplies: fused (relaxed multiply-add) where the runtime knows it. */
export function instantiate(memory: WebAssembly.Memory): { readonly kernels: WasmKernels; readonly fused: boolean } {
  const { module, fused } = assembleOnce();
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  return { kernels: instance.exports as unknown as WasmKernels, fused };
}
