/** Small models with random parameters, their outputs, and ways of pruning groups. */
import type { Device, HostTensor, Tensor } from "../../../engine/mod.ts";
import { networkOf } from "../../../models/families.ts";
import type { GroupPart, GroupSet, Network } from "../../../models/network.ts";
import type { Shrunk } from "../../../models/shrink/shrink.ts";
import { smallViT } from "../../../models/vit/small.ts";
import { generator, uniformArray } from "../../support/values.ts";

/** A BERT of 3 layers with 4 heads and 10 neurons. */
export const bertJson = {
  model_type: "bert",
  hidden_size: 16,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  intermediate_size: 10,
  vocab_size: 30,
  max_position_embeddings: 9,
  initializer_range: 0.4,
};
/** A ViT of 3 layers with 4 heads and 10 neurons. */
export const viTJson: Readonly<Record<string, unknown>> = {
  ...smallViT([1, 8, 8], 3).config,
  hidden_size: 16,
  intermediate_size: 10,
  initializer_range: 0.4,
};
/** The same as DeiT. */
export const deiTJson: Readonly<Record<string, unknown>> = { ...viTJson, model_type: "deit", hidden_act: "gelu_new" };

const labels = ["0", "1", "2"];

/** A model with random parameters, biases included. */
export async function randomNetwork(config: Readonly<Record<string, unknown>>, seed: number): Promise<Network> {
  const network = await networkOf({ name: "tiny", config, params: {} }, { head: "classification", labels, seed });
  const params = Object.fromEntries(
    Object.entries(network.params).map(([name, tensor], i): [string, HostTensor] => [
      name,
      name.endsWith(".bias")
        ? { ...tensor, data: Float32Array.from(uniformArray(tensor.data.length, seed * 1000 + i, -0.7, 0.7)) }
        : { ...tensor, data: tensor.data.slice() },
    ]),
  );
  return { ...network, params };
}

/** The model that a shrunk one is loaded as. */
export function loaded({ config, params }: Pick<Shrunk, "config" | "params">): Promise<Network> {
  return networkOf({ name: "shrunk", config, params }, { head: "classification", labels, seed: 1 });
}

/** Logits of a fixed batch: of three texts, one of them filled up and one nothing but padding; of two images. */
export async function logitsOf(device: Device, network: Network): Promise<Float32Array> {
  const u32 = (shape: number[], data: number[]): HostTensor => ({ shape, dtype: "u32", data: Uint32Array.from(data) });
  const batch: Record<string, HostTensor> = network.image
    ? {
      images: {
        shape: [2, ...network.image],
        dtype: "f32",
        data: Float32Array.from(uniformArray(2 * network.image.reduce((a, b) => a * b), 5)),
      },
    }
    : {
      ids: u32([3, 7], [1, 7, 9, 4, 2, 5, 3, 8, 6, 2, 11, 12, 29, 28, 0, 1, 2, 3, 4, 5, 6]),
      typeIds: u32([3, 7], [0, 0, 0, 1, 1, 1, 1, 0, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]),
      mask: u32([3, 7], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    };
  using state = device.place(network.params as Record<string, HostTensor>);
  const types = Object.fromEntries(Object.entries(batch).map(([name, { shape, dtype }]) => [name, { shape, dtype }]));
  const step = (state: Readonly<Record<string, Tensor>>, batch: Readonly<Record<string, Tensor>>) => ({
    state,
    metrics: { ...network.outputs(state, batch) },
  });
  using program = await device.compile(step as never, { state: state.types, batch: types } as never);
  program.run(state as never, batch as never);
  const { values } = await program.lastMetrics();
  return (values as unknown as { logits: HostTensor }).logits.data as Float32Array;
}

/** Sets a group's rows or columns in a part to 0. */
export function clear(network: Network, part: GroupPart, group: number, value = 0): void {
  const { shape: [rows, columns], data } = network.params[part.tensor]!;
  const first = (part.start ?? 0) + group * part.size;
  for (let row = 0; row < rows!; row++) {
    for (let column = 0; column < columns!; column++) {
      const at = part.axis === 0 ? row : column;
      if (at >= first && at < first + part.size) data[row * columns! + column] = value;
    }
  }
}

/** How a group may be pruned: wholly, so that nothing feeds it, or so that nobody hears it. */
export const ways = ["whole", "unfed", "unheard"] as const;

/** Prunes a group in one of these ways. */
export function prune(network: Network, set: GroupSet, group: number, way: typeof ways[number]): void {
  const rows = set.parts.filter(({ axis }) => axis === 0);
  const columns = set.parts.filter(({ axis }) => axis === 1);
  for (const part of way === "whole" ? set.parts : way === "unfed" ? [rows.at(-1)!] : columns) {
    clear(network, part, group);
  }
}

/** Prunes random groups in random ways, and returns their numbers by kind and layer. */
export function pruneAtRandom(
  network: Network,
  seed: number,
  share = 0.5,
): Record<"head" | "neuron", Record<string, number[]>> {
  const next = generator(seed);
  const result: Record<"head" | "neuron", Record<string, number[]>> = { head: {}, neuron: {} };
  for (const kind of ["head", "neuron"] as const) {
    for (const [layer, set] of Object.entries(network.groups[kind])) {
      result[kind][layer] = [];
      for (let group = 0; group < set.count; group++) {
        if (next() >= share || result[kind][layer]!.length === set.count - 1) continue;
        prune(network, set, group, ways[Math.floor(next() * 3)]!);
        result[kind][layer]!.push(group);
      }
    }
  }
  return result;
}
