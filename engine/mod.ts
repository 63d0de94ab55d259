/**
 * A small functional autodiff tensor engine: graphs of immutable tensors, gradients as graph, whole step functions
 * compiled to WebGPU compute shaders or to JavaScript and WebAssembly.
 *
 * @module
 */
export {
  type Dtype,
  formatType,
  type Kind,
  type Params,
  type Primitive,
  ShapeError,
  sizeOf,
  type Tensor,
  type Type,
} from "./graph/node.ts";
export * from "./ops.ts";
export * from "./nn/mod.ts";
export { type KeepOptions, keepTopK, rankKey } from "./select.ts";
export { type BlockOptions, keepBlocks, keepNOfM, keepTopKPerRow, keepTopKPerTensor, type Tensors } from "./masks.ts";
export { argsort, sort, type SortOptions, takeAlongLast, type TopK, topk } from "./sort.ts";
export { tap } from "./graph/taps.ts";
export { grad, stopGradient, valueAndGrad, vjp, withVjp } from "./grad.ts";
export { checkpoint } from "./checkpoint.ts";
export { combine, leavesOf, type Mapped, mapTree, partition, type Tree, TreeError, zipTrees } from "./tree.ts";
export * from "./host.ts";
export * from "./random.ts";
export * from "./initializers.ts";
export * from "./optim.ts";
export type { Step } from "./compile/trace.ts";
export { firstNonFinite } from "./compile/finite.ts";
export type { ExplainOptions } from "./compile/explain.ts";
export { type CompileOptions, Device } from "./device/device.ts";
export type { CpuOptions } from "./device/cpu.ts";
export type { WebGpuOptions } from "./device/webgpu_adapter.ts";
export { openWebGpu, type WebGpuBackend } from "./device/webgpu.ts";
export { tuneContractions } from "./device/tuning.ts";
export type { ContractTable, Mode } from "./wgsl/target.ts";
export type { Subgroups } from "./wgsl/target.ts";
export { type DeviceChoice, openDevice, type OpenOptions } from "./device/open.ts";
export { Placed, type PlacedLeaf } from "./device/placed.ts";
export { type BatchLeaf, type KernelTime, type MetricLeaf, Program, type StepMetrics } from "./device/program.ts";
export {
  type Backend,
  type Copy,
  DeviceError,
  type Limits,
  type Loaded,
  type Recording,
  type Storage,
} from "./device/backend.ts";
export type { BufferSpec, Lifetime, Plan, Port } from "./compile/plan.ts";
export type { Cost } from "./compile/cost.ts";
export type {
  Access,
  Argument,
  ContractKernel,
  Expr,
  Fold,
  Kernel,
  KernelBase,
  MapKernel,
  OpaqueKernel,
  ReduceKernel,
  Store,
} from "./compile/kernel.ts";
export type { Atom, Bound, Index } from "./compile/index.ts";
export type { ScalarPrimitive, ScalarTypes } from "./graph/scalar_ops.ts";
export type { Helper } from "./graph/scalar_helpers.ts";
export { type ByteSource, byteSource } from "./io/byte_source.ts";
export { openSafetensors, parseSafetensors, type Safetensors, type SafetensorsFile } from "./io/safetensors.ts";
export { SafetensorsError } from "./io/safetensors_error.ts";
export type { TensorEntry } from "./io/safetensors_header.ts";
export { type HalfTensor, safetensorsChunks, writeSafetensors } from "./io/safetensors_write.ts";
export { scoped } from "./scoped.ts";
