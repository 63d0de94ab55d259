/** The message of a file that could not be written. */

import assert from "node:assert/strict";
import type { Outcome } from "../support.ts";
import type { DiskKind } from "./disk.ts";

/** The message, taken apart. */
export interface Failure {
  /** What could not be written. */
  readonly path: string;
  /** What makes writing possible. */
  readonly mend: string;
  /** What to do then. */
  readonly next: string;
}

/** What makes writing possible, as the message says it. */
export const mends: Readonly<Record<DiskKind, string>> = {
  mount: "free some space",
  limit: "allow larger files (ulimit -f)",
  device: "free some space",
  permissions: "allow writing there",
};

/** Takes the message apart: the one error, the last that the command says. */
export function failureOf({ code, err }: Outcome): Failure {
  const isTrouble = (line: string): boolean => /^error|^Uncaught|^\s+at /.test(line);
  assert.deepEqual([code, err.findIndex(isTrouble)], [1, err.length - 1], err.join("\n"));
  const parts = /^error: (.+): cannot be written \([^()]+ \(os error \d+\)\); (.+), then (.+)$/.exec(err.at(-1)!);
  assert.ok(parts, err.at(-1));
  const [, path, mend, next] = parts as unknown as [string, string, string, string];
  return { path, mend, next };
}
