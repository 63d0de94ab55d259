/**
 * What there is of the cpu device.
 *
 * @module
 */
import { openDevice } from "../../../engine/mod.ts";
import { hasRelaxedMadd } from "../../../engine/wasm/simd.ts";
import { lineOf } from "../errors.ts";
import { matmulRate, type Rate } from "./rate.ts";

/** The cpu device, or why there is none. */
export interface CpuFacts {
  /** The device in words: instructions and threads. */
  readonly description: string;
  /** Whether the runtime has WebAssembly SIMD, without which there is no such device. */
  readonly simd: boolean;
  /** Whether it has the relaxed multiply-add, which is about twice as fast. */
  readonly relaxedSimd: boolean;
  /** Threads that took part in what was measured; absent where nothing was. */
  readonly threads?: number;
  /** Rates, where they were measured. */
  readonly rates: readonly Rate[];
}

/**
 * Opens the cpu device and measures it. Whatever goes wrong becomes its description.
 *
 * @param sizes Sizes of the matrices that are multiplied; none measures nothing.
 */
export async function cpuFacts(sizes: readonly number[]): Promise<CpuFacts> {
  const relaxedSimd = hasRelaxedMadd();
  try {
    using device = await openDevice("cpu");
    const rates: Rate[] = [];
    for (const size of sizes) rates.push(await matmulRate(device, size));
    const { threadsRunning } = device.backend as { readonly threadsRunning?: () => number };
    return {
      description: device.description,
      simd: true,
      relaxedSimd,
      ...(rates.length > 0 && threadsRunning ? { threads: threadsRunning() } : {}),
      rates,
    };
  } catch (error) {
    return { description: lineOf(error), simd: false, relaxedSimd, rates: [] };
  }
}
