/**
 * Writing a model as ONNX, for runtimes that know nothing of this package.
 *
 * @module
 */
import type { HostTensor } from "../../engine/mod.ts";
import { bertConfig } from "../bert/config.ts";
import type { BertHead } from "../bert/head.ts";
import { bertShapes } from "../bert/names.ts";
import { checkParams } from "../checkpoint.ts";
import type { Head } from "../heads.ts";
import { viTConfig, viTShapes } from "../vit/config.ts";
import { addBert } from "./bert.ts";
import { OnnxError } from "./error.ts";
import { type GraphBuilder, graphBuilder } from "./graph.ts";
import { byteLength, modelProto } from "./proto.ts";
import { addViT } from "./vit.ts";

/** What can be written: a `Network`, or as much of it as a file needs. */
export interface OnnxSource {
  /** Name of the model, for errors. */
  readonly name: string;
  /** What it ends with; `"none"` for a BERT without a head. */
  readonly head: Head | "none";
  /** Parameters by the checkpoint's own names, f32: exactly those of the model. */
  readonly params: Readonly<Record<string, HostTensor>>;
  /** Its `config.json`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Whether pruning may touch a parameter: of these the metadata tell the sparsity. */
  isPrunable?(name: string): boolean;
}

/** What else the file is to say. */
export interface OnnxOptions {
  /** More metadata, or others, by key: the task, a dataset, the method of pruning. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** IR version 8, operator set 17 (ONNX 1.12, 2022): the oldest with `LayerNormalization`, so most know them. */
const versions = { irVersion: 8, opset: 17 } as const;

/**
 * A message of protobuf, and so a file without external data, holds no more:
 * https://protobuf.dev/programming-guides/encoding/#size-limit
 */
const byteLimit = 2 ** 31 - 1;

const maker = "@sentinel/seven";

/**
 * The bytes of an ONNX file, piece by piece: most are views of the parameters' elements, so a large model is written
 * without a second copy in memory.
 *
 * The graph has standard operators only, free sizes for batch and sequence, the names of inputs and outputs that
 * exports of Hugging Face have, and each parameter as an initializer under its own name, in its own layout:
 *
 * | model      | inputs                                                      | outputs                              |
 * | ---------- | ----------------------------------------------------------- | ------------------------------------ |
 * | ViT, DeiT  | `pixel_values` f32 `[batch, channels, height, width]`       | `logits` `[batch, labels]`           |
 * | BERT       | `input_ids`, `attention_mask`, `token_type_ids`             | `logits` `[batch, labels]`           |
 * |            | i64 `[batch, tokens]`                                       | `[batch, 1]` of a regression         |
 * | with spans | the same                                                    | `start_logits`, `end_logits`         |
 * | no head    | the same                                                    | `last_hidden_state`, `pooler_output` |
 *
 * Logits of spans are -1e30 at padding, where exports of Hugging Face give it a number that could be chosen.
 *
 * Its metadata are `model_type`, `head`, `labels` (JSON list of names, where there are names), and `sparsity` (share of
 * zeros among prunable weights) with `prunable` (their number), where the model says which they are.
 *
 * Zeros are written as they are, not as sparse initializers: no standard operator reads sparse tensors, so onnxruntime
 * expands them when it loads a model (https://github.com/microsoft/onnxruntime/issues/5578), and computes as before.
 * With an i64 index for each weight they are larger than dense ones below 2/3 of zeros. What makes a pruned file
 * small is compression: `gzip` or `zstd`.
 *
 * @param source The model.
 * @param options What else the file is to say.
 * @returns The pieces in order. All checks are done before the first.
 * @throws {OnnxError} for another kind of model, or one that is larger than such a file can be.
 * @throws {CheckpointError} when configuration and parameters do not fit each other.
 */
export function onnxChunks(source: OnnxSource, { metadata = {} }: OnnxOptions = {}): readonly Uint8Array[] {
  const graph = graphBuilder(`${source.config.model_type}_${source.head}`, source.params);
  const described = addModel(graph, source);
  // First by the weights alone: lengths beyond 32 bits cannot even be written.
  checkSize(source.name, Object.values(source.params).reduce((sum, { data }) => sum + data.byteLength, 0));
  const chunks = modelProto({
    ...versions,
    producer: maker,
    graph: graph.build(),
    metadata: { ...described, ...sparsityOf(source), ...metadata },
  });
  checkSize(source.name, byteLength(chunks));
  return chunks;
}

function checkSize(name: string, bytes: number): void {
  if (bytes <= byteLimit) return;
  throw new OnnxError(
    `${name}: the ONNX file would have ${bytes} bytes, above the ${byteLimit} that protobuf can hold; ` +
      "use model.safetensors, or a smaller model",
  );
}

/**
 * The bytes of an ONNX file, in one array: {@linkcode onnxChunks}, joined.
 *
 * @example A fresh ViT with half of its weights pruned.
 * ```ts
 * import { isViTPrunable, initViT, onnxModel, smallViT, viTConfig } from "@sentinel/seven/models";
 *
 * const { config } = smallViT([1, 28, 28], 10);
 * const params = await initViT(viTConfig(config, "fresh ViT"), 1);
 * for (const [name, { data }] of Object.entries(params)) {
 *   if (isViTPrunable(name)) data.fill(0, 0, data.length / 2);
 * }
 * const bytes = onnxModel({ name: "fresh ViT", head: "classification", params, config, isPrunable: isViTPrunable });
 * console.assert(/sparsity..0\.5/s.test(new TextDecoder().decode(bytes)));
 * ```
 *
 * @param source The model.
 * @param options What else the file is to say.
 * @returns The file.
 * @throws {OnnxError} for another kind of model, or one that is larger than such a file can be.
 * @throws {CheckpointError} when configuration and parameters do not fit each other.
 */
export function onnxModel(source: OnnxSource, options: OnnxOptions = {}): Uint8Array {
  const chunks = onnxChunks(source, options);
  const bytes = new Uint8Array(byteLength(chunks));
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

/** Adds the model that `config.json` names. @returns what is to be said of it. */
function addModel(graph: GraphBuilder, { name, head, params, config: json }: OnnxSource): Record<string, string> {
  const label = `${name}/config.json`;
  const model = json.model_type;
  const refused = (known: readonly string[]): OnnxError =>
    new OnnxError(`${name}: a ${model} with the head ${head} cannot be written as ONNX; ${known.join(", ")} can`);
  switch (model) {
    case "vit":
    case "deit": {
      if (head !== "classification") throw refused(["classification"]);
      const config = viTConfig(json, label);
      checkParams(params, viTShapes(config), name);
      addViT(graph, config);
      return { model_type: model, head, ...labelsOf(json) };
    }
    case "bert": {
      if (!isBertHead(head)) throw refused(bertHeads);
      const config = bertConfig(json, label);
      // The rule of `models/bert.ts`: parameters say themselves whether they have the prefix.
      const bert = Object.hasOwn(params, "encoder.layer.0.attention.self.query.weight") ? "" : "bert.";
      checkParams(params, prefixed(bertShapes(config, head), bert), name);
      addBert(graph, config, head, bert);
      return { model_type: model, head, ...(head === "classification" ? labelsOf(json) : {}) };
    }
    default:
      throw new OnnxError(
        `${name}: a model of type ${JSON.stringify(model)} cannot be written as ONNX; vit, deit and bert can`,
      );
  }
}

const bertHeads: readonly BertHead[] = ["classification", "regression", "span", "none"];

function isBertHead(head: string): head is BertHead {
  return (bertHeads as readonly string[]).includes(head);
}

function prefixed<T>(shapes: Readonly<Record<string, T>>, bert: string): Record<string, T> {
  const rename = (name: string): string => name.replace(/^(bert\.)?(?=(embeddings|encoder|pooler)\.)/, bert);
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [rename(name), shape]));
}

/** Names of the labels in the order of their numbers, where every number has one. */
function labelsOf({ id2label }: Readonly<Record<string, unknown>>): Record<string, string> {
  const given = (id2label ?? {}) as Readonly<Record<string, string | undefined>>;
  const names = Object.keys(given).map((_, label) => given[label]);
  return names.length === 0 || names.includes(undefined) ? {} : { labels: JSON.stringify(names) };
}

function sparsityOf({ params, isPrunable }: OnnxSource): Record<string, string> {
  if (!isPrunable) return {};
  let [zeros, prunable] = [0, 0];
  for (const [name, { data }] of Object.entries(params)) {
    if (!isPrunable(name)) continue;
    prunable += data.length;
    for (const value of data) if (value === 0) zeros++;
  }
  return prunable === 0 ? {} : { sparsity: `${zeros / prunable}`, prunable: `${prunable}` };
}
