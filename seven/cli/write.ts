/**
 * Writing files so that each is there as a whole or as it was before: under another name, then renamed.
 *
 * @module
 */

/** Something could not be written. The message has the path, why, and what to do. */
export class WriteError extends Error {
  /** Error class name. */
  override readonly name = "WriteError";

  /** Makes the error of a path. */
  constructor(path: string, cause: unknown) {
    const reason = (cause as Error).message;
    const remedy = /no space|quota/i.test(reason)
      ? "free some space, then go on with --resume"
      : "check the permissions of the folder, or name another one";
    super(`${path}: cannot be written (${reason}); ${remedy}`, { cause });
  }
}

/**
 * Writes a file.
 *
 * @param path Its place.
 * @param content Its bytes or its text, at once or in parts.
 * @throws {WriteError} when it cannot be written; what was there before is as it was.
 */
export function writeFile(path: string, content: string | Uint8Array | Iterable<Uint8Array>): void {
  const partial = `${path}.partial`;
  try {
    {
      using file = Deno.openSync(partial, { write: true, create: true, truncate: true });
      for (const part of partsOf(content)) {
        for (let done = 0; done < part.length;) done += file.writeSync(part.subarray(done));
      }
      file.syncDataSync();
    }
    Deno.renameSync(partial, path);
  } catch (error) {
    removeQuietly(partial);
    throw new WriteError(path, error);
  }
}

function partsOf(content: string | Uint8Array | Iterable<Uint8Array>): Iterable<Uint8Array> {
  if (typeof content === "string") return [new TextEncoder().encode(content)];
  return content instanceof Uint8Array ? [content] : content;
}

/**
 * Makes a folder and those above it.
 *
 * @throws {WriteError} when it cannot be made.
 */
export function makeFolder(path: string): void {
  try {
    Deno.mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new WriteError(path, error);
  }
}

/** Removes a file or a folder with all in it, if it is there. */
export function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch { /* is not there, or stays */ }
}

/** JSON as it is written for people. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** What a JSON file holds, or nothing where there is none, or it is not whole. */
export function readJson<T>(path: string): T | undefined {
  try {
    return JSON.parse(Deno.readTextFileSync(path)) as T;
  } catch {
    return undefined;
  }
}
