/**
 * What a run starts from: a model's files and parameters, and its task's data as the model expects them.
 *
 * @module
 */
import type { HostTensor } from "../../engine/mod.ts";
import {
  checkParams,
  DataError,
  type Dataset,
  initViT,
  loadCheckpoint,
  parsePreprocessor,
  preprocess,
  readConfig,
  smallViT,
  type Task,
  type ViTConfig,
  viTConfig,
  viTShapes,
} from "../../models/mod.ts";
import { diskFolder } from "./folder.ts";

/** A model and its data. */
export interface Model {
  /** What to call it: the checkpoint's folder, or a description. */
  readonly name: string;
  readonly config: ViTConfig;
  /** Parameters by checkpoint name. */
  readonly params: Readonly<Record<string, HostTensor>>;
  /** The data, preprocessed. */
  readonly data: Dataset;
  /** Files of the model that a run folder gets as they are, by name. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** Metadata of the weights' file. */
  readonly metadata: Readonly<Record<string, string>>;
}

const configFile = "config.json";
const preprocessorFile = "preprocessor_config.json";

/**
 * Loads a checkpoint and prepares the data as its `preprocessor_config.json` says.
 *
 * @param path The checkpoint's folder.
 * @param task The task.
 * @param dataPath The data's folder, for a task that needs one.
 * @throws {UsageError} when a folder is missing, {@linkcode CheckpointError}, {@linkcode SafetensorsError} or
 * {@linkcode DataError} when what is in it cannot be used.
 */
export async function loadModel(path: string, task: Task, dataPath: string | undefined): Promise<Model> {
  const folder = await diskFolder("--model", path);
  const { name, config: json, params, metadata } = await loadCheckpoint(folder);
  const config = viTConfig(json, `${name}/${configFile}`);
  checkParams(params, viTShapes(config), name);
  if (!await folder.exists(preprocessorFile)) {
    throw new DataError(
      `${name}: there is no ${preprocessorFile}, which says how images become numbers; copy that of the original model`,
    );
  }
  const preprocessor = parsePreprocessor(await readConfig(folder, preprocessorFile), `${name}/${preprocessorFile}`);
  const data = preprocess(await loadData(task, dataPath), preprocessor);
  checkFit(config, data, name);
  const files = {
    [configFile]: await folder.read(configFile),
    [preprocessorFile]: await folder.read(preprocessorFile),
  };
  return { name, config, params, data, files, metadata };
}

/**
 * Makes the small ViT for a task, with fresh parameters.
 *
 * @param task The task.
 * @param dataPath The data's folder, for a task that needs one.
 * @param seed Seed of the parameters.
 * @throws {UsageError} or {@linkcode DataError} when the data cannot be used.
 */
export async function freshModel(task: Task, dataPath: string | undefined, seed: number): Promise<Model> {
  const raw = await loadData(task, dataPath);
  const { config: json, preprocessor } = smallViT(raw);
  const name = "a small ViT";
  const config = viTConfig(json, name);
  const data = preprocess(raw, parsePreprocessor(preprocessor, name));
  const text = (value: unknown): Uint8Array => new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
  const files = { [configFile]: text(json), [preprocessorFile]: text(preprocessor) };
  return { name, config, params: await initViT(config, seed), data, files, metadata: { format: "pt" } };
}

async function loadData(task: Task, path: string | undefined): Promise<Dataset> {
  return await task.load(path === undefined ? undefined : await diskFolder("--data", path));
}

function checkFit({ num_channels, image_size, num_labels }: ViTConfig, data: Dataset, name: string): void {
  const takes = [num_channels, image_size, image_size].join(" x ");
  const given = data.train.shape.join(" x ");
  if (takes !== given) {
    throw new DataError(
      `${name}: the model takes images of ${takes}, ${preprocessorFile} makes them ${given}; mend one`,
    );
  }
  if (num_labels !== data.classes) {
    throw new DataError(
      `${name}: the model has ${num_labels} classes, task ${data.name} ${data.classes}; use a model fine-tuned on the task`,
    );
  }
}
