/**
 * The command line of SEVEN. `deno task prune` runs it; {@linkcode main} is the same within a program.
 *
 * @module
 */
import { Interrupted, processIo } from "./io.ts";
import { main } from "./main.ts";

export { exitCodes } from "./errors.ts";
export { Interrupted, type Io, processIo } from "./io.ts";
export { main } from "./main.ts";
export type { Result, RunRecord } from "./record.ts";
export type { OptimizerName, ScheduleName } from "./optimizers.ts";
export type { PruneOptions } from "./options.ts";

if (import.meta.main) {
  const controller = new AbortController();
  for (const [signal, exitCode] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
    const stop = (): void => {
      Deno.removeSignalListener(signal, stop); // a second one ends the process at once
      controller.abort(new Interrupted(signal, exitCode));
    };
    Deno.addSignalListener(signal, stop);
  }
  Deno.exit(await main(Deno.args, processIo(controller.signal)));
}
