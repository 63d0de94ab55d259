/**
 * Options of cells, read by what reads configuration files.
 *
 * @module
 */
import { Command } from "commander";
import { readConfig } from "../config.ts";
import { UsageError } from "../errors.ts";
import { addPruneOptions } from "../option_lines.ts";
import type { GivenOptions } from "../options.ts";

/** What was read, or what is wrong with it. */
export type Read = { readonly given: GivenOptions } | { readonly fault: string };

/** Reads options. */
export interface Readers {
  /** Whether `prune` has an option of that name. */
  has(name: string): boolean;
  /** Reads the options of an object; the fault lists all that is wrong with it. */
  read(options: unknown): Read;
}

/** The readers of `prune`'s own options. */
export function optionReaders(): Readers {
  const command = new Command();
  addPruneOptions(command);
  return {
    has: (name) => command.options.some((option) => option.attributeName() === name),
    read(options) {
      try {
        return { given: readConfig(command, options, where) };
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        return { fault: error.message.replace(`${where}: `, "") };
      }
    },
  };
}

/** What errors begin with, before it is known which cell they are of. */
const where = "options";
