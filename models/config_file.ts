/**
 * JSON files of a checkpoint.
 *
 * @module
 */
import { z } from "zod";
import type { Folder } from "./folder.ts";
import { parseJson, validate } from "./validate.ts";

/** Raised for a folder that holds no checkpoint, or not the one that a model needs. */
export class CheckpointError extends Error {
  /** Error class name. */
  override readonly name = "CheckpointError";
}

const objectSchema = z.record(z.string(), z.unknown());

/**
 * Reads a JSON object, such as `config.json`.
 *
 * @param folder The folder.
 * @param path The file in it.
 * @returns The object.
 * @throws {CheckpointError} when the file is no JSON object.
 */
export async function readConfig(folder: Folder, path: string): Promise<Record<string, unknown>> {
  const label = `${folder.name}/${path}`;
  const bytes = await folder.read(path);
  let value: unknown;
  try {
    value = parseJson(bytes);
  } catch (error) {
    throw new CheckpointError(`${label}: no JSON (${(error as Error).message}); fetch the file again`, {
      cause: error,
    });
  }
  return validate(objectSchema, value, (faults) => new CheckpointError(`${label}: ${faults}`));
}
