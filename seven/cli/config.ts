/**
 * Options in a file: the names of the flags in camel case, the values as JSON has them, read by what reads the flags.
 *
 * @module
 */
import { type Command, InvalidArgumentError, type Option } from "commander";
import { UsageError } from "./errors.ts";
import type { GivenOptions } from "./options.ts";
import type { Parser, Schema } from "./values.ts";

/** Options that only the command line has: which file, and which run goes on. */
const onlyFlags = ["config", "resume", "dryRun", "help"];

/** Options of a command that a file may have, by name. */
function configurable(command: Command): Map<string, Option> {
  return new Map(
    command.options.map((option) => [option.attributeName(), option] as const)
      .filter(([name]) => !onlyFlags.includes(name)),
  );
}

/**
 * Reads a configuration.
 *
 * @param command The command whose options it may have.
 * @param path The file.
 * @throws {UsageError} when it cannot be read or is no JSON object; else listing every fault at once.
 */
export async function readConfigFile(command: Command, path: string): Promise<GivenOptions> {
  let json: unknown;
  try {
    json = JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    throw new UsageError(`--config ${path}: cannot be read (${(error as Error).message})`, { cause: error });
  }
  return readConfig(command, json, `--config ${path}`);
}

/**
 * Reads options of parsed JSON.
 *
 * @param command The command whose options they may be.
 * @param json The JSON.
 * @param where Where it is from, for errors.
 * @throws {UsageError} when it is no object; else listing every fault at once.
 */
export function readConfig(command: Command, json: unknown, where: string): GivenOptions {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new UsageError(`${where}: is no JSON object; write {"sparsity": 0.9, ...}`);
  }
  const options = configurable(command);
  const given: Record<string, unknown> = {};
  const faults: string[] = [];
  for (const [name, value] of Object.entries(json)) {
    if (name === "$schema") continue;
    const option = options.get(name);
    if (!option) {
      const near = [...options.keys()].filter((other) => alike(name, other));
      faults.push(`"${name}" is no option${near.length > 0 ? ` (did you mean ${near.join(", ")}?)` : ""}`);
      continue;
    }
    try {
      given[name] = readValue(option, value);
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      faults.push(`"${name}" is ${JSON.stringify(value)}: ${error.message.replace(/\.$/, "").toLowerCase()}`);
    }
  }
  if (faults.length > 0) throw new UsageError(`${where}: ${faults.join("; ")}`);
  return given;
}

function readValue(option: Option, value: unknown): unknown {
  if (!option.required && !option.optional) {
    if (typeof value === "boolean") return value;
    throw new InvalidArgumentError("Give true or false.");
  }
  const parse = option.parseArg as Parser<unknown> | undefined;
  if (!parse) {
    if (typeof value === "string") return value;
    throw new InvalidArgumentError("Give a text.");
  }
  return textsOf(value).reduce<unknown>((before, text) => parse(text, before), undefined);
}

/** A value as the texts that the flag would be given, one after another. */
function textsOf(value: unknown): readonly string[] {
  if (typeof value === "number" || typeof value === "string") return [`${value}`];
  if (Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === "string")) return value;
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return Object.entries(value).map(([pattern, share]) => `${pattern}=${share}`);
  }
  throw new InvalidArgumentError("Give a number, a text, a list of texts, or an object of numbers.");
}

/** Whether one word may be meant by the other: same but for one letter, or for case and dashes, or a beginning. */
function alike(one: string, other: string): boolean {
  const [a, b] = [one, other].map((word) => word.toLowerCase().replaceAll(/[-_]/g, ""));
  if (a === b || (a.length > 3 && b.startsWith(a))) return true;
  if (Math.abs(a.length - b.length) > 1) return false;
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  const [restA, restB] = [a.slice(i), b.slice(i)];
  return restA.slice(1) === restB.slice(1) || restA.slice(1) === restB || restA === restB.slice(1);
}

/** The JSON schema of configuration files. */
export function configSchema(command: Command): Schema {
  const properties = Object.fromEntries(
    [...configurable(command)].map(([name, option]) => {
      const { description } = option;
      const parse = option.parseArg as Parser<unknown> | undefined;
      const flag = !option.required && !option.optional;
      return [name, { description, ...(flag ? { type: "boolean" } : parse?.schema ?? { type: "string" }) }];
    }),
  );
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Configuration of seven prune",
    type: "object",
    properties: { $schema: { type: "string" }, ...properties },
    additionalProperties: false,
  };
}
