/**
 * What is in the tensors of a model: zeros, where they lie, and whether they are those that masks prune.
 *
 * @module
 */
import type { HostTensor } from "../../engine/mod.ts";
import { type GroupZeros, groupZeros } from "./groups.ts";
import { type MaskAgreement, maskAgreement } from "./masks.ts";
import { sourceOf, type TensorSource } from "./source.ts";
import { type TensorStatistics, tensorStatistics } from "./tensor.ts";
import type { NetworkGroups } from "../network.ts";

/** What an inspection may be told. */
export interface InspectOptions {
  /** Whether pruning may touch a parameter, as `Network.isPrunable` says; none by default. */
  readonly isPrunable?: (name: string) => boolean;
  /** Heads and neurons, as `Network.groups` has them: how many are zero as a whole. */
  readonly groups?: NetworkGroups;
  /** Masks by name of the tensor: packed bits, u32 `[ceil(elements / 32)]`, bit `i & 31` of word `i >> 5` for weight `i`. */
  readonly masks?: TensorSource | Readonly<Record<string, HostTensor>>;
  /** Patterns `[n, m]` that matrices are compared with; 2:4 and 4:8. */
  readonly patterns?: readonly (readonly [n: number, m: number])[];
}

/** What is known of a tensor. */
export interface InspectedTensor extends TensorStatistics {
  /** Name. */
  readonly name: string;
  /** Element type, as the file calls it, or of the tensor in memory. */
  readonly dtype: string;
  /** Whether pruning may touch it. */
  readonly prunable: boolean;
  /** Agreement with its mask, where it has one. */
  readonly mask?: MaskAgreement;
}

/** Sums over tensors. */
export interface TensorTotals {
  /** Tensors. */
  readonly tensors: number;
  /** Their elements. */
  readonly elements: number;
  /** Elements that are 0 or -0. */
  readonly zeros: number;
  /** Share of elements that are not zero; 1 where there are none. */
  readonly density: number;
  /** Elements that are NaN or infinite. */
  readonly nonFinite: number;
}

/** Sums over a layer of the encoder. */
export interface LayerSummary extends TensorTotals {
  /** Its prunable tensors alone. */
  readonly prunable: TensorTotals;
  /** Its heads, where groups are known. */
  readonly heads?: GroupZeros;
  /** Its feed-forward neurons, where groups are known. */
  readonly neurons?: GroupZeros;
}

/** What is in a model. */
export interface Inspection {
  /** Every tensor, in the order of the source. */
  readonly tensors: readonly InspectedTensor[];
  /** All tensors. */
  readonly total: TensorTotals;
  /** Those that pruning may touch. */
  readonly prunable: TensorTotals;
  /** The others. */
  readonly other: TensorTotals;
  /** Layers of the encoder by the prefix of their names, such as `bert.encoder.layer.3`. */
  readonly layers: Readonly<Record<string, LayerSummary>>;
}

/**
 * Inspects tensors one by one: memory holds one of them and its mask.
 *
 * @param source An open file (`openSafetensors`; through `unpackedFile` where it may be packed), or parameters by name.
 * @param options What else is known of the model.
 * @returns Statistics of each tensor, and sums.
 * @throws {CheckpointError} when a mask has no tensor or is not of its size, or a part of a group is missing or of
 * another shape.
 * @throws {SafetensorsError} when a tensor of a file cannot be read.
 *
 * @example
 * ```ts
 * import { hostTensor } from "@sentinel/seven/engine";
 * import { inspectTensors } from "@sentinel/seven/models";
 *
 * const weight = hostTensor(Float32Array.of(1, 0, 0, -2, 0, 0, 0, 0), [2, 4]);
 * const { tensors: [found] } = await inspectTensors({ weight });
 * console.assert(found.zeros === 6 && found.rows?.zero === 1 && found.patterns?.["2:4"].violations === 0);
 * ```
 */
export async function inspectTensors(
  source: TensorSource | Readonly<Record<string, HostTensor>>,
  options: InspectOptions = {},
): Promise<Inspection> {
  const { isPrunable = () => false, patterns = [[2, 4], [4, 8]] } = options;
  const from = sourceOf(source);
  const masks = options.masks && sourceOf(options.masks);
  const agreement = masks && maskAgreement(masks, from.entries);
  const groups = options.groups && groupZeros(options.groups);
  const tensors: InspectedTensor[] = [];
  for (const { name, dtype } of from.entries) {
    const tensor = await from.read(name);
    groups?.see(name, tensor);
    const mask = await agreement?.(name, tensor);
    const statistics = tensorStatistics(tensor, patterns);
    tensors.push({ name, dtype, prunable: isPrunable(name), ...statistics, ...(mask ? { mask } : {}) });
  }
  return {
    tensors,
    total: totalsOf(tensors),
    prunable: totalsOf(tensors.filter(({ prunable }) => prunable)),
    other: totalsOf(tensors.filter(({ prunable }) => !prunable)),
    layers: layersOf(tensors, groups?.results()),
  };
}

function totalsOf(tensors: readonly InspectedTensor[]): TensorTotals {
  const sum = (of: (tensor: InspectedTensor) => number): number =>
    tensors.reduce((total, tensor) => total + of(tensor), 0);
  const [elements, zeros] = [sum(({ elements }) => elements), sum(({ zeros }) => zeros)];
  return {
    tensors: tensors.length,
    elements,
    zeros,
    density: elements === 0 ? 1 : 1 - zeros / elements,
    nonFinite: sum(({ nonFinite }) => nonFinite),
  };
}

/** The layer that a name belongs to, as all families write it: `....layer.<i>.` or `....layers.<i>.`. */
const layerName = /^(.*?\blayers?\.\d+)\./;

function layersOf(
  tensors: readonly InspectedTensor[],
  groups: ReturnType<ReturnType<typeof groupZeros>["results"]> | undefined,
): Record<string, LayerSummary> {
  const members = new Map<string, InspectedTensor[]>();
  for (const tensor of tensors) {
    const layer = layerName.exec(tensor.name)?.[1];
    if (layer === undefined) continue;
    if (!members.has(layer)) members.set(layer, []);
    members.get(layer)!.push(tensor);
  }
  const number = (layer: string): number => Number(/\d+$/.exec(layer)![0]);
  const stem = (layer: string): string => layer.replace(/\d+$/, "");
  const order = [...members].sort(([a], [b]) => stem(a) < stem(b) ? -1 : stem(a) > stem(b) ? 1 : number(a) - number(b));
  return Object.fromEntries(order.map(([layer, parts]): [string, LayerSummary] => {
    const [heads, neurons] = [groups?.head[layer], groups?.neuron[layer]];
    return [layer, {
      ...totalsOf(parts),
      prunable: totalsOf(parts.filter(({ prunable }) => prunable)),
      ...(heads ? { heads } : {}),
      ...(neurons ? { neurons } : {}),
    }];
  }));
}
