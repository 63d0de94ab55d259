/**
 * Tensors to look at: an open file, or parameters in memory.
 *
 * @module
 */
import type { HostTensor } from "../../engine/mod.ts";

/** Tensors that are read one by one: an open safetensors file is such a source. */
export interface TensorSource {
  /** The tensors. */
  readonly entries: readonly { readonly name: string; readonly dtype: string; readonly shape: readonly number[] }[];
  /** Reads one. */
  read(name: string): Promise<HostTensor>;
}

/** Parameters or a source, as a source. A source is what can be read: no tensor can. */
export function sourceOf(source: TensorSource | Readonly<Record<string, HostTensor>>): TensorSource {
  if (typeof source.read === "function") return source as TensorSource;
  const params = source as Readonly<Record<string, HostTensor>>;
  return {
    entries: Object.entries(params).map(([name, { dtype, shape }]) => ({ name, dtype, shape })),
    read: (name) => Promise.resolve(params[name]!),
  };
}
