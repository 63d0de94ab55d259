/**
 * Tables of a sweep for spreadsheets and other programs: numbers in full.
 *
 * @module
 */
import type { Group, Pairing } from "./groups.ts";
import type { Finished } from "./results.ts";
import type { Spread } from "./statistics.ts";

type Value = string | number | undefined;

/** Rows as CSV (RFC 4180, lines end by a line feed); absent values are empty. */
export function csv(rows: readonly (readonly Value[])[]): string {
  return rows.map((row) => `${row.map(field).join(",")}\n`).join("");
}

function field(value: Value): string {
  const text = value === undefined ? "" : `${value}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A row for every method at every sparsity, the dense model first. */
export function resultsCsv(groups: readonly Group[]): string {
  const head = ["task", "setting", "metric", "method", "sparsity", "seeds", "mean", "deviation", "least", "greatest"];
  const rows = groups.flatMap(({ task, setting, metric, dense, rows }) => {
    const cells = ({ count, mean, deviation, least, greatest }: Spread) => [count, mean, deviation, least, greatest];
    return [
      [task, setting, metric, "dense", 0, ...cells(dense), undefined, undefined, undefined],
      ...rows.map((
        { method, sparsity, spread, heldOut, choice },
      ) => [task, setting, metric, method, sparsity, ...cells(spread), heldOut?.mean, choice?.setting, choice?.of]),
    ];
  });
  return csv([[...head, "held_out", "chosen", "settings"], ...rows]);
}

/** A row for every method against every baseline. */
export function pairsCsv(groups: readonly (readonly [Group, readonly Pairing[]])[]): string {
  const head = ["task", "setting", "metric", "method", "baseline", "sparsity", "seeds", "difference", "standard_error"];
  const rows = groups.flatMap(([{ task, setting, metric }, pairings]) =>
    pairings.map(({ method, baseline, sparsity, count, difference, error, wins, losses, ties }) =>
      [task, setting, metric, method, baseline, sparsity, count, difference, error, wins, losses, ties] as const
    )
  );
  return csv([[...head, "wins", "losses", "ties"], ...rows]);
}

/** A row for every finished cell. */
export function cellsCsv(finished: readonly Finished[]): string {
  const head = ["cell", "id", "task", "setting", "method", "sparsity", "seed", "metric", "dense", "pruned", "held_out"];
  const rows = finished.map(({ cell, record, task, setting, sparsity, heldOut }) => {
    const { method, seed, steps, device, result, seconds } = record;
    const { metric, dense, pruned, prunable, kept } = result;
    return [cell.index, cell.id, task, setting, method, sparsity, seed, metric, dense, pruned, heldOut]
      .concat([prunable, kept, steps, device, seconds.pruning]);
  });
  return csv([[...head, "prunable", "kept", "steps", "device", "seconds"], ...rows]);
}
