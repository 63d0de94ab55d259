/**
 * Where models and data come from: a folder on disk, or a repository of the Hugging Face Hub.
 *
 * @module
 */
import type { Folder } from "../../models/mod.ts";
import { diskFolder } from "./folder.ts";
import { hubFolder, hubSettings } from "./hub/folder.ts";
import { isHubId, parseHubId } from "./hub/id.ts";

/** The options that name a source, and what kind of repository each means. */
const kinds = { "--model": "model", "--data": "dataset" } as const;

/**
 * Opens a folder.
 *
 * @param option The option that names it.
 * @param text A path, or `hf:owner/name`.
 * @param say Told what is loaded.
 * @throws {UsageError} when there is no such folder, {@linkcode HubError} when the hub does not give it.
 */
export async function openSource(
  option: keyof typeof kinds,
  text: string,
  say?: (line: string) => void,
): Promise<Folder> {
  if (!isHubId(text)) return await diskFolder(option, text);
  const id = parseHubId(option, text, kinds[option]);
  return await hubFolder(id, { ...hubSettings((name) => Deno.env.get(name)), ...(say ? { say } : {}) });
}
