/**
 * The options of a run as a command line, and back.
 *
 * @module
 */
import { Command } from "commander";
import { addPruneOptions } from "../option_lines.ts";
import { type NamedShare, type PruneOptions, resolveOptions } from "../options.ts";

/** Options that are told in any case: what the run is about. */
const always: readonly string[] = ["model", "task", "data", "method", "sparsity", "steps", "pruneSteps", "seed"];

/** Options that say where things go, not what comes out. */
const aside: readonly string[] = ["out", "resume", "quiet"];

interface Flag {
  /** Name with its dashes. */
  readonly long: string;
  /** The options that it sets. */
  readonly key: string;
  /** Whether a value follows it. */
  readonly takesValue: boolean;
  /** Whether it sets false. */
  readonly negates: boolean;
}

function flags(): Flag[] {
  const command = new Command();
  addPruneOptions(command);
  return command.options.map((option) => ({
    long: option.long ?? option.flags,
    key: option.attributeName(),
    takesValue: option.required || option.optional,
    negates: option.negate,
  }));
}

/** Names of options by their keys in records: `--prune-steps` for `pruneSteps`, `dropout` for itself. */
export function flagNames(): Map<string, string> {
  return new Map(flags().map(({ key, long, negates }) => [key, negates ? key : long]));
}

/**
 * Arguments of `prune` that ask for the same run. Defaults are left out, where to write it to as well: runs are never
 * overwritten.
 */
export function argumentsOf(options: PruneOptions): string[] {
  const given: Readonly<Record<string, unknown>> = { ...options };
  const pick = (keys: readonly string[]): Partial<PruneOptions> =>
    Object.fromEntries(keys.filter((key) => given[key] !== undefined).map((key) => [key, given[key]]));
  // Defaults follow from others: these are those of a run with the options that are told anyway, and its rates.
  const told = resolveOptions(pick([...always, "learningRate"]));
  const defaults: Readonly<Record<string, unknown>> = {
    ...told,
    ...resolveOptions(pick(always)),
    trainLearningRate: told.trainLearningRate,
  };
  return flags().flatMap(({ long, key, takesValue, negates }) => {
    const value = given[key];
    const differs = JSON.stringify(value) !== JSON.stringify(defaults[key]);
    if (value === undefined || aside.includes(key) || !(always.includes(key) || differs)) return [];
    if (!takesValue) return value === !negates ? [long] : [];
    return valuesOf(value).flatMap((text) => text.startsWith("-") ? [`${long}=${text}`] : [long, text]);
  });
}

/** The texts that an option is given, one for each time that it is: none for an empty list. */
function valuesOf(value: unknown): string[] {
  if (!Array.isArray(value)) return [String(value)];
  if (value.every((item) => typeof item === "string")) return value.length > 0 ? [value.join(",")] : [];
  return (value as NamedShare[]).map(({ pattern, share }) => `${pattern}=${share}`);
}

/** The command line that repeats a run, quoted for a shell. */
export function commandLine(options: PruneOptions): string {
  return ["deno", "task", "prune", ...argumentsOf(options)].map(quoted).join(" ");
}

function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}
