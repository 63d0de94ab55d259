/**
 * The model in a checkpoint's or run's folder, by its own labels, for commands that need no task.
 *
 * @module
 */
import {
  type Checkpoint,
  CheckpointError,
  familyOf,
  type Folder,
  type Head,
  loadCheckpoint,
  type Network,
  networkOf,
} from "../../models/mod.ts";

/** What `architectures` say of the head. */
const heads: readonly (readonly [RegExp, Head])[] = [
  [/For(Sequence|Image)Classification(WithTeacher)?$/, "classification"],
  [/ForQuestionAnswering$/, "span"],
  [/^CLIPModel$/, "contrastive"],
];

/** The head that a configuration names; nothing where it does not tell. */
export function headOf(config: Readonly<Record<string, unknown>>): Head | undefined {
  const [architecture = ""] = Array.isArray(config.architectures) ? config.architectures.map(String) : [];
  const isNumber = /ForSequenceClassification$/.test(architecture) && labelsOf(config).length === 1;
  if (config.problem_type === "regression" || isNumber) return "regression";
  return heads.find(([name]) => name.test(architecture))?.[1];
}

/** Names of the classes by number, as Hugging Face reads them: two where nothing is said. */
export function labelsOf({ id2label, num_labels }: Readonly<Record<string, unknown>>): string[] {
  const names = Object.entries((id2label ?? {}) as Record<string, string>);
  if (names.length > 0) return names.sort(([a], [b]) => Number(a) - Number(b)).map(([, name]) => name);
  return Array.from({ length: typeof num_labels === "number" ? num_labels : 2 }, (_, i) => `LABEL_${i}`);
}

/**
 * The model of a checkpoint, with the head and the classes that its configuration names.
 *
 * @throws {CheckpointError} when it is no checkpoint of a known model.
 */
export async function ownNetwork(checkpoint: Pick<Checkpoint, "name" | "config" | "params">): Promise<Network> {
  const { config, name } = checkpoint;
  familyOf(config, name);
  return await networkOf(checkpoint, { head: headOf(config) ?? "classification", labels: labelsOf(config), seed: 1 });
}

/**
 * Loads the model of a folder.
 *
 * @param folder The folder.
 * @returns The model with the head and the classes that its configuration names, and the metadata of its weights.
 * @throws {CheckpointError} when it is no checkpoint of a known model, or its head is missing.
 */
export async function folderModel(folder: Folder): Promise<{
  readonly network: Network;
  readonly metadata: Readonly<Record<string, string>>;
}> {
  const checkpoint = await loadCheckpoint(folder);
  const network = await ownNetwork(checkpoint);
  if (network.fresh.length > 0) {
    throw new CheckpointError(
      `${checkpoint.name}: there is no ${network.fresh.join(", ")}; use a checkpoint with a trained head`,
    );
  }
  return { network, metadata: checkpoint.metadata };
}
