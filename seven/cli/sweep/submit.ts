/**
 * The command `sweep submit`: the cells that are left, as an array of Slurm.
 *
 * @module
 */
import { resolve } from "node:path";
import { exitCodes, UsageError } from "../errors.ts";
import type { Io } from "../io.ts";
import { makeFolder } from "../write.ts";
import { readSweep } from "./cells.ts";
import { folderOf, placesOf } from "./places.ts";
import { checkMayRun, programLine } from "./program.ts";
import { rangesOf } from "./ranges.ts";
import { cellsToRun } from "./status.ts";

/** What `sweep submit` is asked for. */
export interface SubmitOptions {
  /** What runs the cells. */
  readonly engine: "slurm";
  /** Whether the script is only shown. */
  readonly print?: boolean;
  /** Time of a cell at most, as Slurm has it. */
  readonly time?: string;
  /** Cores of a cell. */
  readonly cpus?: number;
  /** Partition of the cluster. */
  readonly partition?: string;
  /** Cells at a time. */
  readonly concurrency?: number;
  /** Further options of `sbatch`. */
  readonly sbatch?: readonly string[];
}

/** What a script is made of. */
export interface ScriptParts extends Omit<SubmitOptions, "engine" | "print"> {
  /** Folder of the sweep, absolute. */
  readonly folder: string;
  /** Cells to run. */
  readonly indices: readonly number[];
  /** The command line of this program up to its own arguments. */
  readonly program: readonly string[];
}

/** Seconds before the end of its time at which a cell is told to stop: enough to write the state of a large model. */
const grace = 60;

/**
 * The script of an array.
 *
 * A cell that is stopped saves its state and exits by 75. Where the job still runs then, by the same start of it, its time was up, and
 * it goes back into the queue; where it does not, Slurm stopped it and does with it what it was asked to: a job that was cancelled stays
 * so, one that was preempted or whose node went down is queued again by `--requeue`. `B:` sends the signal to the shell,
 * which passes it on: without it, it would go to job steps alone, of which there are none.
 *
 * @param parts What it is made of.
 * @throws {UsageError} for text that a line of the script cannot hold.
 */
export function slurmScript(parts: ScriptParts): string {
  const { folder, indices, program, time, cpus, partition, concurrency, sbatch = [] } = parts;
  const logs = `${placesOf(folder).logs}/%A_%a.log`.replace(folder, folder.replaceAll("%", "%%"));
  const options = [
    `--job-name=sweep-${folder.split("/").at(-1)}`,
    `--array=${rangesOf(indices)}${concurrency === undefined ? "" : `%${concurrency}`}`,
    "--requeue",
    `--signal=B:TERM@${grace}`,
    "--open-mode=append",
    `--output=${logs}`,
    ...(time === undefined ? [] : [`--time=${time}`]),
    ...(cpus === undefined ? [] : [`--cpus-per-task=${cpus}`]),
    ...(partition === undefined ? [] : [`--partition=${partition}`]),
  ].map((option) => /[\s"'\\#]/.test(option) ? option.replace(/=(.*)$/s, (_, value) => `="${value}"`) : option);
  for (const text of [...options, ...sbatch, ...program]) {
    if (/[\n\r\0]/.test(text)) {
      throw new UsageError(`${JSON.stringify(text)}: no script of Slurm can hold this; rename it`);
    }
  }
  const job = '"${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"';
  return `#!/bin/bash
${[...options, ...sbatch].map((option) => `#SBATCH ${option}`).join("\n")}

stop() { stopped=1; kill -TERM "$cell" 2>/dev/null; }
trap stop TERM
${[...program, "sweep", "cell", folder].map(quoted).join(" ")} --index "$SLURM_ARRAY_TASK_ID" &
cell=$!
# A signal ends the waiting, not the cell.
while stopped=0; wait "$cell"; code=$?; [ "$stopped" = 1 ]; do :; done
read -r state restarts < <(squeue --noheader --jobs=${job} --Format=State,RestartCnt)
if [ "$code" = ${exitCodes.resumable} ] && [ "$state $restarts" = "RUNNING \${SLURM_RESTART_COUNT:-0}" ]; then
  scontrol requeue ${job}
fi
exit "$code"
`;
}

/** A word as a shell reads it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * Submits the cells that are neither finished nor being run.
 *
 * @param path Folder of the sweep, on a file system that all nodes share.
 * @param options What was asked for.
 * @param io Where results go.
 * @throws {UsageError} when nothing is left to run, or `sbatch` cannot be started; {@linkcode Error} when it fails.
 */
export async function submitCommand(path: string, options: SubmitOptions, io: Io): Promise<void> {
  const folder = resolve(folderOf(path));
  const indices = cellsToRun(folder, readSweep(folder)).map(({ index }) => index);
  if (indices.length === 0) return io.out("nothing is left to run");
  const script = slurmScript({ ...options, folder, indices, program: programLine() });
  if (options.print) return io.out(script.trimEnd());
  const instead = `pipe what sweep submit --print says into sbatch`;
  await checkMayRun("sbatch", `sweep submit ${path}`, instead);
  makeFolder(placesOf(folder).logs);
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command("sbatch", { stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
  } catch (error) {
    throw new UsageError(
      `sbatch: cannot be started (${(error as Error).message}); ${instead} on a machine that has it`,
      {
        cause: error,
      },
    );
  }
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(script)).catch(() => {});
  await writer.close().catch(() => {});
  const { success, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes).trim();
  if (!success) throw new Error(`sbatch: ${text(stderr)}; --print shows the script`);
  io.out(`${text(stdout)}: ${indices.length} cells, ${rangesOf(indices)}`);
}
