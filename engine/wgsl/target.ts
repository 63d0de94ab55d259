/**
 * What emission must know of the device, and what it hands back: dispatches.
 *
 * @module
 */

/** How operands lie: with the letters of BLAS, `nn` is a row-major product of row-major operands. */
export type Mode = "nn" | "nt" | "tn" | "tt";

/** Speed of variants (GFLOP/s, or any common unit) by name and mode. Variants that are not there are not used. */
export type ContractTable = Readonly<Record<string, Readonly<Record<Mode, number>>>>;

/** The device, as far as kernels are shaped by it. */
export interface Target {
  /** A processor that plays GPU (llvmpipe): registers instead of workgroup memory, few barriers, short workgroups. */
  readonly software: boolean;
  /** Storage buffers that one dispatch may bind. */
  readonly bindings: number;
  /** Bytes of a buffer that one binding may span. */
  readonly bindingBytes: number;
  /** Threads that one workgroup may have. */
  readonly invocations: number;
  /** Bytes of workgroup memory. */
  readonly workgroupBytes: number;
  /** Workgroups along one dimension of a dispatch. */
  readonly groups: number;
  /** Subgroup operations, where the device has them and all its subgroups are of one size. */
  readonly subgroups?: Subgroups;
  /** Speeds of the variants of contractions; those of the kind of device unless given. */
  readonly contractions?: ContractTable;
}

/** Subgroup operations of a device. */
export interface Subgroups {
  /** Threads of a subgroup. */
  readonly size: number;
  /** True when shaders must say `enable subgroups;`. Browsers demand the line, the compiler in Deno refuses it. */
  readonly enable: boolean;
}

/** One buffer of a dispatch; its binding number is its position. */
export interface Binding {
  /** Position in the kernel's arguments. */
  readonly arg: number;
  /** Bound `read_write`, else `read`. */
  readonly writes: boolean;
  /** First element bound, a multiple of {@linkcode SLICE_ALIGNMENT}; 0 unless given. */
  readonly first?: number;
  /** Elements bound; the whole argument unless given. */
  readonly count?: number;
}

/** Slices of an argument start at multiples of so many elements: 256 bytes, which every device takes. */
export const SLICE_ALIGNMENT = 64;

/** One launch. Equal `wgsl` and equal bindings share one pipeline. */
export interface Dispatch {
  /** For captures and errors. */
  readonly label: string;
  /** The shader; its entry point is `main`. */
  readonly wgsl: string;
  /** Workgroups. */
  readonly groups: readonly [number, number, number];
  /** Buffers, in binding order. */
  readonly bindings: readonly Binding[];
}

/** A count of workgroups, spread over two dimensions where one does not hold them. */
export interface Groups {
  /** Workgroups to launch. */
  readonly size: readonly [number, number, number];
  /** Number of the workgroup, as an expression over `groupId`. */
  readonly index: string;
  /** True when every launched workgroup has work. */
  readonly exact: boolean;
}

/** Spreads `count` workgroups over at most `limit` per dimension. */
export function spreadGroups(count: number, limit: number): Groups {
  if (count <= limit) return { size: [count, 1, 1], index: "groupId.x", exact: true };
  const y = Math.ceil(count / limit), x = Math.ceil(count / y);
  return { size: [x, y, 1], index: `groupId.y * ${x}u + groupId.x`, exact: x * y === count };
}

/** Least power of two not below `value`. */
export function powerAbove(value: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, value)));
}
