/**
 * Run folders. A folder is written beside its place under a hidden name and put there by one rename when it is complete,
 * so that what lies at its place is always a whole run or what was there before.
 *
 * @module
 */
import { UsageError } from "./errors.ts";
import { stat } from "./folder.ts";

/** A run folder that is being written. Release it with `using`: unless it was committed, nothing of it stays. */
export interface RunFolder extends Disposable {
  /** Where files are written now. */
  readonly staging: string;
  /** Creates a folder in it, for one of several runs. */
  inner(name: string): void;
  /** Puts the folder in its place. */
  commit(): void;
}

/**
 * Checks that a run folder can be written: its place is free, or an empty folder.
 *
 * @param path Its place.
 * @throws {UsageError} when something lies there.
 */
export async function checkPlace(path: string): Promise<void> {
  const info = await stat("--out", path);
  if (!info) return;
  if (!info.isDirectory) throw new UsageError(`--out ${path}: there is a file of this name; name a new folder`);
  for await (const _ of Deno.readDir(path)) {
    throw new UsageError(`--out ${path}: the folder is not empty, and runs are never overwritten; name a new folder`);
  }
}

/**
 * Begins a run folder.
 *
 * @param path Its place.
 * @throws {UsageError} when something lies there, or nothing can be written beside it.
 */
export async function openRunFolder(path: string): Promise<RunFolder> {
  await checkPlace(path);
  const place = path.replace(/(?<=.)\/+$/, "");
  const cut = place.lastIndexOf("/") + 1;
  const parent = place.slice(0, cut) || "./";
  let staging: string;
  try {
    Deno.mkdirSync(parent, { recursive: true });
    staging = Deno.makeTempDirSync({ dir: parent, prefix: `.${place.slice(cut)}.`, suffix: ".partial" });
    Deno.chmodSync(staging, 0o755);
  } catch (error) {
    throw new UsageError(`--out ${path}: cannot be written (${(error as Error).message}); name another folder`, {
      cause: error,
    });
  }
  let committed = false;
  return {
    staging,
    inner: (name) => Deno.mkdirSync(`${staging}/${name}`),
    commit: () => {
      Deno.renameSync(staging, place); // replaces an empty folder, and refuses any other
      committed = true;
    },
    [Symbol.dispose]: () => {
      if (!committed) Deno.removeSync(staging, { recursive: true });
    },
  };
}
