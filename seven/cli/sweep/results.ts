/**
 * What the finished cells of a sweep have come to, put together by task, setting, sparsity and method.
 *
 * @module
 */
import { metricNamed, taskNamed, tasks } from "../../../models/mod.ts";
import { readRecord, type RunRecord } from "../record.ts";
import { canonicalJson, type Cell, type Sweep, textOf } from "./cells.ts";
import { placesOf } from "./places.ts";
import { type Paired, paired, type Spread, spreadOf } from "./statistics.ts";

/** A finished cell. */
export interface Finished {
  /** As it was planned. */
  readonly cell: Cell;
  /** What it came to. */
  readonly record: RunRecord;
  /** Name of the task, or the file that describes it. */
  readonly task: string;
  /** Other options in which cells of one task and method differ; empty where there are none. */
  readonly setting: string;
  /** The sparsity that was asked for. */
  readonly sparsity: number;
}

/** Finished cells that a table has together: those of one task, and of one setting where these differ. */
export interface Group {
  /** Name of the task, or the file that describes it. */
  readonly task: string;
  /** The setting; empty where there is one only. */
  readonly setting: string;
  /** Name of the metric. */
  readonly metric: string;
  /** Whether more of it is better. */
  readonly greaterIsBetter: boolean;
  /** Its cells, in the order in which they were planned. */
  readonly cells: readonly Finished[];
  /** The metric before pruning, over seeds. */
  readonly dense: Spread;
  /** By sparsity, then by method in the order of the cells. */
  readonly rows: readonly Row[];
}

/** A method at a sparsity. */
export interface Row {
  /** Name of the method. */
  readonly method: string;
  /** The sparsity that was asked for. */
  readonly sparsity: number;
  /** Its values over seeds. */
  readonly spread: Spread;
  /** Its values by seed. */
  readonly values: ReadonlyMap<number, number>;
}

/** A method against a baseline at a sparsity. */
export interface Pairing extends Paired {
  /** Name of the method. */
  readonly method: string;
  /** Name of the baseline. */
  readonly baseline: string;
  /** The sparsity that was asked of both. */
  readonly sparsity: number;
}

/** Options that tell cells apart by themselves, and those that do not change what comes out. */
const noSetting = ["method", "sparsity", "seed", "task", "preset", "quiet", "logEvery", "saveEvery", "evalBatch"];

/** Reads the records of all cells that are finished. */
export function finishedOf(folder: string, { cells }: Sweep): Finished[] {
  const { run } = placesOf(folder);
  const known = cells.flatMap((cell): Known[] => {
    const record = readRecord(run(cell.id));
    return record ? [{ cell, record }] : [];
  });
  const byTask = Map.groupBy(known, taskOf);
  const names = new Map([...byTask].map(([task, known]) => [task, settingNames(known)]));
  return known.map((one): Finished => {
    const task = taskOf(one);
    const setting = names.get(task)!.flatMap((name) => {
      const value = valueOf(name, one);
      return value === undefined ? [] : [`${name} ${textOf(value)}`];
    });
    return { ...one, task, setting: setting.join(", "), sparsity: one.record.options.sparsity };
  });
}

type Known = Pick<Finished, "cell" | "record">;

/** As it was written: the run itself has an absolute path. */
function taskOf({ cell: { options }, record }: Known): string {
  return typeof options.task === "string" ? options.task : record.options.task;
}

/** What was written goes before what ran by it, where a path became absolute. */
function valueOf(name: string, { cell, record }: Known): unknown {
  const ran = (record.options as unknown as Readonly<Record<string, unknown>>)[name];
  return name === "model" || name === "data" ? cell.options[name] ?? ran : ran ?? cell.options[name];
}

/**
 * Options that were written down and vary among the cells of a method, all of one task: what follows from the task and
 * the method is no setting.
 */
function settingNames(known: readonly Known[]): string[] {
  const names = new Set(known.flatMap(({ cell }) => Object.keys(cell.options)));
  const byMethod = [...Map.groupBy(known, ({ record }) => record.method).values()];
  return [...names].filter((name) =>
    !noSetting.includes(name) &&
    byMethod.some((cells) => new Set(cells.map((one) => canonicalJson(valueOf(name, one) ?? null))).size > 1)
  );
}

/** Puts finished cells together, in the order in which they were planned. */
export function groupsOf(finished: readonly Finished[]): Group[] {
  const groups = Map.groupBy(
    finished,
    ({ task, setting, record }) => JSON.stringify([task, setting, record.result.metric]),
  );
  return [...groups.values()].map((cells) => {
    const [{ task, setting, record: { result: { metric } } }] = cells as [Finished];
    const methods = [...new Set(cells.map(({ record }) => record.method))];
    const rows = [...Map.groupBy(cells, ({ sparsity, record }) => JSON.stringify([sparsity, record.method])).values()]
      .map((cells): Row => {
        const [{ sparsity, record: { method } }] = cells as [Finished];
        const values = new Map(cells.map(({ record }) => [record.seed, record.result.pruned]));
        return { method, sparsity, values, spread: spreadOf([...values.values()]) };
      })
      .sort((a, b) => a.sparsity - b.sparsity || methods.indexOf(a.method) - methods.indexOf(b.method));
    const denseBySeed = new Map(cells.map(({ record }) => [record.seed, record.result.dense]));
    return {
      task,
      setting,
      metric,
      greaterIsBetter: greaterIsBetter(task, metric),
      cells,
      dense: spreadOf([...denseBySeed.values()]),
      rows,
    };
  });
}

/** Exact match has no record of its own; like all that is not a loss, more of it is better. */
function greaterIsBetter(task: string, metric: string): boolean {
  const isSpan = Object.hasOwn(tasks, task) && taskNamed(task).head === "span";
  return isSpan || metric === "exact_match" || metricNamed(metric).greaterIsBetter;
}

/** Every other method against a baseline at every sparsity that both have. */
export function pairingsOf({ rows, greaterIsBetter }: Group, baseline: string): Pairing[] {
  return rows.flatMap(({ method, sparsity, values }) => {
    const base = rows.find((row) => row.method === baseline && row.sparsity === sparsity);
    if (method === baseline || !base) return [];
    const pair = paired(values, base.values, greaterIsBetter);
    return pair ? [{ method, baseline, sparsity, ...pair }] : [];
  });
}
