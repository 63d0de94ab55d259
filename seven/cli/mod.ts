/**
 * The command line of SEVEN. `deno task prune` runs it; {@linkcode main} is the same within a program.
 *
 * @module
 */
import { Interrupted, processIo } from "./io.ts";
import { main } from "./main.ts";

export { exitCodes } from "./errors.ts";
export { Interrupted, type Io, type LogEvent, processIo } from "./io.ts";
export { main } from "./main.ts";
export type { Metrics } from "./judge.ts";
export type { BestResult, Result, RunRecord } from "./record.ts";
export type { OptimizerName, ScheduleName } from "./optimizers.ts";
export type { AugmentationName, NamedShare, PruneOptions } from "./options.ts";
export type { ValidationPoint } from "./validation.ts";

/** Milliseconds within which a signal counts as the same: a terminal and `deno task` both pass it on. */
const sameSignal = 1000;

if (import.meta.main) {
  const controller = new AbortController();
  let first = 0;
  for (const [signal, exitCode] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
    Deno.addSignalListener(signal, () => {
      const now = performance.now();
      if (!controller.signal.aborted) {
        first = now;
        controller.abort(new Interrupted(signal, exitCode));
      } else if (now - first > sameSignal) Deno.exit(exitCode); // asked again: do not wait for the step
    });
  }
  Deno.exit(await main(Deno.args, processIo(controller.signal)));
}
