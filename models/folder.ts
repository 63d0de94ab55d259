/**
 * A folder of files, as much of it as loading needs. Models open no files themselves: who loads one brings a folder
 * on disk, behind a URL or in memory.
 *
 * @module
 */

import { type ByteSource, byteSource } from "../engine/mod.ts";

/** An open file; close it with `using`. */
export type OpenFile = ByteSource & Disposable;

/** Files by name. */
export interface Folder {
  /** What to call the folder in errors, such as its path. */
  readonly name: string;
  /**
   * Reads a whole file.
   *
   * @param path Name of the file, relative to the folder.
   */
  read(path: string): Promise<Uint8Array>;
  /**
   * True when there is such a file.
   *
   * @param path Name of the file, relative to the folder.
   */
  exists(path: string): Promise<boolean>;
  /**
   * Opens a file that is to be read in parts, because it may be large; without it files are read as a whole.
   *
   * @param path Name of the file, relative to the folder.
   */
  open?(path: string): Promise<OpenFile>;
  /**
   * Lists what lies directly in a folder, by name; names of folders end in `/`. Empty where there is no such folder.
   *
   * @param path Name of the folder, relative to this one; "" for this one itself.
   */
  list?(path: string): Promise<string[]>;
}

/**
 * Opens a file of any folder: in parts where the folder can do that, else as a whole.
 *
 * @param folder The folder.
 * @param path Name of the file in it.
 * @returns The open file.
 */
export async function openFile(folder: Folder, path: string): Promise<OpenFile> {
  if (folder.open) return await folder.open(path);
  return { ...byteSource(await folder.read(path)), [Symbol.dispose]: () => {} };
}

/**
 * Files in memory as a folder.
 *
 * @param files Content by name: bytes, or text.
 * @param name What to call the folder in errors.
 * @returns The folder.
 */
export function memoryFolder(files: Readonly<Record<string, Uint8Array | string>>, name = "memory"): Folder {
  return {
    name,
    exists: (path) => Promise.resolve(Object.hasOwn(files, path)),
    list: (path) => {
      const prefix = path === "" || path.endsWith("/") ? path : `${path}/`;
      const below = Object.keys(files).filter((file) => file.startsWith(prefix)).map((file) =>
        file.slice(prefix.length)
      );
      return Promise.resolve([...new Set(below.map((file) => file.replace(/(?<=\/).*$/s, "")))]);
    },
    read: (path) => {
      if (!Object.hasOwn(files, path)) return Promise.reject(new Error(`${name}/${path}: no such file`));
      const content = files[path];
      return Promise.resolve(typeof content === "string" ? new TextEncoder().encode(content) : content);
    },
  };
}
