/**
 * Tasks by name.
 *
 * @module
 */
import { DataError } from "./data/error.ts";
import type { Task } from "./task.ts";
import { digitCaptionsTask } from "./tasks/captions.ts";
import { cifar100Task, cifar10Task, digitsTask, mnistTask } from "./tasks/images.ts";
import { imageFolderTask, imagenetTask } from "./tasks/pictures.ts";
import { squadV1, squadV2 } from "./tasks/squad.ts";
import { textTask } from "./tasks/texts.ts";
import { customTask as parseCustomTask } from "./text/custom_task.ts";
import { glueTasks } from "./text/glue.ts";

/** All tasks, by name. */
export const tasks: Readonly<Record<string, Task>> = Object.fromEntries(
  [
    digitsTask,
    digitCaptionsTask,
    mnistTask,
    cifar10Task,
    cifar100Task,
    imagenetTask,
    imageFolderTask,
    ...Object.values(glueTasks).map(textTask),
    squadV1,
    squadV2,
  ].map((task) => [task.name, task]),
);

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

/**
 * A task of the user's own.
 *
 * @param json Its description, see {@linkcode CustomTask}.
 * @param label Name of the file, for errors.
 * @returns The task.
 * @throws {DataError} that lists every fault in one line.
 */
export function customTask(json: unknown, label: string): Task {
  return textTask(parseCustomTask(json, label));
}
