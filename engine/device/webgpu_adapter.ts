/**
 * Getting a WebGPU device: the adapter, all the limits and features it offers that the engine can use.
 *
 * @module
 */
import type { ContractTable } from "../wgsl/target.ts";
import type { Subgroups } from "../wgsl/target.ts";
import { DeviceError } from "./backend.ts";
import { probeSubgroups } from "./subgroups.ts";

/** How to open a WebGPU backend. */
export interface WebGpuOptions {
  /** Where adapters come from; `navigator.gpu` unless given. */
  readonly gpu?: GPU;
  /** The adapter to use. */
  readonly adapter?: GPUAdapter;
  /** A device of the caller's, who stays its owner: it is not destroyed with the backend. */
  readonly device?: GPUDevice;
  /** Shape kernels as for a software adapter, or as for hardware, whatever the adapter is. For tests. */
  readonly software?: boolean;
  /** The most bytes that one binding spans, where that is less than the device allows. For tests; 64 KiB at least. */
  readonly bindingBytes?: number;
  /** False: refuse an adapter that computes on the processor. True unless given. */
  readonly allowSoftware?: boolean;
  /**
   * The most bytes of device memory to hand out. Software adapters do not report that memory is full (they hand out
   * more and the process dies), so for those there is a budget of 8 GiB unless given; for hardware there is none.
   */
  readonly budgetBytes?: number;
  /**
   * Take read-back data as soon as the map call returns, where the runtime has it by then (Deno 2.9 has, and an awaited
   * map costs it 10 ms more). Elsewhere the map is awaited all the same. False unless given.
   */
  readonly blockingReadback?: boolean;
  /**
   * Which contractions count as fast: "default", what is shipped for this kind of device; "measure", what is measured
   * now (some seconds on llvmpipe, and the choice may differ from run to run); or a table measured before, for runs
   * that must repeat bit for bit. "default" unless given.
   */
  readonly tuning?: "default" | "measure" | ContractTable;
}

/** An open device and what is known about it. */
export interface OpenDevice {
  readonly device: GPUDevice;
  /** True when this code requested the device and so must destroy it. */
  readonly owned: boolean;
  readonly description: string;
  readonly software: boolean;
  readonly subgroups?: Subgroups;
}

const WANTED_LIMITS = [
  "maxStorageBuffersPerShaderStage",
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupSizeZ",
  "maxComputeWorkgroupsPerDimension",
] as const;

const WANTED_FEATURES = ["timestamp-query", "shader-f16", "subgroups"] as const;

const REMEDY = "On Debian or Ubuntu `apt-get install mesa-vulkan-drivers libvulkan1` gives a software adapter; " +
  "without one use the cpu device.";

/** Opens a device. @throws {DeviceError} when there is none that the options allow. */
export async function openDevice(options: WebGpuOptions): Promise<OpenDevice> {
  if (options.device) {
    const info = options.device.adapterInfo as GPUAdapterInfo | undefined;
    return withSubgroups({ device: options.device, owned: false, ...describe(info) }, info);
  }
  const gpu = options.gpu ?? (globalThis.navigator as { gpu?: GPU } | undefined)?.gpu;
  if (!gpu && !options.adapter) throw new DeviceError(`webgpu: this runtime has no navigator.gpu. ${REMEDY}`);
  const adapter = options.adapter ?? await gpu!.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new DeviceError(`webgpu: no adapter was found. ${REMEDY}`);
  const about = describe(adapter.info);
  if (about.software && options.allowSoftware === false) {
    throw new DeviceError(`webgpu: the only adapter is ${about.description}; allow software or use the cpu device`);
  }
  return await withSubgroups({ device: await requestDevice(adapter), owned: true, ...about }, adapter.info);
}

async function withSubgroups(open: OpenDevice, info: GPUAdapterInfo | undefined): Promise<OpenDevice> {
  const subgroups = await probeSubgroups(open.device, info);
  return subgroups ? { ...open, subgroups } : open;
}

async function requestDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const limits = adapter.limits as unknown as Record<string, number>;
  const requiredLimits = Object.fromEntries(WANTED_LIMITS.map((name) => [name, limits[name]!]));
  const offered = WANTED_FEATURES.filter((name) => adapter.features.has(name));
  // Deno has subgroups without announcing them, so those are tried first; a refusal leaves the adapter usable.
  const attempts: readonly (readonly string[])[] = offered.includes("subgroups")
    ? [offered, []]
    : [[...offered, "subgroups"], offered, []];
  let failure: unknown;
  for (const features of attempts) {
    try {
      return await adapter.requestDevice({
        label: "seven",
        requiredLimits,
        requiredFeatures: features as GPUFeatureName[],
      });
    } catch (error) {
      failure = error;
    }
  }
  throw new DeviceError(`webgpu: the adapter gave no device (${(failure as Error).message}). ${REMEDY}`, {
    cause: failure,
  });
}

function describe(info: GPUAdapterInfo | undefined): { description: string; software: boolean } {
  const parts = [info?.description || info?.device, info?.description ? "" : info?.vendor].filter((part) => part);
  const name = parts.join(" ") || "unnamed adapter";
  const fallback = (info as { isFallbackAdapter?: boolean } | undefined)?.isFallbackAdapter === true;
  const software = fallback || /llvmpipe|lavapipe|swiftshader|basic render|software/i.test(name);
  return { description: `${name}, ${software ? "software" : "hardware"}`, software };
}
