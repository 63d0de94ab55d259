/**
 * Checkpoints in the layout of Hugging Face: a folder with `config.json` and `model.safetensors`. Parameters keep the
 * names of the file, so there is no mapping of names anywhere.
 *
 * @module
 */

import type { HostTensor } from "../engine/host.ts";
import { openSafetensors } from "../engine/io/safetensors.ts";
import { scoped } from "../engine/scoped.ts";
import { CheckpointError, readConfig } from "./config_file.ts";
import { type Folder, openFile } from "./folder.ts";
import { unpackedFile } from "./packed/unpack.ts";
import { shardsOf, weightsIndex } from "./shards.ts";

export { CheckpointError, readConfig } from "./config_file.ts";

/** A loaded checkpoint. */
export interface Checkpoint {
  /** The folder, for errors. */
  readonly name: string;
  /** `config.json` as it is: each model checks the part that it uses. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Parameters by the file's own names. */
  readonly params: Record<string, HostTensor>;
  /** The metadata of the weights' file. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** What else may lie in a folder without `model.safetensors`, and what to do then. */
const otherWeights: Readonly<Record<string, string>> = {
  "pytorch_model.bin": "pytorch_model.bin is a pickle: convert it with safetensors.torch.save_file",
  "pytorch_model.bin.index.json": "its weights are pickles: load and save the model with transformers, as safetensors",
  "tf_model.h5": "tf_model.h5 holds TensorFlow weights: save the model as safetensors with transformers",
};

async function missing(folder: Folder, path: string): Promise<CheckpointError> {
  let remedy = "a checkpoint folder has config.json and model.safetensors; check the path";
  if (path === "model.safetensors") {
    for (const [other, advice] of Object.entries(otherWeights)) if (await folder.exists(other)) remedy = advice;
  }
  return new CheckpointError(`${folder.name}: there is no ${path}; ${remedy}`);
}

function surplus(folder: Folder, file: string, name: string): CheckpointError {
  return new CheckpointError(
    `${folder.name}/${file}: has ${name}, which ${weightsIndex} does not put there; fetch files of one revision`,
  );
}

/** Whether a folder has weights that can be loaded. One of pickles has some that cannot, which {@linkcode loadCheckpoint} says. */
export async function hasWeights(folder: Folder): Promise<boolean> {
  for (const name of ["model.safetensors", weightsIndex, ...Object.keys(otherWeights)]) {
    if (await folder.exists(name)) return true;
  }
  return false;
}

/**
 * Loads a checkpoint: `config.json` with `model.safetensors`, or with the files that `model.safetensors.index.json`
 * names. Tensors are read one by one, so that memory holds the parameters and one tensor more. Packed files
 * (`packTensors`) give the tensors that were packed.
 *
 * @param folder The folder.
 * @returns Configuration and parameters.
 * @throws {CheckpointError} when a file is missing, `config.json` is no JSON object, or index and files disagree.
 * @throws {SafetensorsError} when a file of weights is not valid.
 */
export async function loadCheckpoint(folder: Folder): Promise<Checkpoint> {
  if (!await folder.exists("config.json")) throw await missing(folder, "config.json");
  const whole = await folder.exists("model.safetensors");
  if (!whole && !await folder.exists(weightsIndex)) throw await missing(folder, "model.safetensors");
  const config = await readConfig(folder, "config.json");
  const params: Record<string, HostTensor> = {};
  let metadata: Readonly<Record<string, string>> = {};
  for (const { file, names } of whole ? [{ file: "model.safetensors" }] : await shardsOf(folder)) {
    const label = `${folder.name}/${file}`;
    await scoped(await openFile(folder, file), async (source) => {
      const content = unpackedFile(await openSafetensors(source, label), label);
      metadata = { ...content.metadata, ...metadata };
      for (const { name } of content.entries) {
        if (names && !names.has(name)) throw surplus(folder, file, name);
        params[name] = await content.read(name);
      }
    });
    const absent = [...names ?? []].find((name) => !Object.hasOwn(params, name));
    if (absent !== undefined) {
      throw new CheckpointError(
        `${label}: there is no ${absent}, which ${weightsIndex} puts there; fetch files of one revision`,
      );
    }
  }
  return { name: folder.name, config, params, metadata };
}

/**
 * Checks that a checkpoint is one of the model that is about to load it.
 *
 * @param config The checkpoint's `config.json`.
 * @param expected The `model_type` that the model loads, such as `"vit"`.
 * @param label Name of the checkpoint, for errors.
 * @throws {CheckpointError} when `model_type` is another one, or there is none.
 */
export function checkModelType(config: Readonly<Record<string, unknown>>, expected: string, label: string): void {
  const actual = config.model_type;
  if (actual === expected) return;
  throw new CheckpointError(
    actual === undefined
      ? `${label}: config.json names no model_type, expected "${expected}"; add it if this is such a checkpoint`
      : `${label}: this is a checkpoint of another model: model_type is ${
        JSON.stringify(actual)
      }, expected "${expected}"`,
  );
}

/**
 * Checks that parameters are exactly those of a model.
 *
 * @param params The parameters by name.
 * @param expected The model's shapes by name.
 * @param label Name of the checkpoint, for errors.
 * @throws {CheckpointError} that lists missing names, surplus names and wrong shapes (the first three and the count),
 * and says so when most names are those of another model.
 */
export function checkParams(
  params: Readonly<Record<string, HostTensor>>,
  expected: Readonly<Record<string, readonly number[]>>,
  label: string,
): void {
  const names = Object.keys(expected);
  const absent = names.filter((name) => !Object.hasOwn(params, name));
  const surplus = Object.keys(params).filter((name) => !Object.hasOwn(expected, name));
  const wrong = names.filter((name) => Object.hasOwn(params, name) && !agree(params[name], expected[name]));
  const faults = [
    list("missing", absent),
    list("surplus", surplus),
    list("of wrong shape or dtype", wrong.map((name) => difference(name, params[name], expected[name]))),
  ].filter((fault) => fault !== "");
  if (faults.length === 0) return;
  const known = names.length - absent.length;
  const verdict = known * 2 < names.length && surplus.length > 0
    ? `this looks like a checkpoint of another model: it has ${known} of the ${names.length} parameters`
    : wrong.length > 0 && absent.length + surplus.length === 0
    ? "the parameters do not fit config.json"
    : "the parameters are not those of the model";
  throw new CheckpointError(`${label}: ${verdict}; ${faults.join("; ")}`);
}

function agree(tensor: HostTensor, shape: readonly number[]): boolean {
  return tensor.dtype === "f32" && tensor.shape.length === shape.length &&
    tensor.shape.every((size, axis) => size === shape[axis]);
}

function difference(name: string, tensor: HostTensor, shape: readonly number[]): string {
  return `${name} is ${tensor.dtype}[${tensor.shape.join()}], expected f32[${shape.join()}]`;
}

function list(what: string, items: readonly string[]): string {
  if (items.length === 0) return "";
  const more = items.length > 3 ? `, and ${items.length - 3} more` : "";
  return `${items.length} ${what}: ${items.slice(0, 3).join(", ")}${more}`;
}
