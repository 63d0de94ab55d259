/**
 * Compute pipelines by shader text, compiled concurrently, each text once.
 *
 * @module
 */
import type { Dispatch } from "../wgsl/target.ts";
import { numberLines, ShaderError } from "./webgpu_errors.ts";

/** A pipeline and the layout of its one bind group. */
export interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** The pipelines of a device. */
export class PipelineCache {
  readonly #device: GPUDevice;
  readonly #pipelines = new Map<string, Promise<Pipeline>>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();

  /** An empty cache. */
  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** The pipeline of a dispatch. @throws {ShaderError} when the device refuses the shader. */
  get(dispatch: Dispatch): Promise<Pipeline> {
    let pipeline = this.#pipelines.get(dispatch.wgsl);
    if (!pipeline) {
      pipeline = this.#compile(dispatch);
      this.#pipelines.set(dispatch.wgsl, pipeline);
      // A failure is not remembered: the next load reports it again with its own label.
      pipeline.catch(() => this.#pipelines.delete(dispatch.wgsl));
    }
    return pipeline;
  }

  async #compile(dispatch: Dispatch): Promise<Pipeline> {
    const device = this.#device, { label, wgsl } = dispatch;
    const layout = this.#layout(dispatch);
    // Scopes nest on the device, not in time: push and pop without waiting in between.
    device.pushErrorScope("validation");
    const module = device.createShaderModule({ label, code: wgsl });
    const invalidModule = device.popErrorScope();
    device.pushErrorScope("validation");
    const compiling = device.createComputePipelineAsync({
      label,
      layout: device.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: "main" },
    }).catch((error: unknown) => error as Error);
    const invalidPipeline = device.popErrorScope();
    const info = await module.getCompilationInfo();
    const errors = info.messages.filter((message) => message.type === "error");
    const pipeline = await compiling;
    const failure = await invalidModule ?? await invalidPipeline ?? (pipeline instanceof Error ? pipeline : undefined);
    if (errors.length > 0 || failure) {
      const marked = new Set(errors.map((message) => message.lineNum));
      const reasons = errors.length > 0 ? errors.map((message) => message.message.trim()) : [failure!.message.trim()];
      throw new ShaderError(
        `webgpu: the shader of "${label}" does not compile: ${reasons.join("\n")}\n${numberLines(wgsl, marked)}`,
      );
    }
    return { pipeline: pipeline as GPUComputePipeline, layout };
  }

  #layout({ bindings }: Dispatch): GPUBindGroupLayout {
    const signature = bindings.map(({ writes }) => writes ? "w" : "r").join("");
    let layout = this.#layouts.get(signature);
    if (!layout) {
      layout = this.#device.createBindGroupLayout({
        label: signature,
        entries: bindings.map(({ writes }, binding) => ({
          binding,
          visibility: GPUShaderStage.COMPUTE,
          buffer: { type: writes ? "storage" : "read-only-storage" },
        })),
      });
      this.#layouts.set(signature, layout);
    }
    return layout;
  }
}
