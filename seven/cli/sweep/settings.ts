/**
 * Settings: options other than method, sparsity, seed and task in which the cells of a sweep differ.
 *
 * @module
 */
import type { RunRecord } from "../record.ts";
import { canonicalJson, type Cell, textOf } from "./cells.ts";

/** A cell with the record of its run. */
export interface Known {
  /** As it was planned. */
  readonly cell: Cell;
  /** What it came to. */
  readonly record: RunRecord;
}

/** The setting of a cell as text: all of it, and what in it most cells do not have. */
export interface Setting {
  readonly setting: string;
  readonly unusual: string;
}

/** Options that tell cells apart by themselves, and those that do not change what comes out. */
const noSetting = ["method", "sparsity", "seed", "task", "preset", "quiet", "logEvery", "saveEvery", "evalBatch"];

/** What tells the setting of a cell, of these finished cells of one task. */
export function settingsOf(known: readonly Known[]): (one: Known) => Setting {
  const names = settingNames(known);
  const usual = new Map(names.map((name) => [name, usualValue(known.map((one) => valueOf(name, one)))]));
  return (one) => {
    const text = (names: readonly string[]): string =>
      names.flatMap((name) => {
        const value = valueOf(name, one);
        return value === undefined ? [] : [`${name} ${textOf(value)}`];
      }).join(", ");
    return {
      setting: text(names),
      unusual: text(names.filter((name) => canonical(valueOf(name, one)) !== usual.get(name))),
    };
  };
}

/**
 * Options that were written down and vary among the cells of a method, all of one task: what follows from the task and
 * the method is no setting.
 */
function settingNames(known: readonly Known[]): string[] {
  const names = new Set(known.flatMap(({ cell }) => Object.keys(cell.options)));
  const byMethod = [...Map.groupBy(known, ({ record }) => record.method).values()];
  return [...names].filter((name) =>
    !noSetting.includes(name) && !(name === "model" && isOneBySeed(known)) &&
    byMethod.some((cells) => new Set(cells.map((one) => canonical(valueOf(name, one)))).size > 1)
  );
}

/** Whether every seed has a model of its own: one that was trained by it. */
function isOneBySeed(known: readonly Known[]): boolean {
  const number = (of: (one: Known) => unknown): number => new Set(known.map((one) => canonical(of(one)))).size;
  const seedOf = ({ record }: Known): number => record.seed;
  const modelOf = (one: Known): unknown => valueOf("model", one);
  const pairs = number((one) => [seedOf(one), modelOf(one) ?? null]);
  return pairs === number(seedOf) && pairs === number(modelOf);
}

/** The value that more than half of the cells have, as canonical JSON. */
function usualValue(values: readonly unknown[]): string | undefined {
  const counts = Map.groupBy(values.map(canonical), (text) => text);
  return [...counts].find(([, { length }]) => 2 * length > values.length)?.[0];
}

/** What was written goes before what ran by it, where a path became absolute. */
function valueOf(name: string, { cell, record }: Known): unknown {
  const ran = (record.options as unknown as Readonly<Record<string, unknown>>)[name];
  return name === "model" || name === "data" ? cell.options[name] ?? ran : ran ?? cell.options[name];
}

function canonical(value: unknown): string {
  return canonicalJson(value ?? null);
}
