/**
 * The command `sweep cell`: one cell, begun or gone on with, by one process at a time.
 *
 * @module
 */
import { exitCodes, lineOf, UsageError } from "../errors.ts";
import { Interrupted, type Io } from "../io.ts";
import { prune } from "../prune.ts";
import { readRecord, type RunRecord } from "../record.ts";
import { canGoOn } from "../run_folder.ts";
import { jsonText, makeFolder, removeQuietly, WriteError, writeFile } from "../write.ts";
import { type Cell, describer, givenOf, readSweep, type Sweep } from "./cells.ts";
import { takeLock } from "./lock.ts";
import { folderOf, placesOf } from "./places.ts";

/** What `sweep cell` is asked for. */
export interface CellOptions {
  /** Number of the cell; that of the array task or of the indexed job where it is absent. */
  readonly index?: number;
  /** Whether progress is not shown. */
  readonly quiet?: boolean;
}

/** Variables that say which cell a process is for, the first that is there. */
const indexVariables = ["SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX"] as const;

/** What is kept of a cell that failed. */
export interface Failure {
  /** Number of the cell. */
  readonly index: number;
  /** The error in one line. */
  readonly message: string;
  /** When it failed. */
  readonly time: string;
}

/**
 * Runs one cell.
 *
 * @param path Folder of the sweep.
 * @param options What was asked for.
 * @param io Where results and progress go.
 * @throws {UsageError} when there is no such cell; {@linkcode BusyError} when another process runs it;
 * {@linkcode Interrupted} when a signal stopped it; otherwise as `prune`.
 */
export async function cellCommand(path: string, { index, quiet = false }: CellOptions, io: Io): Promise<void> {
  const folder = folderOf(path);
  const sweep = readSweep(folder);
  const cell = cellAt(sweep, index ?? indexOf(Deno.env));
  const outcome = await runCell({ folder, sweep, cell, quiet }, io);
  if (outcome.before) io.out(`cell ${cell.index} (${describer(sweep.cells)(cell.options)}): is finished`);
}

/**
 * The cell's number by the environment.
 *
 * @param env The environment.
 * @throws {UsageError} when it has none, or one that is no number.
 */
export function indexOf(env: Pick<Deno.Env, "get">): number {
  for (const name of indexVariables) {
    let text: string | undefined;
    try {
      text = env.get(name);
    } catch {
      throw new UsageError(`${name}: must not be read; give --index, or let Deno read it with --allow-env=${name}`);
    }
    if (text === undefined) continue;
    if (/^\d{1,9}$/.test(text)) return Number(text);
    throw new UsageError(`${name} is ${JSON.stringify(text)}: no number of a cell; give --index`);
  }
  throw new UsageError(`--index: is missing; give it, or run this as a task of a Slurm array or of an indexed job`);
}

function cellAt({ cells }: Sweep, index: number): Cell {
  const cell = cells[index];
  if (cell) return cell;
  throw new UsageError(`--index ${index}: there is no such cell; they are 0 to ${cells.length - 1}`);
}

/** A cell with where it belongs. */
export interface CellJob {
  /** Folder of the sweep. */
  readonly folder: string;
  /** The list of cells. */
  readonly sweep: Sweep;
  /** The cell. */
  readonly cell: Cell;
  /** Whether progress is not shown. */
  readonly quiet: boolean;
}

/**
 * Runs a cell into its folder: not at all where it is finished, from its last state where it has one.
 *
 * @returns Its record, and whether it was finished before.
 * @throws as {@linkcode cellCommand}. Failures are kept beside the runs until the cell is run again.
 */
export async function runCell(
  { folder, sweep, cell, quiet }: CellJob,
  io: Io,
): Promise<{ readonly record: RunRecord; readonly before: boolean }> {
  const { index, id } = cell;
  const places = placesOf(folder);
  const out = places.run(id), failure = places.failure(id), what = `cell ${index}`;
  const known = readRecord(out);
  if (known) return { record: known, before: true };
  try {
    using lock = await takeLock(places.lock(id), what);
    const meanwhile = readRecord(out);
    if (meanwhile) return { record: meanwhile, before: true };
    const signal = io.signal ? AbortSignal.any([io.signal, lock.lost]) : lock.lost;
    const given = await givenOf(sweep, cell);
    removeQuietly(failure);
    makeFolder(`${folder}/runs`);
    await prune(canGoOn(out) ? { resume: out, quiet } : { ...given, out, quiet }, { ...io, signal });
    const record = readRecord(out);
    if (!record) throw new Error(`${out}: has no record after its run; please report this`);
    return { record, before: false };
  } catch (error) {
    const again = `run cell ${index} of ${folder} again to go on`;
    if (error instanceof Interrupted) throw resumable(error, again);
    const told = error instanceof WriteError ? error.withNext(again) : error;
    keepFailure(folder, failure, { index, message: lineOf(told), time: new Date().toISOString() });
    throw told;
  }
}

/** What stopped the cell may stop this too, and is what is told in any case. */
function keepFailure(folder: string, path: string, failure: Failure): void {
  try {
    makeFolder(`${folder}/failed`);
    writeFile(path, jsonText(failure));
  } catch (error) {
    if (!(error instanceof WriteError)) throw error;
  }
}

/** The same stop with what to do about it here; a lock says that itself. */
function resumable(error: Interrupted, remedy: string): Interrupted {
  return error.constructor === Interrupted ? new Interrupted(error.signal, exitCodes.resumable, remedy) : error;
}
