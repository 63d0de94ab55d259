/**
 * What the finished cells of a sweep have come to.
 *
 * @module
 */
import { readRecord } from "../record.ts";
import type { Sweep } from "./cells.ts";
import { placesOf } from "./places.ts";
import { type Known, settingsOf } from "./settings.ts";

/** A finished cell. */
export interface Finished extends Known {
  /** Name of the task, or the file that describes it. */
  readonly task: string;
  /** Other options in which cells of one task and method differ; empty where there are none. */
  readonly setting: string;
  /** Those of them in which it differs from most cells of the task. */
  readonly unusual: string;
  /** What its row is called: the method, and more where settings are compared like methods. */
  readonly label: string;
  /** The sparsity that was asked for. */
  readonly sparsity: number;
  /** The metric after pruning, of the state that is reported. */
  readonly pruned: number;
  /** The metric of the best state on held-out training rows, of runs that look at some. */
  readonly heldOut?: number;
  /** How its setting was found, where one of several was. */
  readonly choice?: Choice;
}

/** The setting that was found best on held-out rows. */
export interface Choice {
  /** The setting. */
  readonly setting: string;
  /** How many settings there were. */
  readonly of: number;
}

/** Reads the records of all cells that are finished. */
export function finishedOf(folder: string, { cells }: Sweep): Finished[] {
  const { run } = placesOf(folder);
  const known = cells.flatMap((cell): Known[] => {
    const record = readRecord(run(cell.id));
    return record ? [{ cell, record }] : [];
  });
  const byTask = Map.groupBy(known, taskOf);
  const settings = new Map([...byTask].map(([task, known]) => [task, settingsOf(known)]));
  return known.map((one): Finished => {
    const { method, options, result: { metric, pruned, best } } = one.record;
    const task = taskOf(one);
    const heldOut = best?.validation[metric];
    return {
      ...one,
      task,
      ...settings.get(task)!(one),
      label: method,
      sparsity: options.sparsity,
      pruned,
      ...(heldOut === undefined ? {} : { heldOut }),
    };
  });
}

/** As it was written: the run itself has an absolute path. */
function taskOf({ cell: { options }, record }: Known): string {
  return typeof options.task === "string" ? options.task : record.options.task;
}
