/**
 * Finished cells put together by task, setting, sparsity and method, and methods against each other.
 *
 * @module
 */
import { metricNamed, taskNamed, tasks } from "../../../models/mod.ts";
import type { Choice, Finished } from "./results.ts";
import { type Paired, paired, type Spread, spreadOf } from "./statistics.ts";

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
  /** Name of the method, with its setting where settings are compared like methods. */
  readonly method: string;
  /** The sparsity that was asked for. */
  readonly sparsity: number;
  /** Its values over seeds. */
  readonly spread: Spread;
  /** Its values on held-out rows over seeds, where all its runs looked at some. */
  readonly heldOut?: Spread;
  /** How its setting was found, where one of several was. */
  readonly choice?: Choice;
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

/** Puts finished cells together, in the order in which they were planned. */
export function groupsOf(finished: readonly Finished[]): Group[] {
  const groups = Map.groupBy(
    finished,
    ({ task, setting, record }) => JSON.stringify([task, setting, record.result.metric]),
  );
  return [...groups.values()].map((cells) => {
    const [{ task, setting, record: { result: { metric } } }] = cells as [Finished];
    const methods = [...new Set(cells.map(({ label }) => label))];
    const rows = [...Map.groupBy(cells, ({ sparsity, label }) => JSON.stringify([sparsity, label])).values()]
      .map((cells): Row => {
        const [{ sparsity, label: method, choice }] = cells as [Finished];
        const values = new Map(cells.map(({ record, pruned }) => [record.seed, pruned]));
        const heldOut = cells.flatMap(({ heldOut }) => heldOut ?? []);
        return {
          method,
          sparsity,
          values,
          spread: spreadOf([...values.values()]),
          ...(heldOut.length === cells.length ? { heldOut: spreadOf(heldOut) } : {}),
          ...(choice ? { choice } : {}),
        };
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
export function greaterIsBetter(task: string, metric: string): boolean {
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
