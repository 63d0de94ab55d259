/**
 * Where a command writes and what may stop it. Tests bring their own, so that `main` runs in their process.
 *
 * @module
 */
import process from "node:process";

/** What happened. The documented fields of each kind are in the README beside this file. */
export interface LogEvent {
  /** `note`, `step`, `validation` or `error`. */
  readonly event: string;
  /** What it says of that. */
  readonly [field: string]: unknown;
}

/** Output and interruption of a command. */
export interface Io {
  /** Writes one line of results. */
  out(line: string): void;
  /** Writes one line about what happens. */
  err(line: string): void;
  /** Where progress bars go; plain lines through `err` where it is absent. */
  readonly terminal?: NodeJS.WritableStream;
  /** Writes what happens as an object, where lines are JSON; text goes through `err` where it is absent. */
  readonly log?: (event: LogEvent) => void;
  /** Stops the command between two steps; its reason is an {@linkcode Interrupted}. */
  readonly signal?: AbortSignal;
}

/** A signal stopped the command. */
export class Interrupted extends Error {
  /** Error class name. */
  override readonly name = "Interrupted";

  /**
   * Makes the reason of a signal.
   *
   * @param signal Its name.
   * @param exitCode 128 and the signal's number, as shells have it; 75 where the command can go on.
   * @param remedy What became of it.
   */
  constructor(readonly signal: string, readonly exitCode: number, remedy = "nothing was written") {
    super(`stopped by ${signal}; ${remedy}`);
  }
}

/**
 * The process's own output: results on stdout, everything else on stderr.
 *
 * @param signal What may stop the command.
 */
export function processIo(signal?: AbortSignal): Io {
  return {
    out: (line) => console.log(line),
    err: (line) => console.error(line),
    ...(process.stderr.isTTY ? { terminal: process.stderr } : {}),
    ...(signal ? { signal } : {}),
  };
}
