/**
 * Tasks on the command line: by name, or by a file of the user's own.
 *
 * @module
 */
import { customTask, DataError, type Task, taskNamed, tasks } from "../../models/mod.ts";
import { UsageError } from "./errors.ts";

/**
 * The task of that name, or of that file.
 *
 * @param text A name, or the path of a JSON file that describes a task.
 * @throws {UsageError} when there is no such task or file, {@linkcode DataError} when the file is no task.
 */
export async function findTask(text: string): Promise<Task> {
  if (!text.endsWith(".json")) {
    if (Object.hasOwn(tasks, text)) return taskNamed(text);
    throw new UsageError(
      `--task ${text}: there is no task of this name; the command tasks lists them, or give a JSON file that describes one`,
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(await Deno.readTextFile(text));
  } catch (error) {
    if (!(error instanceof SyntaxError)) {
      throw new UsageError(`--task ${text}: cannot be read (${(error as Error).message})`, { cause: error });
    }
    throw new DataError(`${text}: no JSON (${error.message})`, { cause: error });
  }
  return customTask(json, text);
}

/**
 * Checks that data are named for a task that needs them, and only for one.
 *
 * @throws {UsageError} naming the option that is missing or surplus.
 */
export function checkData({ name, needsFolder }: Task, data: string | undefined): void {
  if (needsFolder && data === undefined) {
    throw new UsageError(`--task ${name}: the data of this task lie in a folder; name it with --data`);
  }
  if (!needsFolder && data !== undefined) {
    throw new UsageError(
      `--data ${data}: the data of task ${name} are generated; leave out --data or give another --task`,
    );
  }
}
