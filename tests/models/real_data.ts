/** Access to the real data of the tests: a folder named by SEVEN_DATA, else `shared/data` beside the repository. */

import type { Folder } from "../../models/folder.ts";

const root = Deno.env.get("SEVEN_DATA") ?? new URL("../../../shared/data", import.meta.url).pathname;

/** A folder on disk. */
export function diskFolder(path: string): Folder {
  return {
    name: path,
    read: (file) => Deno.readFile(`${path}/${file}`),
    exists: async (file) => {
      try {
        return (await Deno.stat(`${path}/${file}`)).isFile;
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return false;
        throw error;
      }
    },
  };
}

/** Path of a folder of the real data, or nothing where it is missing. */
export function dataFolder(path: string): string | undefined {
  try {
    return Deno.statSync(`${root}/${path}`).isDirectory ? `${root}/${path}` : undefined;
  } catch {
    return undefined;
  }
}

/** Registers a test that needs a folder of the real data. Where the folder is missing, it says so and is ignored. */
export function testWithData(name: string, path: string, test: (folder: Folder) => Promise<void>): void {
  const full = dataFolder(path);
  if (full === undefined) console.warn(`skipped, there is no ${root}/${path} (set SEVEN_DATA): ${name}`);
  Deno.test({ name, ignore: full === undefined, fn: () => test(diskFolder(full!)) });
}
