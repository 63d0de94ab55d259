/**
 * The WebGPU executor: kernels as WGSL compute shaders.
 *
 * Needs nothing but the standard `GPUDevice` interface, so it runs in Deno, browsers and Node alike.
 *
 * @module
 */
import type { WebGpuBackend } from "./webgpu_backend.ts";
import type { Kernel } from "../compile/kernel.ts";
import { HARDWARE_TABLE, SOFTWARE_TABLE } from "../wgsl/contract_variants.ts";
import type { ContractTable } from "../wgsl/target.ts";
import { emitKernel } from "../wgsl/emit.ts";
import type { Subgroups, Target } from "../wgsl/target.ts";
import { type Copy, DeviceError, type Limits, type Loaded, type Recording, type Storage } from "./backend.ts";
import { Pace } from "./pace.ts";
import { PipelineCache } from "./pipelines.ts";
import { Readback } from "./readback.ts";
import { checkBindings } from "./binding_limits.ts";
import { bindCommands, type Command, encodeCommands, type Prepared } from "./record.ts";
import { timeCommands } from "./timing.ts";
import { tuneContractions } from "./tuning.ts";
import { type OpenDevice, openDevice, type WebGpuOptions } from "./webgpu_adapter.ts";
import { DeviceLostError, OutOfMemoryError, ValidationError } from "./webgpu_errors.ts";
import { SOFTWARE_BUDGET, WebGpuMemory, type WebGpuStorage } from "./webgpu_memory.ts";

export type { WebGpuOptions } from "./webgpu_adapter.ts";
export type { WebGpuBackend } from "./webgpu_backend.ts";
export { DeviceLostError, OutOfMemoryError, ShaderError, ValidationError } from "./webgpu_errors.ts";

/**
 * Opens the WebGPU executor.
 *
 * @throws {DeviceError} when there is no adapter that the options allow; the message says how to get one.
 */
export async function openWebGpu(options: WebGpuOptions = {}): Promise<WebGpuBackend> {
  const backend = new WebGpu(await openDevice(options), options);
  if (options.tuning === "measure") backend.useContractions(await tuneContractions(backend));
  return backend;
}

/** Bytes of uploads after which they are submitted: until then the queue holds a copy of each. */
const UPLOAD_FLUSH = 64 * 2 ** 20;

interface WebGpuLoaded extends Loaded {
  readonly prepared: readonly Prepared[];
}

interface WebGpuRecording extends Recording {
  readonly commands: readonly Command[];
}

class WebGpu implements WebGpuBackend {
  readonly kind = "webgpu";
  readonly description: string;
  readonly software: boolean;
  readonly limits: Limits;
  readonly #device: GPUDevice;
  readonly #owned: boolean;
  #target: Target & { readonly contractions: ContractTable };
  readonly #pipelines: PipelineCache;
  readonly #readback: Readback;
  readonly #memory: WebGpuMemory;
  readonly #pace: Pace;
  #uploaded = 0;
  #error: DeviceError | undefined;
  #closed = false;
  readonly #onError = (event: Event): void => {
    const { error } = event as GPUUncapturedErrorEvent;
    this.#error ??= error instanceof GPUOutOfMemoryError
      ? new OutOfMemoryError(`webgpu: ${error.message}; ${this.#memory.usage()}`)
      : new ValidationError(`webgpu: the device refused a command: ${error.message}`);
  };

  constructor({ device, owned, description, software, subgroups }: OpenDevice, options: WebGpuOptions) {
    this.#device = device;
    this.#owned = owned;
    this.description = description;
    this.software = options.software ?? software;
    const { limits } = device;
    const bindingBytes = Math.min(limits.maxStorageBufferBindingSize, options.bindingBytes ?? Infinity);
    this.limits = {
      bindings: limits.maxStorageBuffersPerShaderStage,
      bindingBytes,
      storageBytes: limits.maxBufferSize,
    };
    const { tuning } = options;
    this.#target = {
      software: this.software,
      bindings: limits.maxStorageBuffersPerShaderStage,
      bindingBytes,
      invocations: limits.maxComputeInvocationsPerWorkgroup,
      workgroupBytes: limits.maxComputeWorkgroupStorageSize,
      groups: limits.maxComputeWorkgroupsPerDimension,
      ...(subgroups ? { subgroups } : {}),
      contractions: typeof tuning === "object" ? tuning : this.software ? SOFTWARE_TABLE : HARDWARE_TABLE,
    };
    this.#memory = new WebGpuMemory(device, options.budgetBytes ?? (software ? SOFTWARE_BUDGET : Infinity));
    this.#pipelines = new PipelineCache(device);
    this.#readback = new Readback(device, options.blockingReadback === true);
    this.#pace = new Pace(() => device.queue.onSubmittedWorkDone());
    device.addEventListener("uncapturederror", this.#onError);
    device.lost.then(({ reason, message }) => {
      if (this.#closed) return;
      this.#error = new DeviceLostError(
        `webgpu: the device was lost (${reason || "unknown reason"}: ${
          message || "no message"
        }). What it held is gone: ` +
          "open a new device and go on from the last checkpoint; if it happens again, use smaller batches",
      );
    });
  }

  get subgroups(): Subgroups | undefined {
    return this.#target.subgroups;
  }

  get contractions(): ContractTable {
    return this.#target.contractions;
  }

  useContractions(table: ContractTable): void {
    this.#target = { ...this.#target, contractions: table };
  }

  get usedBytes(): number {
    return this.#memory.used;
  }

  allocate(bytes: number, label: string): Storage {
    this.#check();
    return this.#memory.allocate(bytes, label);
  }

  upload(storage: Storage, byteOffset: number, data: ArrayBufferView): void {
    this.#check();
    if (data.byteLength % 4 !== 0 || byteOffset % 4 !== 0 || byteOffset + data.byteLength > storage.bytes) {
      throw new DeviceError(
        `webgpu: cannot write ${data.byteLength} B at ${byteOffset} of "${storage.label}" (${storage.bytes} B): ` +
          "offset and size must be multiples of 4 within it",
      );
    }
    const { buffer } = storage as WebGpuStorage;
    this.#device.queue.writeBuffer(buffer, byteOffset, data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
    this.#uploaded += data.byteLength;
    if (this.#uploaded >= UPLOAD_FLUSH) this.#submit([]);
  }

  async download(storage: Storage, byteOffset: number, bytes: number): Promise<ArrayBuffer> {
    this.#check();
    if (bytes % 4 !== 0 || byteOffset % 4 !== 0 || byteOffset + bytes > storage.bytes) {
      throw new DeviceError(
        `webgpu: cannot read ${bytes} B at ${byteOffset} of "${storage.label}" (${storage.bytes} B): ` +
          "offset and size must be multiples of 4 within it",
      );
    }
    if (bytes === 0) return new ArrayBuffer(0);
    this.#uploaded = 0;
    try {
      const data = await this.#readback.read((storage as WebGpuStorage).buffer, byteOffset, bytes);
      this.#check();
      return data;
    } catch (error) {
      this.#check(); // the remembered error says more than the failed map
      throw error instanceof DeviceError
        ? error
        : new DeviceError(`webgpu: reading "${storage.label}" failed: ${error}`);
    }
  }

  async load(
    kernels: readonly Kernel[],
    nameOf: (buffer: number) => string = (buffer) => `buffer ${buffer}`,
  ): Promise<Loaded> {
    this.#check();
    const launches = kernels.flatMap((kernel, position) =>
      emitKernel(kernel, this.#target).map((dispatch) => ({ kernel: position, dispatch }))
    );
    launches.forEach(({ kernel, dispatch }) => checkBindings(kernels[kernel]!, dispatch, this.limits, nameOf));
    const prepared = await Promise.all(launches.map(async ({ kernel, dispatch }) => ({
      kernel,
      dispatch,
      pipeline: await this.#pipelines.get(dispatch),
    })));
    this.#check();
    const loaded: WebGpuLoaded = {
      kernels,
      prepared,
      sources: [...new Set(prepared.map(({ dispatch }) => dispatch.wgsl))],
      dispatches: prepared.length,
      [Symbol.dispose]: () => {},
    };
    return loaded;
  }

  bind(loaded: Loaded, resolve: (buffer: number) => Storage): Recording {
    this.#check();
    const commands = bindCommands(
      this.#device,
      loaded.kernels,
      (loaded as WebGpuLoaded).prepared,
      (buffer) => resolve(buffer) as WebGpuStorage,
    );
    const recording: WebGpuRecording = { loaded, commands, [Symbol.dispose]: () => {} };
    return recording;
  }

  replay(recording: Recording, copies: readonly Copy[] = []): void {
    this.#check();
    const encoder = this.#device.createCommandEncoder();
    encodeCommands(encoder, (recording as WebGpuRecording).commands);
    for (const { from, fromOffset, to, toOffset, bytes } of copies) {
      encoder.copyBufferToBuffer(
        (from as WebGpuStorage).buffer,
        fromOffset,
        (to as WebGpuStorage).buffer,
        toOffset,
        bytes,
      );
    }
    this.#submit([encoder.finish()]);
    this.#pace.step();
  }

  async ready(): Promise<void> {
    this.#check();
    await this.#pace.ready();
    this.#check();
  }

  async idle(): Promise<void> {
    this.#check();
    await this.#device.queue.onSubmittedWorkDone();
    this.#check();
  }

  async profile(recording: Recording): Promise<readonly number[] | undefined> {
    this.#check();
    if (!this.#device.features.has("timestamp-query")) return undefined;
    const { commands, loaded } = recording as WebGpuRecording;
    const times = await timeCommands(this.#device, commands, this.#readback);
    this.#check();
    const perKernel = new Array<number>(loaded.kernels.length).fill(0);
    commands.forEach(({ kernel }, i) => perKernel[kernel]! += times[i]!);
    return perKernel;
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#readback.close();
    this.#memory.close();
    this.#device.removeEventListener("uncapturederror", this.#onError);
    if (this.#owned) this.#device.destroy();
  }

  #submit(buffers: GPUCommandBuffer[]): void {
    this.#uploaded = 0;
    this.#device.queue.submit(buffers);
  }

  #check(): void {
    if (this.#closed) throw new DeviceError("webgpu: the device is closed; open a new one");
    if (this.#error) throw this.#error;
  }
}
