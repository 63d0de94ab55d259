/**
 * How another process runs this program.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import project from "../../../deno.json" with { type: "json" };

/** The command line of this program up to its own arguments, with the permissions of the task `prune`. */
export function programLine(): readonly [command: string, ...args: string[]] {
  const flags = project.tasks.prune.command.split(" ").filter((word) => word.startsWith("--"));
  return [Deno.execPath(), "run", ...flags, new URL("../mod.ts", import.meta.url).href];
}

/**
 * Checks that a program may be started.
 *
 * @param program Its name or path.
 * @param what What needs it, and how to do without.
 * @throws {UsageError} naming the permission that is missing.
 */
export async function checkMayRun(program: string, what: string, otherwise: string): Promise<void> {
  const { state } = await Deno.permissions.query({ name: "run", command: program });
  if (state === "granted") return;
  throw new UsageError(`${what}: needs Deno's permission --allow-run, which deno task sweep has; or ${otherwise}`);
}
