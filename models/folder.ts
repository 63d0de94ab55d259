/**
 * A folder of files, as much of it as loading needs. Models open no files themselves: who loads one brings a folder
 * on disk, behind a URL or in memory.
 *
 * @module
 */

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
    read: (path) => {
      if (!Object.hasOwn(files, path)) return Promise.reject(new Error(`${name}/${path}: no such file`));
      const content = files[path];
      return Promise.resolve(typeof content === "string" ? new TextEncoder().encode(content) : content);
    },
  };
}
