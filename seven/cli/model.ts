/**
 * What a run starts from: a model's files and parameters, and its task's data as the model expects them.
 *
 * @module
 */
import {
  type Dataset,
  familyOf,
  type Folder,
  hasWeights,
  loadCheckpoint,
  type ModelInput,
  type Network,
  networkOf,
  parsePreprocessor,
  readConfig,
  smallClip,
  smallViT,
  type Task,
  type TaskData,
} from "../../models/mod.ts";
import { UsageError } from "./errors.ts";
import {
  inputFiles,
  maxLengthOf,
  preprocessorFile,
  preprocessorJson,
  preprocessorOf,
  promptsOf,
  tokenizerOf,
} from "./model_input.ts";
import { openSource } from "./source.ts";

/** A model and its data. */
export interface Model {
  /** The model; its parameters are those that a run starts from. */
  readonly network: Network;
  /** The data, as the model takes them. */
  readonly data: Dataset;
  /** Files of the model that a run folder gets as they are, by name. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** Metadata of the weights' file. */
  readonly metadata: Readonly<Record<string, string>>;
  /** What was put right or left out while loading: sentences for the log. */
  readonly notes: readonly string[];
}

/** How pictures are read and changed. */
export type ImageInput = Pick<ModelInput, "decoder" | "augment" | "skipBroken">;

/** Which model, and how it is to be made. */
export interface ModelRequest {
  /** Folder or repository of the checkpoint. */
  readonly path: string;
  /** Folder or repository of the data, for a task that needs one. */
  readonly data?: string;
  /** Tokens of a text at most; those of the model by default. */
  readonly maxLength?: number;
  /** Height and width of images; those of the model by default. */
  readonly imageSize?: number;
  /** How pictures are read and changed. */
  readonly images: ImageInput;
  /** Whether classes are known by their names alone, by a CLIP. */
  readonly zeroShot: boolean;
  /** Seed of what has to be made anew. */
  readonly seed: number;
  /** Whether a folder without weights is taken for a model that is to be trained from its beginning. */
  readonly fresh: boolean;
  /** Told what is loaded from afar. */
  readonly say: (line: string) => void;
}

const configFile = "config.json";

/** The data of a task, from its folder or repository. */
export async function loadData(task: Task, data: string | undefined, say?: (line: string) => void): Promise<TaskData> {
  return await task.load(data === undefined ? undefined : await openSource("--data", data, say));
}

/**
 * Loads a checkpoint and prepares the data as the files beside it say.
 *
 * @param task The task.
 * @param request The model.
 * @throws {UsageError} when a folder is missing, {@linkcode CheckpointError}, {@linkcode SafetensorsError},
 * {@linkcode DataError} or {@linkcode HubError} when what is in it cannot be used.
 */
export async function loadModel(task: Task, request: ModelRequest): Promise<Model> {
  const folder = await openSource("--model", request.path, request.say);
  const fresh = request.fresh && !await hasWeights(folder);
  const checkpoint = fresh
    ? { name: folder.name, config: await readConfig(folder, configFile), params: {}, metadata: { format: "pt" } }
    : await loadCheckpoint(folder);
  const { name, config } = checkpoint;
  const { modality } = familyOf(config, name);
  if (modality !== task.modality) {
    throw new UsageError(
      `--task ${task.name}: is a task of ${task.modality}s, ${name} is a model of ${modality}s; give one that fits the other`,
    );
  }
  const raw = await loadData(task, request.data, request.say);
  const head = request.zeroShot ? "contrastive" : task.head;
  const prompts = head === "contrastive" ? raw.prompts ?? await promptsOf(folder, raw.labels) : undefined;
  const network = await networkOf(checkpoint, {
    head,
    labels: raw.labels,
    seed: request.seed,
    ...(prompts ? { prompts } : {}),
    ...(request.imageSize === undefined ? {} : { imageSize: request.imageSize }),
  });
  const data = raw.prepare(await inputOf(folder, network, task, request));
  const started = fresh ? [`${name}: has no weights; they are drawn from the seed`] : [];
  return {
    network,
    data,
    files: await filesOf(folder, network, config, request),
    metadata: checkpoint.metadata,
    notes: [...started, ...network.notes, ...raw.notes],
  };
}

/** What the files beside the weights say about the model's input. */
async function inputOf(folder: Folder, network: Network, task: Task, request: ModelRequest): Promise<ModelInput> {
  const { name, image } = network;
  if (network.modality === "image") {
    if (!await folder.exists(preprocessorFile)) return { name };
    const preprocessor = await preprocessorOf(folder, network, request.imageSize);
    return { ...request.images, name, preprocessor, ...(image ? { channels: image[0] } : {}) };
  }
  const tokenizer = await tokenizerOf(folder, network);
  const lengths = { asked: request.maxLength, usual: task.maxLength ?? 128 };
  return { name, tokenizer, maxLength: maxLengthOf(network, tokenizer, lengths) };
}

/** The files that make a run folder a checkpoint like the one that it began with. */
async function filesOf(
  folder: Folder,
  network: Network,
  config: Readonly<Record<string, unknown>>,
  request: ModelRequest,
): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {
    [configFile]: network.config === config ? await folder.read(configFile) : text(network.config),
  };
  for (const name of inputFiles) {
    if (!await folder.exists(name)) continue;
    files[name] = name === preprocessorFile && request.imageSize !== undefined
      ? text(await preprocessorJson(folder, request.imageSize))
      : await folder.read(name);
  }
  return files;
}

/**
 * Makes the small ViT, or the small CLIP, for a task of images in memory, with fresh parameters.
 *
 * @param task The task.
 * @param data The data's folder, for a task that needs one.
 * @param seed Seed of the parameters.
 * @throws {UsageError} or {@linkcode DataError} when the data cannot be used.
 */
export async function freshModel(
  task: Task,
  data: string | undefined,
  seed: number,
  images: ImageInput = {},
): Promise<Model> {
  const raw = await loadData(task, data);
  if (!raw.images) {
    throw new UsageError(
      `--task ${task.name}: there is no small model for this task; give --model, a folder with config.json (and ` +
        "weights, unless it is to be trained from its beginning by --train-steps)",
    );
  }
  const { name, make } = task.head === "contrastive"
    ? { name: "a small CLIP", make: smallClip }
    : { name: "a small ViT", make: smallViT };
  const { config, preprocessor } = make(raw.images, raw.labels.length);
  const request = { head: task.head, labels: raw.labels, seed, ...(raw.prompts ? { prompts: raw.prompts } : {}) };
  const network = await networkOf({ name, config, params: {} }, request);
  return {
    network,
    data: raw.prepare({ ...images, name, preprocessor: parsePreprocessor(preprocessor, name) }),
    files: { [configFile]: text(config), [preprocessorFile]: text(preprocessor) },
    metadata: { format: "pt" },
    notes: [],
  };
}

function text(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
}
