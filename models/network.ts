/**
 * A model that is ready to be trained, judged and pruned: parameters, and pure functions over them. Whoever has one need
 * not know which transformer it is.
 *
 * @module
 */
import type { HostTensor, Tensor } from "../engine/mod.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { ImageShape } from "./data/images.ts";
import type { Head } from "./heads.ts";
import type { Params, StackOptions } from "./layers.ts";
import type { BatchTensors, Outputs } from "./predict.ts";

/** What a model reads. */
export type Modality = "image" | "text";

/** What a forward pass may be told. */
export interface ForwardOptions extends StackOptions {
  /** Random key u32 `[2]`: drops out at the rates of the configuration; without it nothing is dropped. */
  readonly key?: Tensor;
}

/** Groups of one kind, numbered from 0: group `i` has the indices `start + i * size` to `start + (i + 1) * size - 1`. */
export interface GroupSet {
  /** How many groups. */
  readonly count: number;
  /** What each is made of. */
  readonly parts: readonly GroupPart[];
}

/** A part of a matrix `[out, in]` in every group. */
export interface GroupPart {
  /** Name of the matrix. */
  readonly tensor: string;
  /** 0 for rows, 1 for columns. */
  readonly axis: 0 | 1;
  /** First row or column; 0. */
  readonly start?: number;
  /** Rows or columns of a group. */
  readonly size: number;
}

/** What of a model can only go as a whole, by layer. */
export interface NetworkGroups {
  /** Attention heads: rows of query, key and value, columns of the output projection. */
  readonly head: Readonly<Record<string, GroupSet>>;
  /** Feed-forward neurons: a row of the first matrix, a column of the second. */
  readonly neuron: Readonly<Record<string, GroupSet>>;
}

/** A model. */
export interface Network {
  /** What to call it: the checkpoint's folder, or a description. */
  readonly name: string;
  /** `model_type` of its configuration. */
  readonly modelType: string;
  /** What it reads. */
  readonly modality: Modality;
  /** What it ends with. */
  readonly head: Head;
  /** Parameters by the checkpoint's own names. */
  readonly params: Readonly<Record<string, HostTensor>>;
  /** `config.json` of the model as it is now: labels and sizes included. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Names of parameters that were drawn from the seed: of a new head, or all of them. */
  readonly fresh: readonly string[];
  /** What was made anew, dropped or renamed while loading: sentences for the log. */
  readonly notes: readonly string[];
  /** Shape of its images, of models that read images. */
  readonly image?: ImageShape;
  /** Tokens of its longest text, of models that read text. */
  readonly maxTokens?: number;
  /** Token numbers are below this, of models that read text. */
  readonly vocabulary?: number;
  /** Its heads and neurons. */
  readonly groups: NetworkGroups;
  /** Whether pruning may touch a parameter, unless told otherwise: the matrices of the encoder's layers. */
  isPrunable(name: string): boolean;
  /** Outputs of a batch, as its {@linkcode Head} has them. */
  outputs(params: Params, batch: BatchTensors, options?: ForwardOptions): Outputs<Tensor>;
}

/** Texts that stand for classes. */
export interface Prompts {
  /** Tokens, u32 `[classes * templates, tokens]`: all texts of the first class first. */
  readonly ids: HostTensor;
  /** Texts of each class. */
  readonly templates: number;
}

/** What a task asks of a model. */
export interface NetworkRequest {
  /** What the model must end with. */
  readonly head: Head;
  /** Names of the classes, for classification. */
  readonly labels: readonly string[];
  /** Texts that stand for the classes, of a model that is to know them by their names alone. */
  readonly prompts?: Prompts;
  /** Height and width of images in pixels, where they are not to be those of the checkpoint. */
  readonly imageSize?: number;
  /** Seed of what has to be made anew. */
  readonly seed: number;
}

/** One kind of transformer. */
export interface Family {
  /** The `model_type`s that it loads. */
  readonly modelTypes: readonly string[];
  /** What it reads. */
  readonly modality: Modality;
  /** What it can end with. */
  readonly heads: readonly Head[];
  /**
   * Makes a model from a checkpoint.
   *
   * @param checkpoint Configuration and parameters; without parameters all of them are made anew.
   * @param request What the task asks for.
   * @throws {CheckpointError} when the checkpoint is not one of such a model.
   */
  build(checkpoint: Pick<Checkpoint, "name" | "config" | "params">, request: NetworkRequest): Promise<Network>;
}
