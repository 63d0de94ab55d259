/**
 * Tasks by name: data, and the metric by which a model is judged on them.
 *
 * @module
 */

import type { Dataset } from "./data/dataset.ts";
import { digits } from "./data/digits.ts";
import { DataError } from "./data/error.ts";
import { loadMnist } from "./data/mnist.ts";
import type { Folder } from "./folder.ts";

/** A task. Adding one is adding a record. */
export interface Task {
  /** Name on the command line and in records. */
  readonly name: string;
  /** One line for people. */
  readonly description: string;
  /** Name of the metric in records; greater is better. */
  readonly metric: "accuracy";
  /** Whether the data come from a folder. */
  readonly needsFolder: boolean;
  /**
   * Loads the data, not yet preprocessed.
   *
   * @param folder Where they are, for a task that needs a folder.
   * @throws {DataError} when the folder is missing or surplus, or what is in it is damaged.
   */
  load(folder?: Folder): Promise<Dataset>;
}

/** A task whose data are generated. */
function generated(name: string, description: string, make: () => Dataset): Task {
  return {
    name,
    description,
    metric: "accuracy",
    needsFolder: false,
    load: (folder) =>
      folder
        ? Promise.reject(new DataError(`${folder.name}: the data of task ${name} are generated; give no folder`))
        : Promise.resolve(make()),
  };
}

/** A task whose data lie in a folder. */
function fromFolder(name: string, description: string, load: (folder: Folder) => Promise<Dataset>): Task {
  return {
    name,
    description,
    metric: "accuracy",
    needsFolder: true,
    load: (folder) =>
      folder ? load(folder) : Promise.reject(new DataError(`task ${name} needs data; give the folder that holds them`)),
  };
}

/** All tasks, by name. */
export const tasks: Readonly<Record<string, Task>> = {
  digits: generated("digits", "noisy seven-segment digits, generated, 16 x 16 grey pixels, 10 classes", () => digits()),
  mnist: fromFolder("mnist", "handwritten digits, 28 x 28 grey pixels, 10 classes (four IDX files)", loadMnist),
};

/**
 * The task of that name.
 *
 * @param name The name.
 * @returns The task.
 * @throws {DataError} when there is none; the message lists those that there are.
 */
export function taskNamed(name: string): Task {
  if (!Object.hasOwn(tasks, name)) {
    throw new DataError(`task "${name}" is not known; there are ${Object.keys(tasks).join(", ")}`);
  }
  return tasks[name];
}
