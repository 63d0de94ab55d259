/**
 * Run folders: where they may be, and the recipe that makes one again.
 *
 * @module
 */
import { CheckpointError } from "../../models/mod.ts";
import { UsageError } from "./errors.ts";
import { stat } from "./folder.ts";
import type { PruneOptions } from "./options.ts";
import { checkWritable, fillFolder, isFile, jsonText, makeFolder, probeFile, WriteError } from "./write.ts";
import { RunStore } from "./store.ts";

/** Name of the file with everything that it takes to repeat or continue a run. */
export const recipeFile = "recipe.json";

/** `recipe.json`. */
export interface Recipe {
  /** Number of this layout. */
  readonly schema: 1;
  /** Everything that was asked for, defaults filled in. */
  readonly options: PruneOptions;
  /** What ran. */
  readonly versions: Readonly<Record<string, string>>;
}

/**
 * Checks that a run folder can be made: its place is free, or an empty folder, and can be written.
 *
 * @param path Its place.
 * @throws {UsageError} when something lies there, or nothing can be written there; {@linkcode WriteError} when the disk
 * is full.
 */
export async function checkPlace(path: string): Promise<void> {
  const info = await stat("--out", path);
  if (info && !info.isDirectory) throw new UsageError(`--out ${path}: there is a file of this name; name a new folder`);
  if (info) await checkEmpty(path);
  try {
    checkWritable(path);
  } catch (error) {
    throw unusable(path, error);
  }
}

async function checkEmpty(path: string): Promise<void> {
  for await (const { name } of Deno.readDir(path)) {
    if (name === `${recipeFile}.partial` || name === probeFile) continue; // of a process that was killed before it began
    const resumable = name === recipeFile ? "; --resume goes on with a run that was interrupted" : "";
    throw new UsageError(
      `--out ${path}: the folder is not empty, and runs are never overwritten; name a new folder${resumable}`,
    );
  }
}

/**
 * Makes a run folder, or leaves everything as it was.
 *
 * @param path Its place.
 * @param recipe What is to run.
 * @throws {UsageError} when something lies there, or nothing can be written there; {@linkcode WriteError} when the disk
 * is full.
 */
export async function makeRunFolder(path: string, recipe: Recipe): Promise<void> {
  await checkPlace(path);
  try {
    await fillFolder(path, (write) => write(recipeFile, jsonText(recipe)));
  } catch (error) {
    throw unusable(path, error);
  }
}

/** What `--out` cannot be: another folder would do, unless it is for want of room. */
export function unusable(path: string, error: unknown): unknown {
  if (!(error instanceof WriteError) || error.lacksRoom) return error;
  return new UsageError(`--out ${path}: cannot be written (${error.reason}); name another folder`, { cause: error });
}

/**
 * Checks that a run can go on in its folders, before anything runs.
 *
 * @param path The folder that was named.
 * @param folders All that it writes to.
 * @throws {UsageError} when one cannot be written, {@linkcode WriteError} when the disk is full.
 */
export function checkResumable(path: string, folders: readonly string[]): void {
  for (const folder of folders) {
    try {
      checkWritable(folder);
    } catch (error) {
      if (!(error instanceof WriteError) || error.lacksRoom) throw error;
      const { message } = error.withNext(goOn(path));
      throw new UsageError(`--resume ${message}`, { cause: error });
    }
  }
}

/** What to do with a run that ended before its end. */
export function goOn(path: string): string {
  return `go on with --resume ${path}`;
}

/** The folder of each method's run. */
export function foldersOf(out: string, { method }: Pick<PruneOptions, "method">): string[] {
  return method.length === 1 ? [out] : method.map((name) => `${out}/${name}`);
}

/** Whether a run can go on there: it has a recipe. */
export function canGoOn(path: string): boolean {
  return isFile(`${path}/${recipeFile}`);
}

/**
 * Reads the recipe of a run that is to go on.
 *
 * @param path Its folder.
 * @throws {UsageError} when there is none, {@linkcode CheckpointError} when it is damaged.
 */
export async function readRecipe(path: string): Promise<Recipe> {
  const file = `${path}/${recipeFile}`;
  let bytes: Uint8Array;
  try {
    bytes = await Deno.readFile(file);
  } catch (error) {
    throw new UsageError(`--resume ${path}: there is no ${recipeFile}; name the folder of a run`, { cause: error });
  }
  try {
    const recipe = JSON.parse(new TextDecoder().decode(bytes)) as Recipe;
    if (recipe.schema === 1 && typeof recipe.options === "object") return recipe;
  } catch (error) {
    throw new CheckpointError(`${file}: no JSON (${(error as Error).message}); begin the run anew`, { cause: error });
  }
  throw new CheckpointError(`${file}: is no recipe of this version; begin the run anew`);
}

/** The store of a run in its folder, which is made where it is missing. */
export function storeAt(path: string): RunStore {
  makeFolder(path);
  return new RunStore(path);
}
