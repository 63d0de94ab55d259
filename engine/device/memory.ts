/**
 * The memory of the cpu device: one WebAssembly.Memory, handed out in ranges.
 *
 * Ranges are multiples of 64 bytes (a cache line, and enough for any vector). The last line of the memory is never handed
 * out: vector loops may read a little beyond what they are given. Free ranges are kept in address order and
 * joined with their neighbours; the first that fits is taken. When none fits the memory grows, which leaves every view
 * behind: `heap` is then made anew. It declares how far it may grow, as memory that threads share must: address space is
 * set aside for that, memory is not. Addresses are 32 bits, hence 4 GiB at most; all address arithmetic is here, in
 * `engine/js` (`argumentName`, `position`) and in the i32 instructions of `engine/wasm`.
 *
 * @module
 */
import type { Heap } from "../js/code.ts";
import { DeviceError } from "./backend.ts";

/** Bytes that 32-bit addresses reach. */
export const ADDRESSABLE: number = 2 ** 32 - 65536;
const PAGE = 65536;
const LINE = 64;
/** 256 MiB: with less address space than this there is no point in trying. */
const LEAST_PAGES = 4096;
/** Growth at least this much at a time: each growth remakes the views. */
const STEP = 16 * 2 ** 20;

interface Range {
  address: number;
  bytes: number;
}

/** Ranges of a growing memory. */
export interface Memory {
  readonly wasm: WebAssembly.Memory;
  /** Current views. */
  readonly heap: Heap;
  /** Bytes handed out. */
  inUse(): number;
  /** A range filled with zeros. @throws {DeviceError} when there is not enough memory. */
  take(bytes: number, label: string): number;
  /** Gives a range back. */
  give(address: number, bytes: number): void;
  /** Bytes of a range, as a view that is valid until the memory grows. */
  view(address: number, bytes: number): Uint8Array;
}

const roundUp = (bytes: number): number => Math.max(LINE, Math.ceil(bytes / LINE) * LINE);
const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** A growable memory of `pages` at most, or of fewer where the runtime has not that much address space. */
function reserve(pages: number, shared: boolean): WebAssembly.Memory {
  for (let maximum = Math.max(1, pages);; maximum = Math.ceil(maximum / 2)) {
    try {
      return new WebAssembly.Memory({ initial: 1, maximum, shared });
    } catch (error) {
      if (maximum <= LEAST_PAGES) throw error;
    }
  }
}

/** A memory of at most `limit` bytes, which threads can share if `shared`. */
export function createMemory(limit: number, shared = false): Memory {
  const wasm = reserve(Math.ceil(limit / PAGE), shared);
  const free: Range[] = [{ address: 0, bytes: PAGE - LINE }];
  let size = PAGE - LINE, used = 0, untouched = 0;
  const heap = { scratch: 0 } as Heap;
  const renew = (): void => {
    heap.f32 = new Float32Array(wasm.buffer);
    heap.i32 = new Int32Array(wasm.buffer);
    heap.u32 = new Uint32Array(wasm.buffer);
  };
  renew();

  const release = (address: number, bytes: number): void => {
    const at = free.findIndex((range) => range.address > address);
    const index = at < 0 ? free.length : at;
    const before = free[index - 1], after = free[index];
    const joinsBefore = before !== undefined && before.address + before.bytes === address;
    const joinsAfter = after !== undefined && address + bytes === after.address;
    if (joinsBefore) {
      before.bytes += bytes + (joinsAfter ? after.bytes : 0);
      if (joinsAfter) free.splice(index, 1);
    } else if (joinsAfter) {
      after.address = address;
      after.bytes += bytes;
    } else free.splice(index, 0, { address, bytes });
  };
  const grow = (bytes: number, label: string): void => {
    const last = free.at(-1);
    const tail = last && last.address + last.bytes === size ? last.bytes : 0;
    const missing = Math.ceil((bytes - tail) / PAGE) * PAGE;
    const wanted = Math.max(missing, Math.min(STEP, limit - size - LINE));
    const refuse = (why: string): DeviceError =>
      new DeviceError(
        `cpu: not enough memory for ${label}: ${mebibytes(bytes)} asked, ${mebibytes(used)} in use, ${why}; ` +
          "use a smaller batch or model, recompute activations (checkpoint), or the WebGPU device",
      );
    if (size + LINE + missing > limit) throw refuse(`${mebibytes(limit)} is the limit`);
    try {
      wasm.grow(wanted / PAGE);
    } catch {
      throw refuse("the runtime gives no more");
    }
    release(size, wanted);
    size += wanted;
    renew();
  };
  const view = (address: number, bytes: number): Uint8Array => new Uint8Array(wasm.buffer, address, bytes);

  return {
    wasm,
    heap,
    inUse: () => used,
    view,
    take(bytes, label) {
      const need = roundUp(bytes);
      let index = free.findIndex((range) => range.bytes >= need);
      if (index < 0) {
        grow(need, label);
        index = free.findIndex((range) => range.bytes >= need);
      }
      const range = free[index]!;
      const { address } = range;
      if (range.bytes === need) free.splice(index, 1);
      else {
        range.address += need;
        range.bytes -= need;
      }
      used += need;
      // Memory that was never handed out is zero as it comes from the system: touching it would only cost time.
      if (address < untouched) heap.f32.fill(0, address / 4, Math.min(address + need, untouched) / 4);
      untouched = Math.max(untouched, address + need);
      return address;
    },
    give(address, bytes) {
      const size = roundUp(bytes);
      used -= size;
      release(address, size);
    },
  };
}
