/**
 * The command `sweep run`: all cells on this machine.
 *
 * @module
 */
import { exitCodes, lineOf } from "../errors.ts";
import { Interrupted, type Io } from "../io.ts";
import { readRecord, type RunRecord } from "../record.ts";
import { duration, metricText } from "../table.ts";
import { checkWritable, makeFolder } from "../write.ts";
import { runCell } from "./cell.ts";
import { type Cell, describer, readSweep, type Sweep } from "./cells.ts";
import { BusyError } from "./lock.ts";
import { copy, openLog } from "./log.ts";
import { folderOf, placesOf } from "./places.ts";
import { checkMayRun, programLine } from "./program.ts";

/** What `sweep run` is asked for. */
export interface RunOptions {
  /** Cells at a time, each in a process of its own; one runs in this process. */
  readonly jobs?: number;
  /** Whether progress within cells is not shown. */
  readonly quiet?: boolean;
}

/** How a cell ended. */
type Outcome =
  | { readonly kind: "done"; readonly record: RunRecord }
  | { readonly kind: "failed" | "busy" | "stopped"; readonly line: string };

/** Runs one cell. */
type RunOne = (cell: Cell) => Promise<Outcome>;

/**
 * Runs all cells that are not finished, in their order. A cell that fails does not stop the others.
 *
 * @param path Folder of the sweep.
 * @param options What was asked for.
 * @param io Where results and progress go.
 * @throws {Error} when cells failed, {@linkcode Interrupted} when a signal stopped it or cells are run elsewhere,
 * {@linkcode UsageError} when there is no sweep or no process may be started, {@linkcode WriteError} when nothing can be
 * written there.
 */
export async function runCommand(path: string, { jobs = 1, quiet = false }: RunOptions, io: Io): Promise<void> {
  const folder = folderOf(path);
  const sweep = readSweep(folder);
  const { run } = placesOf(folder);
  const { length } = sweep.cells;
  const open = sweep.cells.filter(({ id }) => !readRecord(run(id)));
  const describe = describer(sweep.cells);
  if (jobs > 1) {
    const instead = "--jobs 1 runs the cells one after another in this process";
    await checkMayRun(programLine()[0], `--jobs ${jobs}`, instead);
  }
  if (open.length > 0) checkWritable(folder);
  const runOne = jobs > 1 ? inProcesses(folder, io) : inThisProcess(folder, sweep, quiet, io);
  io.err(`${open.length} of ${length} cells to run`);
  const queue = open.values();
  const outcomes: Outcome[] = [];
  const work = async (): Promise<void> => {
    for (const cell of queue) {
      if (io.signal?.aborted) return;
      const outcome = await runOne(cell);
      outcomes.push(outcome);
      const text = outcome.kind === "done" ? resultText(outcome.record) : `${outcome.kind}: ${outcome.line}`;
      io.err(`[${outcomes.length}/${open.length}] cell ${cell.index} (${describe(cell.options)}): ${text}`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, Math.max(open.length, 1)) }, work));
  const number = (kind: Outcome["kind"]): number => outcomes.filter((outcome) => outcome.kind === kind).length;
  const [done, failed, busy, stopped] = [number("done"), number("failed"), number("busy"), number("stopped")];
  io.out(`${length - open.length + done} of ${length} cells are finished${failed > 0 ? `, ${failed} failed` : ""}`);
  const again = `sweep run ${folder} goes on`;
  if (io.signal?.aborted) {
    throw new Interrupted((io.signal.reason as Interrupted).signal ?? "a signal", exitCodes.resumable, again);
  }
  if (failed > 0) throw new Error(`${failed} of ${length} cells failed; sweep status ${folder} says why`);
  if (busy > 0) throw new Interrupted(`the locks of ${busy} cells that others run`, exitCodes.resumable, again);
  if (stopped > 0) throw new Interrupted(`signals to ${stopped} cells`, exitCodes.resumable, again);
}

function resultText({ result: { metric, dense, pruned }, seconds: { pruning } }: RunRecord): string {
  return `${metric} ${metricText(metric, dense)} -> ${metricText(metric, pruned)} in ${duration(pruning)}`;
}

function inThisProcess(folder: string, sweep: Sweep, quiet: boolean, io: Io): RunOne {
  return async (cell) => {
    try {
      // The tables of single runs would drown what the sweep has to say.
      const { record } = await runCell({ folder, sweep, cell, quiet }, { ...io, out: () => {} });
      return { kind: "done", record };
    } catch (error) {
      const kind = error instanceof BusyError ? "busy" : error instanceof Interrupted ? "stopped" : "failed";
      return { kind, line: lineOf(error) };
    }
  };
}

/** Each cell in a process of its own, which a signal is passed on to; what it prints goes to a log. */
function inProcesses(folder: string, io: Io): RunOne {
  const places = placesOf(folder);
  makeFolder(places.logs);
  const [command, ...args] = programLine();
  return async ({ index, id }) => {
    const path = `${places.logs}/${id}.log`;
    using log = openLog(path, io);
    const child = new Deno.Command(command, {
      args: [...args, "sweep", "cell", folder, "--index", `${index}`],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const stop = (): void => {
      try {
        child.kill("SIGTERM");
      } catch { /* has ended */ }
    };
    io.signal?.addEventListener("abort", stop);
    if (io.signal?.aborted) stop();
    const [, line, { code }] = await Promise.all([copy(child.stdout, log), copy(child.stderr, log), child.status]);
    io.signal?.removeEventListener("abort", stop);
    const record = code === exitCodes.ok ? readRecord(places.run(id)) : undefined;
    if (record) return { kind: "done", record };
    const told = line.replace(/^error: /, "") || `ended with exit code ${code}`;
    // A process that had not begun to listen for signals ends by them without a word.
    if (io.signal?.aborted) return { kind: "stopped", line: told };
    if (code !== exitCodes.resumable) return { kind: "failed", line: `${told} (${path})` };
    return { kind: told.includes("is being run by") ? "busy" : "stopped", line: told };
  };
}
