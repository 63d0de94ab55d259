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

/** Registers a test that needs a folder of the real data. Where the folder is missing, it says so and is ignored. */
export function testWithData(name: string, path: string, test: (folder: Folder) => Promise<void>): void {
  const full = `${root}/${path}`;
  let present = true;
  try {
    present = Deno.statSync(full).isDirectory;
  } catch {
    present = false;
  }
  if (!present) console.warn(`skipped, there is no ${full} (set SEVEN_DATA): ${name}`);
  Deno.test({ name, ignore: !present, fn: () => test(diskFolder(full)) });
}
