/**
 * Recordings: dispatches with their bind groups made beforehand, and the loop that replays them.
 *
 * A WebGPU command buffer can be submitted once, so a replay encodes again; with pipelines and bind groups at hand that
 * costs the host about a microsecond a dispatch.
 *
 * @module
 */
import type { Kernel } from "../compile/kernel.ts";
import type { Dispatch } from "../wgsl/target.ts";
import { DeviceError, type Storage } from "./backend.ts";
import type { Pipeline } from "./pipelines.ts";
import { formatBytes } from "./webgpu_errors.ts";

/** A dispatch with its pipeline. */
export interface Prepared {
  /** Position of the kernel it belongs to. */
  readonly kernel: number;
  readonly dispatch: Dispatch;
  readonly pipeline: Pipeline;
}

/** A dispatch ready to be encoded. */
export interface Command {
  readonly kernel: number;
  readonly label: string;
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly groups: readonly [number, number, number];
}

/** Binds prepared dispatches to buffers. */
export function bindCommands(
  device: GPUDevice,
  kernels: readonly Kernel[],
  prepared: readonly Prepared[],
  resolve: (buffer: number) => Storage & { readonly buffer: GPUBuffer },
): readonly Command[] {
  return prepared.map(({ kernel, dispatch, pipeline }) => {
    const { args, label } = kernels[kernel]!;
    const written = new Map<GPUBuffer, boolean>();
    const entries = dispatch.bindings.map(({ arg, writes, first = 0, count }, binding) => {
      const { buffer: position, length } = args[arg]!;
      const storage = resolve(position);
      const offset = first * 4, size = Math.max(4, (count ?? length) * 4);
      if (offset + size > storage.bytes) {
        throw new DeviceError(
          `webgpu: argument ${arg} of "${label}" needs ${formatBytes(offset + size)}, "${storage.label}" has ${
            formatBytes(storage.bytes)
          }`,
        );
      }
      if (size > device.limits.maxStorageBufferBindingSize) {
        throw new DeviceError(
          `webgpu: argument ${arg} of "${label}" is ${formatBytes(size)}, this device binds at most ` +
            `${formatBytes(device.limits.maxStorageBufferBindingSize)}; split the tensor or use another device`,
        );
      }
      const before = written.get(storage.buffer);
      if (before !== undefined && (before || writes)) {
        throw new DeviceError(`webgpu: "${label}" writes "${storage.label}", which it also has as another argument`);
      }
      written.set(storage.buffer, writes);
      return { binding, resource: { buffer: storage.buffer, offset, size } };
    });
    const bindGroup = device.createBindGroup({ label: dispatch.label, layout: pipeline.layout, entries });
    return { kernel, label: dispatch.label, pipeline: pipeline.pipeline, bindGroup, groups: dispatch.groups };
  });
}

/** Encodes all commands into one pass. */
export function encodeCommands(encoder: GPUCommandEncoder, commands: readonly Command[]): void {
  if (commands.length === 0) return;
  const pass = encoder.beginComputePass();
  let current: GPUComputePipeline | undefined;
  for (let i = 0; i < commands.length; i++) {
    const { pipeline, bindGroup, groups } = commands[i]!;
    if (pipeline !== current) pass.setPipeline(current = pipeline);
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(groups[0], groups[1], groups[2]);
  }
  pass.end();
}
