/**
 * `--log-format json`: what happens, one JSON object a line, for programs that watch a run.
 *
 * @module
 */
import type { Io, LogEvent } from "./io.ts";

/**
 * Output whose lines are JSON: those about what happens have a time and a kind; there is no progress bar.
 *
 * @param io Where the lines go.
 * @param now The time.
 */
export function jsonIo(io: Io, now: () => Date = () => new Date()): Io & Required<Pick<Io, "log">> {
  const { terminal: _, ...rest } = io;
  const log = (event: LogEvent): void => io.err(JSON.stringify({ time: now().toISOString(), ...event }));
  return { ...rest, log, err: (message) => log({ event: "note", message }) };
}
