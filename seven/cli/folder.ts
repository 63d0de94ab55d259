/**
 * Folders on disk.
 *
 * @module
 */
import type { Folder } from "../../models/mod.ts";
import { openOnDisk } from "./disk.ts";
import { UsageError } from "./errors.ts";

/**
 * A folder on disk, for reading.
 *
 * @param option The option that names it, for errors.
 * @param path Where it is.
 * @throws {UsageError} when there is no such folder; its functions throw one when a file cannot be read.
 */
export async function diskFolder(option: string, path: string): Promise<Folder> {
  const info = await stat(option, path);
  if (!info?.isDirectory) {
    throw new UsageError(`${option} ${path}: there is no such folder; give the path of an existing one`);
  }
  const name = path.replace(/(?<=.)\/+$/, "");
  const failed = (file: string, error: unknown): UsageError =>
    new UsageError(`${option} ${name}/${file}: cannot be read (${(error as Error).message})`, { cause: error });
  return {
    name,
    exists: async (file) => (await stat(option, `${name}/${file}`))?.isFile === true,
    read: async (file) => {
      try {
        return await Deno.readFile(`${name}/${file}`);
      } catch (error) {
        throw failed(file, error);
      }
    },
    list: async (path) => {
      try {
        const entries = await Array.fromAsync(Deno.readDir(`${name}/${path}`));
        return await Promise.all(entries.map(async (entry) => {
          const info = entry.isSymlink ? await stat(option, `${name}/${path}/${entry.name}`) : entry;
          return entry.name + (info?.isDirectory ? "/" : "");
        }));
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return [];
        throw failed(path, error);
      }
    },
    open: async (file) => {
      try {
        return openOnDisk(await Deno.open(`${name}/${file}`));
      } catch (error) {
        throw failed(file, error);
      }
    },
  };
}

/** What is known about a path, or `undefined` when there is nothing. */
export async function stat(option: string, path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw new UsageError(`${option} ${path}: cannot be looked at (${(error as Error).message})`, { cause: error });
  }
}
