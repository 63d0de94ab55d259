/**
 * The command `sweep status`: how far a sweep is.
 *
 * @module
 */
import type { Io } from "../io.ts";
import { readRecord } from "../record.ts";
import { recipeFile } from "../run_folder.ts";
import { table } from "../table.ts";
import { isFile, readJson } from "../write.ts";
import type { Failure } from "./cell.ts";
import { type Cell, describer, readSweep, type Sweep } from "./cells.ts";
import { lockAge, staleAfter } from "./lock.ts";
import { folderOf, type Places, placesOf } from "./places.ts";
import { rangesOf } from "./ranges.ts";

/** How far a cell is. */
export type CellState = "finished" | "running" | "failed" | "unfinished" | "missing";

/** All states, and what they mean. */
const states: Readonly<Record<CellState, string>> = {
  finished: "their runs are whole",
  running: "a process has their lock",
  failed: "their last run failed",
  unfinished: "begun, stopped, and able to go on",
  missing: "not begun",
};

/** Tells how far a cell is. A lock without a sign of life counts for nothing. */
export function stateOf(places: Places, id: string): CellState {
  if (readRecord(places.run(id))) return "finished";
  const age = lockAge(places.lock(id));
  if (age !== undefined && age < staleAfter) return "running";
  if (isFile(places.failure(id))) return "failed";
  return isFile(`${places.run(id)}/${recipeFile}`) ? "unfinished" : "missing";
}

/** Cells that are neither finished nor being run, in their order. */
export function cellsToRun(folder: string, { cells }: Sweep): Cell[] {
  const places = placesOf(folder);
  return cells.filter(({ id }) => ["failed", "unfinished", "missing"].includes(stateOf(places, id)));
}

/**
 * Tells how far a sweep is.
 *
 * @param path Its folder.
 * @param options Whether as JSON.
 * @param io Where results go.
 * @throws {UsageError} when it is no folder of a sweep.
 */
export function statusCommand(path: string, { json = false }: { readonly json?: boolean }, io: Io): void {
  const folder = folderOf(path);
  const { cells } = readSweep(folder);
  const places = placesOf(folder);
  const describe = describer(cells);
  const known = cells.map(({ index, id, options }) => {
    const state = stateOf(places, id);
    const error = state === "failed" ? readJson<Failure>(places.failure(id))?.message : undefined;
    return { index, id, state, cell: describe(options), ...(error === undefined ? {} : { error }) };
  });
  const names = Object.keys(states) as CellState[];
  const of = (state: CellState) => known.filter((cell) => cell.state === state);
  const open = known.filter(({ state }) => state !== "finished" && state !== "running");
  const array = rangesOf(open.map(({ index }) => index));
  if (json) {
    const counts = Object.fromEntries(names.map((state) => [state, of(state).length]));
    return io.out(JSON.stringify({ cells: known.length, ...counts, array, list: known }, null, 2));
  }
  const rows = names.filter((state) => of(state).length > 0).map((state) => {
    const indices = of(state).map(({ index }) => index);
    return [state, `${indices.length}`, rangesOf(indices), states[state]] as const;
  });
  for (const line of table([["", "cells", "which", ""], ...rows], "left")) io.out(line);
  for (const { index, cell, error } of of("failed")) io.out(`cell ${index} (${cell}): ${error ?? "failed"}`);
  io.out(array === "" ? `nothing is left to run of ${known.length} cells` : `to run: --array=${array}`);
}
