/**
 * Small models of every kind that can be exported, with random parameters (biases and norms too), inputs, and what the
 * engine makes of them.
 *
 * @module
 */
import { type Device, type HostTensor, hostTensor, sizeOf, type Tensor } from "../../../engine/mod.ts";
import { bertClassifier, bertEncoder, type BertInputs, bertPooled, bertSpans } from "../../../models/bert/bert.ts";
import { bertConfig } from "../../../models/bert/config.ts";
import type { BertHead } from "../../../models/bert/head.ts";
import { bertShapes } from "../../../models/bert/names.ts";
import type { OnnxSource } from "../../../models/onnx/model.ts";
import { viT, viTConfig, viTShapes } from "../../../models/vit/vit.ts";
import { uniformArray } from "../../support/values.ts";

type Named = Readonly<Record<string, Tensor>>;
type Hosts = Readonly<Record<string, HostTensor>>;

/** A model and how the engine runs it. */
export interface Case extends OnnxSource {
  /** Inputs under the names of the ONNX file. */
  readonly inputs: readonly Hosts[];
  /** The engine's outputs, under the names of the ONNX file. */
  outputs(params: Named, inputs: Named): Named;
}

/** Parameters between -0.4 and 0.4, those of norms between 0.6 and 1.4. */
export function randomParams(shapes: Readonly<Record<string, readonly number[]>>, seed: number): Hosts {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape], i) => {
      const centre = /(layernorm|layernorm_\w+|LayerNorm)\.weight$/.test(name) ? 1 : 0;
      const data = uniformArray(sizeOf({ shape }), seed * 1000 + i, centre - 0.4, centre + 0.4);
      return [name, hostTensor(Float32Array.from(data), shape)];
    }),
  );
}

const u32 = (shape: readonly number[], data: ArrayLike<number>): HostTensor =>
  hostTensor(Uint32Array.from(data), shape);

/** Sequences of one length: the last row is filled up by `padding`; of three, one has nothing but padding. */
function sequences(batch: number, tokens: number, padding: number, seed: number): Hosts {
  const size = batch * tokens;
  const whole = (limit: number, seed: number) => uniformArray(size, seed, 0, limit).map(Math.floor);
  const mask = new Uint32Array(size).fill(1).fill(0, size - padding);
  if (batch > 2) mask.fill(0, tokens, 2 * tokens);
  return {
    input_ids: u32([batch, tokens], whole(30, seed)),
    token_type_ids: u32([batch, tokens], whole(2, seed + 1)),
    attention_mask: u32([batch, tokens], mask),
  };
}

/** A BERT; names of the bare encoder (head "none") have no prefix. */
export function bertCase(head: BertHead, changes: Readonly<Record<string, unknown>> = {}): Case {
  const json = {
    model_type: "bert",
    hidden_size: 12,
    num_hidden_layers: 2,
    num_attention_heads: 3,
    intermediate_size: 20,
    vocab_size: 30,
    max_position_embeddings: 9,
    id2label: { 0: "no", 1: "yes", 2: "perhaps" },
    ...changes,
  };
  const config = bertConfig(json, "tiny");
  return {
    name: `BERT ${head} ${JSON.stringify(changes)}`,
    head,
    config: json,
    params: randomParams(bertShapes(config, head), 1),
    inputs: [sequences(3, 7, 2, 5), sequences(1, 9, 0, 6), sequences(2, 1, 0, 7)],
    outputs(params, { input_ids: ids, token_type_ids: typeIds, attention_mask: mask }): Named {
      const inputs = { ids, typeIds, mask } as BertInputs;
      const hidden = bertEncoder(params, config, inputs);
      if (head === "none") return { last_hidden_state: hidden, pooler_output: bertPooled(params, config, hidden) };
      if (head !== "span") return { logits: bertClassifier(params, config, hidden) };
      const { start, end } = bertSpans(params, config, hidden, inputs.mask);
      return { start_logits: start, end_logits: end };
    },
  };
}

/** The same BERT with the encoder's names as those of `BertModel`, whatever its head. */
export function withoutPrefix(one: Case): Case {
  const params = Object.fromEntries(
    Object.entries(one.params).map(([name, tensor]) => [name.replace("bert.", ""), tensor]),
  );
  return { ...one, name: `${one.name} without prefix`, params };
}

/** A ViT or DeiT. */
export function viTCase(changes: Readonly<Record<string, unknown>> = {}): Case {
  const json = {
    model_type: "vit",
    hidden_size: 12,
    num_hidden_layers: 2,
    num_attention_heads: 3,
    intermediate_size: 20,
    image_size: 6,
    patch_size: 2,
    num_channels: 2,
    id2label: { 0: "cat", 1: "dog", 2: "bird" },
    ...changes,
  };
  const config = viTConfig(json, "tiny");
  const images = (batch: number, seed: number): HostTensor => {
    const shape = [batch, config.num_channels, config.image_size, config.image_size];
    return hostTensor(Float32Array.from(uniformArray(sizeOf({ shape }), seed)), shape);
  };
  return {
    name: `ViT ${JSON.stringify(changes)}`,
    head: "classification",
    config: json,
    params: randomParams(viTShapes(config), 2),
    inputs: [{ pixel_values: images(3, 8) }, { pixel_values: images(1, 9) }],
    outputs: (params, { pixel_values }) => ({ logits: viT(params, config, pixel_values!) }),
  };
}

/** Activations that checkpoints name. */
export const activationNames: readonly string[] = [
  "gelu",
  "gelu_new",
  "gelu_pytorch_tanh",
  "relu",
  "quick_gelu",
  "sigmoid",
  "silu",
  "swish",
  "tanh",
];

/** One of every kind. */
export const cases: readonly Case[] = [
  bertCase("classification"),
  bertCase("regression", { hidden_act: "gelu_new", type_vocab_size: 3, id2label: undefined }),
  bertCase("span", { hidden_act: "relu", num_attention_heads: 1 }),
  bertCase("none", { hidden_act: "silu" }),
  withoutPrefix(bertCase("classification", { num_hidden_layers: 1, layer_norm_eps: 0.01 })),
  viTCase(),
  viTCase({ qkv_bias: false, head_dim: 7, hidden_act: "quick_gelu", layer_norm_eps: 1e-5 }),
  viTCase({ model_type: "deit", hidden_act: "tanh" }),
  viTCase({ model_type: "deit", architectures: ["DeiTForImageClassificationWithTeacher"] }),
];

/** The engine's outputs for one of a case's inputs. */
export async function engineOutputs(
  device: Device,
  one: Pick<Case, "params" | "outputs">,
  inputs: Hosts,
): Promise<Record<string, HostTensor>> {
  using state = device.place(one.params);
  const types = Object.fromEntries(Object.entries(inputs).map(([name, { shape, dtype }]) => [name, { shape, dtype }]));
  const step = (params: Named, inputs: Named) => ({ state: params, metrics: one.outputs(params, inputs) });
  using program = await device.compile(step as never, { state: state.types, batch: types } as never);
  program.run(state as never, inputs as never);
  return (await program.lastMetrics()).values as unknown as Record<string, HostTensor>;
}
