/**
 * Choosing a device.
 *
 * @module
 */
import { DeviceError } from "./backend.ts";
import { type CpuOptions, openCpu } from "./cpu.ts";
import { Device } from "./device.ts";
import { openWebGpu, type WebGpuOptions } from "./webgpu.ts";

/** Which device to open: a named one, or the better of those that there are. */
export type DeviceChoice = "auto" | "cpu" | "webgpu";

/** Settings of the devices. */
export interface OpenOptions {
  /** For the cpu device. */
  readonly cpu?: CpuOptions;
  /** For the webgpu device. `allowSoftware` is that of a device asked for by name; `auto` never takes software. */
  readonly webgpu?: WebGpuOptions;
}

/**
 * Opens a device. Release it with `using`; {@linkcode Device.reason} says why it was chosen.
 *
 * `auto` takes a WebGPU adapter that is hardware, else the cpu device. A software adapter is never taken: it runs on the
 * same processor and is slower there. Measured side by side on two threads (Deno 2.9.6, Mesa llvmpipe, batches of 64), a
 * training step of the 6-layer ViT `vit-mnist` takes 261 ms on the cpu device and 476 ms on llvmpipe; compiling takes the
 * cpu device well below a second, llvmpipe up to ten.
 *
 * @param choice Which device.
 * @param options Settings of the devices.
 * @returns The device.
 * @throws {DeviceError} when the device asked for is not there; the message says how to get one.
 *
 * @example
 * ```ts
 * import { constant, openDevice, sum } from "@sentinel/seven/engine";
 *
 * using device = await openDevice("cpu");
 * console.assert(await device.read(() => sum(constant(2, [3]))) === 6);
 * ```
 */
export async function openDevice(choice: DeviceChoice = "auto", options: OpenOptions = {}): Promise<Device> {
  if (choice === "cpu") return new Device(openCpu(options.cpu));
  if (choice === "webgpu") return new Device(await openWebGpu(options.webgpu));
  try {
    const backend = await openWebGpu({ ...options.webgpu, allowSoftware: false });
    return new Device(backend, "the adapter is hardware");
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    return new Device(openCpu(options.cpu), whyCpu(error.message));
  }
}

/** The reason of the cpu device: what the webgpu device said, without its remedies. */
function whyCpu(refusal: string): string {
  const [problem] = refusal.replace(/^webgpu: /, "").split(/[;.] /);
  return /software/.test(problem!)
    ? `${problem}, which is slower than the cpu device`
    : `no GPU can be used: ${problem}`;
}
