/**
 * What the WebGPU executor offers beyond what all executors do.
 *
 * @module
 */
import type { ContractTable, Subgroups } from "../wgsl/target.ts";
import type { Backend } from "./backend.ts";

/** The executor on WebGPU. */
export interface WebGpuBackend extends Backend {
  /** Always "webgpu". */
  readonly kind: "webgpu";
  /** True when kernels are shaped for an adapter that computes on the processor. */
  readonly software: boolean;
  /** Subgroup operations, where there are any to rely on. */
  readonly subgroups: Subgroups | undefined;
  /** Speeds by which variants of contractions are chosen. */
  readonly contractions: ContractTable;
  /** Bytes of storage that are handed out. */
  readonly usedBytes: number;
  /** Chooses the contractions of what is loaded from now on by another table. */
  useContractions(table: ContractTable): void;
}
