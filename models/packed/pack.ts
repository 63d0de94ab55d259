/**
 * Storing tensors without their zeros.
 *
 * @module
 */
import type { HostTensor } from "../../engine/mod.ts";
import type { HalfTensor } from "../../engine/io/safetensors_write.ts";
import { type PackedEntry, packedMetadata, partsOf } from "./format.ts";
import { exactHalves } from "./halves.ts";

/** How tensors are packed. */
export interface PackOptions {
  /** Names of the tensors that may be packed; all. */
  readonly names?: readonly string[];
  /** Whether values are stored in 16 bits where these hold every one of them exactly; true. */
  readonly halves?: boolean;
}

/** What a packed file holds. */
export interface PackedTensors {
  /** Tensors by name, for `safetensorsChunks`. */
  readonly tensors: Record<string, HostTensor | HalfTensor>;
  /** What the file's metadata must have besides; empty when nothing is packed. */
  readonly metadata: Record<string, string>;
}

const fileDtypes = { f32: "F32", i32: "I32", u32: "U32" } as const;

/**
 * Packs tensors: masks of what is not zero, and the values that are not. `unpackTensors`, and `loadCheckpoint` on the
 * file, give back every bit; see `models/packed/format.ts` for the format.
 *
 * A tensor stays as it is where packing would not make the file smaller (below about one zero in 32, or when it is
 * small), or another has the name of one of its parts. Tensors that are not packed are the given ones, not copies.
 *
 * @param params Tensors by name.
 * @param options Which, and how.
 * @returns What to write.
 *
 * @example
 * ```ts
 * import { hostTensor, writeSafetensors } from "@sentinel/seven/engine";
 * import { packTensors } from "@sentinel/seven/models";
 *
 * const weight = hostTensor(Float32Array.from({ length: 4096 }, (_, i) => i % 8 ? 0 : i / 3), [64, 64]);
 * const { tensors, metadata } = packTensors({ weight });
 * const file = writeSafetensors(tensors, { format: "pt", ...metadata });
 * console.assert(Object.keys(tensors).join() === "weight.mask,weight.values" && file.length < weight.data.byteLength / 4);
 * ```
 */
export function packTensors(params: Readonly<Record<string, HostTensor>>, options: PackOptions = {}): PackedTensors {
  const chosen = options.names && new Set(options.names);
  const entries: PackedEntry[] = [];
  const tensors = Object.entries(params).flatMap(([name, tensor]): [string, HostTensor | HalfTensor][] => {
    const parts = partsOf(name);
    const taken = Object.hasOwn(params, parts.mask) || Object.hasOwn(params, parts.values);
    const dtype = Object.hasOwn(fileDtypes, tensor.dtype) ? fileDtypes[tensor.dtype as "f32"] : undefined;
    const packed = dtype && !taken && (chosen?.has(name) ?? true) && pack(name, tensor, options.halves ?? true);
    if (!packed) return [[name, tensor]];
    entries.push({ name, dtype, shape: tensor.shape });
    return [[parts.mask, packed.mask], [parts.values, packed.values]];
  });
  return { tensors: Object.fromEntries(tensors), metadata: packedMetadata(entries) };
}

/** Mask and values of a tensor, unless they take as much room as the tensor. */
function pack(
  name: string,
  { data, dtype }: HostTensor,
  halves: boolean,
): { readonly mask: HostTensor; readonly values: HostTensor | HalfTensor } | undefined {
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  let count = 0;
  for (let i = 0; i < bits.length; i++) if (bits[i] !== 0) count++;
  const words = Math.ceil(bits.length / 32);
  const least = 4 * words + (halves && dtype === "f32" ? 2 : 4) * count + overhead(name);
  if (least >= data.byteLength) return undefined;

  const mask = new Uint32Array(words);
  const kept = new Uint32Array(count);
  let next = 0;
  for (let i = 0; i < bits.length; i++) {
    if (bits[i] === 0) continue;
    mask[i >> 5]! |= 1 << (i & 31);
    kept[next++] = bits[i]!;
  }
  const narrow = halves && dtype === "f32" ? exactHalves(kept) : undefined;
  if (!narrow && 4 * words + 4 * count + overhead(name) >= data.byteLength) return undefined;
  const values = narrow ?? { shape: [count], dtype, data: viewAs(dtype, kept) };
  return { mask: { shape: [words], dtype: "u32", data: mask }, values };
}

/** What two more names and the record in the metadata add to the header, in bytes: a little more than they do. */
function overhead(name: string): number {
  return 320 + 2 * new TextEncoder().encode(JSON.stringify(JSON.stringify(name))).length;
}

/** The same bits as another type: no number is made of them, so that NaN keeps its payload. */
export function viewAs(dtype: string, bits: Uint32Array): HostTensor["data"] {
  if (dtype === "u32") return bits;
  const { buffer, byteOffset, length } = bits;
  return dtype === "f32" ? new Float32Array(buffer, byteOffset, length) : new Int32Array(buffer, byteOffset, length);
}
