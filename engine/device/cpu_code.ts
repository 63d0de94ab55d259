/**
 * Compiled kernels of one cpu device, each emitted and compiled once however many layers use it.
 *
 * For workers, text and addresses of tables are written into the shared memory (a record, see `cpu_worker.ts`), where
 * they stay as long as the device.
 *
 * @module
 */
import type { Kernel } from "../compile/kernel.ts";
import { compile, type Run } from "../js/code.ts";
import { emitKernel } from "../js/emit.ts";
import { kernelKey } from "../js/key.ts";
import type { WasmKernels } from "../wasm/module.ts";
import { partsOf } from "./cpu_parts.ts";
import type { Team } from "./cpu_team.ts";
import type { Memory } from "./memory.ts";

/** A compiled kernel. */
export interface Compiled {
  readonly source: string;
  readonly run: Run;
  /** In how many parts it runs. */
  readonly parts: number;
  /** Where its record lies, in words; 0 for kernels that are not shared. */
  readonly record: number;
}

/** Gives the compiled form of kernels. */
export function createCompiler(memory: Memory, wasm: WasmKernels, team: Team): (kernel: Kernel) => Compiled {
  const cache = new Map<string, Compiled>();
  const tables = new Map<string, number>();
  let scratch = { address: 0, bytes: 0 };

  const place = (entries: Int32Array, label: string): number => {
    const address = memory.take(entries.byteLength, label);
    memory.heap.i32.set(entries, address / 4);
    return address;
  };
  const tableAddress = (entries: Int32Array): number => {
    const key = entries.join();
    const address = tables.get(key) ?? place(entries, "offset table");
    tables.set(key, address);
    return address;
  };
  const reserve = (bytes: number): void => {
    if (bytes <= scratch.bytes) return;
    const own = Math.ceil(bytes / 128) * 128;
    const address = memory.take(own * team.threads, "working space");
    if (scratch.bytes) memory.give(scratch.address, scratch.bytes * team.threads);
    scratch = { address, bytes: own };
    memory.heap.scratch = address;
    team.setScratch(address, own);
  };
  const recordOf = (source: string, addresses: readonly number[]): number => {
    const text = new TextEncoder().encode(source);
    const address = memory.take(text.length, "code");
    memory.view(address, text.length).set(text);
    return place(Int32Array.of(address / 4, text.length, addresses.length, ...addresses), "code") / 4;
  };

  return (kernel) => {
    const key = kernelKey(kernel);
    const known = cache.get(key);
    if (known) return known;
    const emitted = emitKernel(kernel);
    const { source } = emitted;
    const parts = partsOf(kernel, emitted, team.threads);
    if (parts > 1) team.start();
    reserve(emitted.scratchBytes);
    const addresses = emitted.tables.map(tableAddress);
    const run = compile(source, kernel.label, wasm, addresses);
    const compiled = { source, run, parts, record: parts > 1 ? recordOf(source, addresses) : 0 };
    cache.set(key, compiled);
    return compiled;
  };
}

/** Writes what workers need of each shared kernel, see `cpu_worker.ts`; gives where each entry lies, in words. */
export function writeEntries(
  memory: Memory,
  compiled: readonly Compiled[],
  bases: readonly (readonly number[])[],
): { readonly at: readonly number[]; readonly release: () => void } {
  const words: number[] = [];
  const offsets = compiled.map(({ record, parts }, i) => {
    if (parts > 1) words.push(record, parts, bases[i]!.length, ...bases[i]!);
    return words.length - bases[i]!.length - 3;
  });
  if (words.length === 0) return { at: offsets, release() {} };
  const address = memory.take(4 * words.length, "recording");
  memory.heap.i32.set(words, address / 4);
  let kept = true;
  const release = (): void => {
    if (kept) memory.give(address, 4 * words.length);
    kept = false;
  };
  return { at: offsets.map((offset) => address / 4 + offset), release };
}
