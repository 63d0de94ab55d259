/**
 * Exit codes, and which error has which.
 *
 * @module
 */
import { SafetensorsError } from "../../engine/mod.ts";
import { CheckpointError, DataError, OnnxError } from "../../models/mod.ts";
import { OptionError } from "../schedule.ts";
import { HubError } from "./hub/error.ts";
import { Interrupted } from "./io.ts";

/** Exit codes of all commands; a signal adds 128 and its number. */
export const exitCodes = {
  /** Done. */
  ok: 0,
  /** The run failed: the loss became infinite, the device was lost, the disk is full. */
  failure: 1,
  /** The command line or the input cannot be used; nothing was run. */
  usage: 2,
  /** A signal stopped a run that can go on with `--resume`. */
  resumable: 75,
} as const;

/** The command line asks for something that cannot be. The message has the option, its value and the remedy. */
export class UsageError extends Error {
  /** Error class name. */
  override readonly name = "UsageError";
}

const usage = [UsageError, OptionError, DataError, CheckpointError, SafetensorsError, HubError, OnnxError] as const;

/** The exit code that an error stands for. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof Interrupted) return error.exitCode;
  return usage.some((kind) => error instanceof kind) ? exitCodes.usage : exitCodes.failure;
}

/** The message of an error in one line. */
export function lineOf(error: unknown): string {
  const message = error instanceof Error ? error.message || error.name : String(error);
  return message.replace(/\s+/g, " ").trim();
}
