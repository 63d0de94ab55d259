/**
 * What becomes of settings in a report: tables of their own, rows like methods, or a choice by held-out rows.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { greaterIsBetter } from "./groups.ts";
import type { Finished } from "./results.ts";
import { spreadOf } from "./statistics.ts";

/** Ways to report on settings. */
export const settingsKinds = ["tables", "rows", "tuned"] as const;

/** A way to report on settings. */
export type SettingsKind = typeof settingsKinds[number];

/**
 * Finished cells as they are reported.
 *
 * @param finished The cells.
 * @param kind `tables`: a table for every setting; `rows`: a row for every setting, called by what most cells do not
 * have; `tuned`: of the settings of a method at a sparsity, the one that is best on held-out training rows, and of each
 * of its runs the state that is.
 * @throws {UsageError} when there are settings to choose from and a run that did not look at held-out rows.
 */
export function withSettings(finished: readonly Finished[], kind: SettingsKind): readonly Finished[] {
  switch (kind) {
    case "tables":
      return finished;
    case "rows":
      return [...Map.groupBy(finished, ({ task }) => task).values()].flatMap(asRows);
    case "tuned": {
      const rows = Map.groupBy(finished, ({ task, label, sparsity }) => JSON.stringify([task, label, sparsity]));
      const chosen = new Map([...rows.values()].flatMap(tuned).map((one) => [one.cell.id, one]));
      // In the order in which they were planned.
      return finished.flatMap(({ cell }) => chosen.get(cell.id) ?? []);
    }
  }
}

/** Cells of one task, each called by its setting; by the method too where there are several. */
function asRows(cells: readonly Finished[]): Finished[] {
  const single = new Set(cells.map(({ label }) => label)).size === 1;
  return cells.map((one) => {
    const { label: method, unusual } = one;
    const label = unusual === "" ? method : single ? unusual : `${method}, ${unusual}`;
    return { ...one, setting: "", label };
  });
}

/** The cells of the setting with the best mean on held-out rows, of those that most seeds have finished. */
function tuned(cells: readonly Finished[]): Finished[] {
  const settings = [...Map.groupBy(cells, ({ setting }) => setting)];
  const blind = settings.length > 1 ? cells.find(({ heldOut }) => heldOut === undefined) : undefined;
  if (blind) {
    const { cell: { index }, record: { method } } = blind;
    throw new UsageError(
      `--settings tuned: cell ${index} (${method}) did not look at held-out rows; plan it with "validateEvery"`,
    );
  }
  const seeds = Math.max(...settings.map(([, { length }]) => length));
  const [first, ...others] = settings.filter(([, { length }]) => length === seeds);
  const [{ task, record: { result: { metric } } }] = cells as [Finished];
  const sign = greaterIsBetter(task, metric) ? 1 : -1;
  const worth = (cells: readonly Finished[]): number => sign * spreadOf(cells.map(({ heldOut }) => heldOut ?? 0)).mean;
  const [setting, best] = others.reduce((a, b) => worth(b[1]) > worth(a[1]) ? b : a, first!);
  return best.map((one) => ({
    ...one,
    setting: "",
    pruned: one.record.result.best?.pruned ?? one.pruned,
    choice: { setting, of: settings.length },
  }));
}
