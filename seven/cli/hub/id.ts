/**
 * Names of repositories on the Hugging Face Hub, as the command line has them.
 *
 * @module
 */
import { UsageError } from "../errors.ts";

/** A repository at a revision, or a folder in it. */
export interface HubId {
  /** What kind of repository it is. */
  readonly type: "model" | "dataset";
  /** Its name, `owner/name` or `name`. */
  readonly name: string;
  /** A branch, a tag or a commit; `main`. */
  readonly revision: string;
  /** Folder in the repository; empty for its root. */
  readonly path: string;
}

/** True for text that names a repository: `hf:...`. */
export function isHubId(text: string): boolean {
  return text.startsWith("hf:");
}

const shape = /^hf:((?:[\w.-]+\/)?[\w.-]+)(?:@([^:]+))?(?::([^:]+))?$/;

/**
 * Reads `hf:owner/name`, with `@revision` and `:folder` where they are given.
 *
 * @param option The option that has it, for errors.
 * @param text The text.
 * @param type What kind of repository it names.
 * @throws {UsageError} when it is no such name.
 *
 * The folder comes after a colon, since a name may or may not have an owner.
 */
export function parseHubId(option: string, text: string, type: HubId["type"]): HubId {
  const match = shape.exec(text);
  const path = match?.[3]?.replace(/^\/+|\/+$/g, "") ?? "";
  if (!match || path.split("/").includes("..") || match[2]?.split("/").includes("..")) {
    throw new UsageError(
      `${option} ${text}: names no repository; write hf:owner/name, hf:owner/name@revision or hf:owner/name:folder`,
    );
  }
  return { type, name: match[1]!, revision: match[2] ?? "main", path };
}
