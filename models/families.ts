/**
 * Models by `model_type`.
 *
 * @module
 */
import { type Checkpoint, CheckpointError } from "./checkpoint.ts";
import { bertFamily } from "./families/bert.ts";
import { clipFamily } from "./families/clip.ts";
import { vitFamily } from "./families/vit.ts";
import type { Family, Network, NetworkRequest } from "./network.ts";

/** All kinds of models. Adding one is adding a record. */
export const families: readonly Family[] = [vitFamily, bertFamily, clipFamily];

/**
 * The kind of a checkpoint.
 *
 * @param config The checkpoint's `config.json`.
 * @param name Name of the checkpoint, for errors.
 * @throws {CheckpointError} when no kind loads its `model_type`; the message lists those that can be loaded.
 */
export function familyOf(config: Readonly<Record<string, unknown>>, name: string): Family {
  const { model_type } = config;
  const family = families.find(({ modelTypes }) => modelTypes.includes(model_type as string));
  if (family) return family;
  const known = families.flatMap(({ modelTypes }) => modelTypes).join(", ");
  throw new CheckpointError(
    model_type === undefined
      ? `${name}: config.json names no model_type; add the one that it is, of ${known}`
      : `${name}: model_type ${JSON.stringify(model_type)} is not known; there are ${known}`,
  );
}

/**
 * Makes a model for a task from a checkpoint.
 *
 * @param checkpoint Configuration and parameters; without parameters all of them are made anew.
 * @param request What the task asks for.
 * @throws {CheckpointError} when the checkpoint is of no known model, or cannot end with what is asked for.
 */
export async function networkOf(
  checkpoint: Pick<Checkpoint, "name" | "config" | "params">,
  request: NetworkRequest,
): Promise<Network> {
  const { name, config } = checkpoint;
  const family = familyOf(config, name);
  if (!family.heads.includes(request.head)) {
    throw new CheckpointError(
      `${name}: a model of type ${config.model_type} has no head for ${request.head}, only for ` +
        `${family.heads.join(", ")}; use another task or model`,
    );
  }
  return await family.build(checkpoint, request);
}
