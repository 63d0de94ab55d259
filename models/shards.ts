/**
 * Weights that are split over several files, and the index that says which tensor is where.
 *
 * @module
 */
import { z } from "zod";
import { CheckpointError, readConfig } from "./config_file.ts";
import type { Folder } from "./folder.ts";
import { validate } from "./validate.ts";

/** Name of the index. */
export const weightsIndex = "model.safetensors.index.json";

/** One file of weights. */
export interface Shard {
  /** Its name. */
  readonly file: string;
  /** Names of exactly the tensors that it holds; whatever it holds where there is no index. */
  readonly names?: ReadonlySet<string>;
}

const schema = z.looseObject({
  weight_map: z.record(
    z.string(),
    // Beside the index and nowhere else: the name comes from outside.
    z.string().regex(/^[^/\\]+\.safetensors$/, "expected the name of a safetensors file beside the index"),
  ),
});

/**
 * The files that the index of a folder names.
 *
 * @param folder The folder.
 * @returns The files with their tensors, in the order in which the index has them.
 * @throws {CheckpointError} when the index is damaged, names no tensor, or a file is not there.
 */
export async function shardsOf(folder: Folder): Promise<Shard[]> {
  const label = `${folder.name}/${weightsIndex}`;
  const fail = (faults: string): CheckpointError => new CheckpointError(`${label}: ${faults}`);
  const { weight_map } = validate<z.infer<typeof schema>>(schema, await readConfig(folder, weightsIndex), fail);
  const shards = new Map<string, Set<string>>();
  for (const [name, file] of Object.entries(weight_map)) {
    if (!shards.has(file)) shards.set(file, new Set());
    shards.get(file)!.add(name);
  }
  if (shards.size === 0) throw fail("weight_map names no tensor; fetch the file again");
  const absent: string[] = [];
  for (const file of shards.keys()) if (!await folder.exists(file)) absent.push(file);
  if (absent.length > 0) {
    const more = absent.length > 3 ? ` and ${absent.length - 3} more` : "";
    throw new CheckpointError(
      `${folder.name}: there is no ${absent.slice(0, 3).join(", no ")}${more}, of the ${shards.size} files that ` +
        `${weightsIndex} names; fetch what is missing`,
    );
  }
  return [...shards].map(([file, names]) => ({ file, names }));
}
