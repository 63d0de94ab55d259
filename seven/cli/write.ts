/**
 * Writing files so that each is there as a whole or as it was before: under another name, then renamed.
 *
 * @module
 */
import { dirname } from "node:path";

/** Something could not be written. The message has the path, why, and what to do. */
export class WriteError extends Error {
  /** Error class name. */
  override readonly name = "WriteError";

  /**
   * Makes the error of a path.
   *
   * @param path What could not be written.
   * @param cause Why.
   * @param next What to do once it can be.
   */
  constructor(readonly path: string, cause: unknown, next = "run the command again") {
    super(`${path}: cannot be written (${reasonOf(cause)}); ${mendOf(reasonOf(cause))}, then ${next}`, { cause });
  }

  /** Whether it is for want of room, rather than of the right to write. */
  get lacksRoom(): boolean {
    return roomOf(reasonOf(this.cause)) !== undefined;
  }

  /** Why, in the words of the system. */
  get reason(): string {
    return reasonOf(this.cause);
  }

  /** The same error where something else is to be done in the end. */
  withNext(next: string): WriteError {
    return new WriteError(this.path, this.cause, next);
  }
}

/** What makes writing possible, by the reason that the system gives: not all have a code. */
function mendOf(reason: string): string {
  return roomOf(reason) ?? (/permi|read-only|denied/i.test(reason) ? "allow writing there" : "put that right");
}

function roomOf(reason: string): string | undefined {
  if (/no space|not enough space|quota/i.test(reason)) return "free some space";
  return /file too large/i.test(reason) ? "allow larger files (ulimit -f)" : undefined;
}

/** The message without the path, which is told anyway. */
function reasonOf(error: unknown): string {
  return (error as Error).message.replace(/(?<=\(os error \d+\)): .*$/s, "");
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
      for (const part of partsOf(content)) writeAll(file, part);
      file.syncDataSync();
    }
    Deno.renameSync(partial, path);
  } catch (error) {
    removeQuietly(partial);
    throw new WriteError(path, error);
  }
}

/** Writes all bytes to an open file: a call of the system may take only some of them. */
export function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
}

/**
 * Does something for the sake of a file.
 *
 * @throws {WriteError} when that fails: then the file cannot be written.
 */
export function writing<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
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
  writing(path, () => Deno.mkdirSync(path, { recursive: true }));
}

/** Writes a file into a folder, by name. */
export type WriteInto = (name: string, content: Parameters<typeof writeFile>[1]) => void;

/**
 * Fills a folder that is new or empty: with all that is to be written, or with nothing, and then it is not made either.
 *
 * @param path The folder.
 * @param fill Writes its files by the function that it is given.
 * @returns What `fill` does.
 * @throws {WriteError} when it cannot be made or written, and what else `fill` throws.
 */
export async function fillFolder<T>(path: string, fill: (write: WriteInto) => T | Promise<T>): Promise<T> {
  const made = missingOf(path);
  const written: string[] = [];
  try {
    makeFolder(path);
    return await fill((name, content) => {
      writeFile(`${path}/${name}`, content);
      written.push(`${path}/${name}`);
    });
  } catch (error) {
    // Folders last, and only empty ones: another process may have made something in them meanwhile.
    for (const one of [...written, ...made]) removeOne(one);
    throw error;
  }
}

/** Name of the file that {@linkcode checkWritable} makes: it is there only when a process was killed in doing so. */
export const probeFile = ".seven.partial";

/**
 * Checks that files can be made in a folder, or where the folder would be made, by making one and removing it.
 *
 * @throws {WriteError} when none can be.
 */
export function checkWritable(path: string): void {
  const missing = missingOf(path).at(-1);
  const probe = `${missing === undefined ? path : dirname(missing)}/${probeFile}`;
  try {
    Deno.openSync(probe, { write: true, create: true }).close();
    Deno.removeSync(probe);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound && isThere(dirname(probe))) return; // another process looked too
    throw new WriteError(path, error);
  }
}

/** Folders on the way to a path that are not there, from the inmost. */
function missingOf(path: string): string[] {
  const missing: string[] = [];
  for (let at = path; !isThere(at); at = dirname(at)) missing.push(at);
  return missing;
}

function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}

/** Removes a file or an empty folder, if it is there. */
function removeOne(path: string): void {
  try {
    Deno.removeSync(path);
  } catch { /* is not there, or not empty */ }
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

/** Whether a file is there. */
export function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
