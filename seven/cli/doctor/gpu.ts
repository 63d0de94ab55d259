/**
 * What there is of WebGPU: the adapter, and what it can do.
 *
 * @module
 */
import { Device, openWebGpu } from "../../../engine/mod.ts";
import { lineOf } from "../errors.ts";
import { matmulRate, type Rate } from "./rate.ts";

/** An adapter that can be used. */
export interface GpuFacts {
  /** Whether there is one. */
  readonly available: true;
  /** Its name, as the driver has it. */
  readonly name: string;
  /** Its maker. */
  readonly vendor: string;
  /** Its kind, where the driver says so. */
  readonly architecture: string;
  /** Whether it is what the runtime falls back on. */
  readonly fallback: boolean;
  /** Whether it computes on the processor. */
  readonly software: boolean;
  /** Limits that decide what fits, by their names in WebGPU. */
  readonly limits: Readonly<Record<string, number>>;
  /** Whether it has the features that the engine can use, by name. */
  readonly features: Readonly<Record<string, boolean>>;
  /** Size of subgroups that kernels use; absent where they use none. */
  readonly subgroups?: { readonly size: number; readonly enable: boolean };
  /** Rates, where they were measured. */
  readonly rates: readonly Rate[];
}

/** Why there is none, and what to do. */
export interface NoGpu {
  /** Whether there is one. */
  readonly available: false;
  /** The reason in words. */
  readonly reason: string;
}

/** Limits that decide whether a model fits and which kernels run. */
const limitNames = [
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupSizeZ",
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
] as const;

const featureNames = ["shader-f16", "timestamp-query", "subgroups"] as const;

/**
 * Looks at the adapter that the engine would take, and measures it. Whatever goes wrong becomes the reason.
 *
 * @param sizes Sizes of the matrices that are multiplied; none measures nothing.
 * @param gpu Where adapters come from; `navigator.gpu`.
 */
export async function gpuFacts(
  sizes: readonly number[],
  gpu: GPU | undefined = (globalThis.navigator as { readonly gpu?: GPU } | undefined)?.gpu,
): Promise<GpuFacts | NoGpu> {
  try {
    const adapter = await gpu?.requestAdapter({ powerPreference: "high-performance" }) ?? undefined;
    // Without an adapter the engine's own error says what is missing and how to get it.
    using backend = await openWebGpu(adapter ? { adapter } : gpu ? { gpu } : {});
    const { info, limits, features } = adapter!;
    const device = new Device(backend);
    const rates: Rate[] = [];
    for (const size of sizes) rates.push(await matmulRate(device, size));
    const { subgroups } = backend;
    return {
      available: true,
      name: info.description || info.device || "unnamed",
      vendor: info.vendor,
      architecture: info.architecture,
      fallback: (info as { readonly isFallbackAdapter?: boolean }).isFallbackAdapter === true,
      software: backend.software,
      limits: Object.fromEntries(limitNames.map((name) => [name, limits[name]])),
      features: Object.fromEntries(featureNames.map((name) => [name, features.has(name)])),
      ...(subgroups ? { subgroups } : {}),
      rates,
    };
  } catch (error) {
    return { available: false, reason: lineOf(error).replace(/^webgpu: /, "") };
  }
}
