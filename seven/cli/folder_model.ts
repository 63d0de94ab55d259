/**
 * The model in a checkpoint's or run's folder, by its own labels, for commands that need no task.
 *
 * @module
 */
import {
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
  [/ForQuestionAnswering$/, "span"],
  [/^CLIPModel$/, "contrastive"],
];

/** The head that a configuration names. */
function headOf({ architectures, problem_type }: Readonly<Record<string, unknown>>): Head {
  const [architecture = ""] = Array.isArray(architectures) ? architectures as string[] : [];
  if (problem_type === "regression") return "regression";
  return heads.find(([name]) => name.test(architecture))?.[1] ?? "classification";
}

/** Names of the classes by number, as Hugging Face reads them: two where nothing is said. */
export function labelsOf({ id2label, num_labels }: Readonly<Record<string, unknown>>): string[] {
  const names = Object.entries((id2label ?? {}) as Record<string, string>);
  if (names.length > 0) return names.sort(([a], [b]) => Number(a) - Number(b)).map(([, name]) => name);
  return Array.from({ length: typeof num_labels === "number" ? num_labels : 2 }, (_, i) => `LABEL_${i}`);
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
  familyOf(checkpoint.config, checkpoint.name);
  const network = await networkOf(checkpoint, {
    head: headOf(checkpoint.config),
    labels: labelsOf(checkpoint.config),
    seed: 1,
  });
  if (network.fresh.length > 0) {
    throw new CheckpointError(
      `${checkpoint.name}: there is no ${network.fresh.join(", ")}; use a checkpoint with a trained head`,
    );
  }
  return { network, metadata: checkpoint.metadata };
}
