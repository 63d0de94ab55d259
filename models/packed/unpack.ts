/**
 * Reading tensors that were stored without their zeros.
 *
 * @module
 */
import { bfloatToFloat, halfToFloat } from "../../engine/io/half.ts";
import { show } from "../../engine/io/safetensors_error.ts";
import type { HalfTensor } from "../../engine/io/safetensors_write.ts";
import type { HostTensor, SafetensorsFile, TensorEntry } from "../../engine/mod.ts";
import { countOf, damaged, packedEntries, type PackedEntry, packedKey, partsOf, type StoredType } from "./format.ts";
import { viewAs } from "./pack.ts";

/**
 * An open file as if nothing in it were packed: packed tensors are unpacked when they are read. A file without packed
 * tensors is returned as it is.
 *
 * The entry of a packed tensor has the offset of its mask and the bytes of mask and values together; its metadata are
 * those of the file without the key of packing, so that they can go with dense tensors.
 *
 * @param file The file.
 * @param label Its name, for errors.
 * @returns The file with the tensors that it was made of.
 * @throws {SafetensorsError} when what the metadata say of packed tensors is not so; reading one throws it when mask and
 * values disagree.
 */
export function unpackedFile(file: SafetensorsFile, label: string): SafetensorsFile {
  if (!Object.hasOwn(file.metadata, packedKey)) return file;
  const stored = new Map(file.entries.map((entry) => [entry.name, entry]));
  const packed = packedEntries(file.metadata, stored, label);
  const byMask = new Map(packed.map((entry) => [partsOf(entry.name).mask, entry]));
  const byName = new Map(packed.map((entry) => [entry.name, entry]));
  const hidden = new Set(packed.map(({ name }) => partsOf(name).values));
  const entries = file.entries.flatMap((entry): TensorEntry[] => {
    if (hidden.has(entry.name)) return [];
    const whole = byMask.get(entry.name);
    if (!whole) return [entry];
    const values = stored.get(partsOf(whole.name).values)!;
    return [{ ...whole, offset: entry.offset, byteLength: entry.byteLength + values.byteLength }];
  });
  return {
    entries,
    metadata: withoutKey(file.metadata),
    async read(name) {
      const entry = byName.get(name);
      if (!entry) return await file.read(name);
      const { mask, values } = partsOf(name);
      return unpack(entry, await file.read(mask), await file.read(values), label);
    },
  };
}

/**
 * Unpacks tensors in memory: those of a file that was read as a whole, or what `packTensors` gave.
 *
 * @param tensors Tensors by name, packed or not.
 * @param metadata The metadata that came with them.
 * @param label Name of the file, for errors.
 * @returns The tensors, and the metadata without the key of packing.
 * @throws {SafetensorsError} when what the metadata say of packed tensors is not so, or mask and values disagree.
 *
 * @example
 * ```ts
 * import { hostTensor } from "@sentinel/seven/engine";
 * import { packTensors, unpackTensors } from "@sentinel/seven/models";
 *
 * const weight = hostTensor(Float32Array.from({ length: 4096 }, (_, i) => i % 8 ? 0 : i / 3), [64, 64]);
 * const packed = packTensors({ weight });
 * const { tensors } = unpackTensors(packed.tensors, packed.metadata, "memory");
 * console.assert(tensors.weight.data.every((value, i) => value === weight.data[i]));
 * ```
 */
export function unpackTensors(
  tensors: Readonly<Record<string, HostTensor | HalfTensor>>,
  metadata: Readonly<Record<string, string>>,
  label: string,
): { readonly tensors: Record<string, HostTensor>; readonly metadata: Record<string, string> } {
  const stored = new Map(
    Object.entries(tensors).map(([name, { dtype, shape }]): [string, StoredType] => [
      name,
      { dtype: dtype.toUpperCase(), shape },
    ]),
  );
  const packed = packedEntries(metadata, stored, label);
  const byMask = new Map(packed.map((entry) => [partsOf(entry.name).mask, entry]));
  const hidden = new Set(packed.map(({ name }) => partsOf(name).values));
  const unpacked = Object.entries(tensors).flatMap(([name, tensor]): [string, HostTensor][] => {
    if (hidden.has(name)) return [];
    const entry = byMask.get(name);
    if (!entry) return [[name, widened(tensor)]];
    return [[entry.name, unpack(entry, widened(tensor), widened(tensors[partsOf(entry.name).values]!), label)]];
  });
  return { tensors: Object.fromEntries(unpacked), metadata: withoutKey(metadata) };
}

function withoutKey(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => key !== packedKey));
}

function widened(tensor: HostTensor | HalfTensor): HostTensor {
  if (tensor.dtype !== "F16" && tensor.dtype !== "BF16") return tensor as HostTensor;
  const widen = tensor.dtype === "F16" ? halfToFloat : bfloatToFloat;
  return { shape: tensor.shape, dtype: "f32", data: widen(tensor.data as Uint16Array) };
}

/** The dense tensor. Mask and values are of the sizes that {@linkcode packedEntries} has checked. */
function unpack(entry: PackedEntry, mask: HostTensor, values: HostTensor, label: string): HostTensor {
  const { name, shape } = entry;
  const elements = countOf(shape);
  const words = mask.data as Uint32Array;
  const flags = countBits(words);
  if (flags !== values.data.length) {
    throw damaged(label, name, `its mask keeps ${flags} elements, but there are ${values.data.length} values`);
  }
  if (elements % 32 !== 0 && words.at(-1)! >>> (elements % 32) !== 0) {
    throw damaged(label, name, `its mask keeps elements behind the last of ${show(shape)}`);
  }
  const from = new Uint32Array(values.data.buffer, values.data.byteOffset, values.data.length);
  const bits = new Uint32Array(elements);
  let next = 0;
  words.forEach((flags, word) => {
    for (let rest = flags; rest !== 0; rest &= rest - 1) {
      bits[32 * word + 31 - Math.clz32(rest & -rest)] = from[next++]!;
    }
  });
  return { shape, dtype: values.dtype, data: viewAs(values.dtype, bits) };
}

/** Number of set bits. */
export function countBits(words: Uint32Array): number {
  let count = 0;
  for (let word of words) for (; word !== 0; word &= word - 1) count++;
  return count;
}
