/**
 * Locks of cells: one process runs a cell at a time, on all machines that share the folder.
 *
 * A lock is a file with the process and its machine. The process touches it every {@linkcode beatEvery} milliseconds; one
 * that was not touched for {@linkcode staleAfter} is stale, whoever made it, and is taken over. Its owner holds an advisory
 * lock on the open file too, which ends with the process: on the same machine a dead owner is known at once. Clocks of
 * machines have to agree within some seconds.
 *
 * @module
 */
import process from "node:process";
import { Interrupted } from "../io.ts";
import { exitCodes } from "../errors.ts";
import { makeFolder, readJson, removeQuietly, writeAll, WriteError, writing } from "../write.ts";
import type { Heartbeat } from "./heartbeat.ts";

/** Milliseconds between two touches. */
export const beatEvery = 5_000;

/** Age in milliseconds from which a lock counts for nothing: less than the two minutes that Slurm holds back a requeued job. */
export const staleAfter = 60_000;

/** Milliseconds after which a lock that was taken over is looked at again, in case two processes did so at once. */
const settleAfter = 300;

/** Who holds a lock. */
export interface Owner {
  /** Name of its machine. */
  readonly host: string;
  /** Number of the process there. */
  readonly pid: number;
  /** When it was taken. */
  readonly since: string;
  /** Of this taking alone. */
  readonly token: string;
}

/** A cell is being run by another process; it may be tried again later. */
export class BusyError extends Interrupted {
  /** Makes the error of a lock. */
  constructor(what: string, { host, pid }: Owner, age: number) {
    super("a lock", exitCodes.resumable);
    const seen = `${Math.max(0, Math.round(age / 1000))} s ago`;
    this.message = `${what}: is being run by process ${pid} on ${host}, last seen ${seen}; ` +
      `a lock is taken over after ${staleAfter / 1000} s without a sign of life`;
  }
}

/** A lock that is held. Release it with `using`. */
export class Lock implements Disposable {
  readonly #path: string;
  readonly #content: string;
  readonly #file: Deno.FsFile;
  readonly #worker: Worker;
  readonly #lost = new AbortController();

  /** Begins to keep a lock that was taken. */
  constructor(path: string, content: string, file: Deno.FsFile, every: number) {
    [this.#path, this.#content, this.#file] = [path, content, file];
    this.#worker = new Worker(new URL("./heartbeat.ts", import.meta.url), { type: "module" });
    this.#worker.onmessage = () =>
      this.#lost.abort(new Interrupted("the loss of its lock to another process", exitCodes.resumable));
    this.#worker.postMessage({ path, content, every } satisfies Heartbeat);
  }

  /** Aborted when another process took the lock over. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Gives the lock back. */
  [Symbol.dispose](): void {
    this.#worker.terminate();
    this.#file.close();
    if (textOf(this.#path) === this.#content) removeQuietly(this.#path);
  }
}

/**
 * Takes a lock.
 *
 * @param path Its file, whose folder is made where it is missing.
 * @param what What is locked, for errors.
 * @param every Milliseconds between two touches.
 * @throws {BusyError} when another process has it, {@linkcode WriteError} when no lock can be made.
 */
export async function takeLock(path: string, what: string, every: number = beatEvery): Promise<Lock> {
  makeFolder(path.replace(/\/[^/]*$/, ""));
  const owner: Owner = {
    host: hostName(),
    pid: process.pid,
    since: new Date().toISOString(),
    token: crypto.randomUUID(),
  };
  const content = `${JSON.stringify(owner)}\n`;
  for (;;) {
    const { file, fresh } = openLock(path);
    let kept = false;
    try {
      const before = fresh ? undefined : readJson<Owner>(path);
      const age = Date.now() - (file.statSync().mtime?.getTime() ?? 0);
      const free = isAdvisory && file.tryLockSync(true);
      const dead = free && (before === undefined || before.host === owner.host);
      if (!fresh && !dead && age < staleAfter) throw new BusyError(what, before ?? unknownOwner, age);
      claim(path, file, content);
      if (!(fresh && free)) await new Promise((resolve) => setTimeout(resolve, settleAfter));
      if (textOf(path) === content) {
        kept = true;
        return new Lock(path, content, file, every);
      }
      const winner = readJson<Owner>(path);
      if (winner) throw new BusyError(what, winner, 0);
    } finally {
      if (!kept) file.close();
    }
    // Its owner gave it back meanwhile: once more.
  }
}

/** Puts an owner into the file of a lock; where there is no room for one there is no lock. */
function claim(path: string, file: Deno.FsFile, content: string): void {
  try {
    file.truncateSync(0);
    file.seekSync(0, Deno.SeekMode.Start);
    writeAll(file, new TextEncoder().encode(content));
  } catch (error) {
    removeQuietly(path);
    throw new WriteError(path, error);
  }
}

/** Milliseconds since a lock was touched, or nothing where there is none. */
export function lockAge(path: string): number | undefined {
  try {
    return Date.now() - (Deno.statSync(path).mtime?.getTime() ?? 0);
  } catch {
    return undefined;
  }
}

const unknownOwner: Owner = { host: "another machine", pid: 0, since: "", token: "" };

/** Whether locks on open files let others read them; where they do not, the age of a lock alone decides. */
const isAdvisory = Deno.build.os !== "windows";

/** Opens the file of a lock, and says whether it was not there before. */
function openLock(path: string): { readonly file: Deno.FsFile; readonly fresh: boolean } {
  try {
    return { file: Deno.openSync(path, { read: true, write: true, createNew: true }), fresh: true };
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw new WriteError(path, error);
  }
  const file = writing(path, () => Deno.openSync(path, { read: true, write: true, create: true }));
  return { file, fresh: false };
}

function textOf(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}

/** The machine's name, as far as it may be known: `Deno.hostname` needs a permission that `prune` has no other use for. */
function hostName(): string {
  try {
    return Deno.readTextFileSync("/etc/hostname").trim();
  } catch {
    try {
      return Deno.hostname();
    } catch {
      return "a machine without a name";
    }
  }
}
