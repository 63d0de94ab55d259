/**
 * The cells of a sweep: what each is called by its content, and the file that lists them.
 *
 * @module
 */
import { isAbsolute, join } from "node:path";
import { UsageError } from "../errors.ts";
import { type GivenOptions, type NamedShare, type PruneOptions, resolveOptions } from "../options.ts";
import { presetNamed } from "../presets.ts";
import type { Options } from "./grid.ts";
import { optionReaders, type Readers } from "./readers.ts";

/** One run of a sweep. */
export interface Cell {
  /** Its place in the list, from 0: that of an array task or of an indexed job. */
  readonly index: number;
  /** First 16 hexadecimal digits of the SHA-256 of its resolved options. */
  readonly id: string;
  /** Its options, as a configuration file has them. */
  readonly options: Options;
}

/** `cells.json`. */
export interface Sweep {
  /** Number of this layout. */
  readonly schema: 1;
  /** Where the sweep was planned: relative paths of its options begin there. */
  readonly directory: string;
  /** In the order in which they run. */
  readonly cells: readonly Cell[];
}

/** Name of the file that lists the cells. */
export const cellsFile = "cells.json";

/**
 * Reads the list of cells.
 *
 * @param folder Folder of the sweep.
 * @throws {UsageError} when there is none, or it is damaged.
 */
export function readSweep(folder: string): Sweep {
  const path = `${folder}/${cellsFile}`;
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    const remedy = `name the folder of a sweep; sweep plan makes one`;
    throw new UsageError(`${folder}: there is no ${cellsFile} that can be read; ${remedy}`, { cause: error });
  }
  try {
    const sweep = JSON.parse(text) as Sweep;
    if (sweep.schema === 1 && Array.isArray(sweep.cells)) return sweep;
  } catch (error) {
    throw new UsageError(`${path}: no JSON (${(error as Error).message}); plan the sweep again`, { cause: error });
  }
  throw new UsageError(`${path}: is no list of cells of this version; plan the sweep again`);
}

/** What runs by some options: those of a preset filled in, then the defaults. */
export function resolved(given: GivenOptions): PruneOptions {
  return resolveOptions(withPreset(given));
}

/** What is given, behind the settings of its preset. */
export function withPreset(given: GivenOptions): GivenOptions {
  return given.preset === undefined ? given : { ...presetNamed(given.preset), ...given };
}

/** The name of a cell: equal options have equal ones, wherever they are written and however. */
export async function idOf({ out: _o, quiet: _q, ...options }: PruneOptions): Promise<string> {
  const bytes = new TextEncoder().encode(canonicalJson(options));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return digest.toHex().slice(0, 16);
}

/** JSON without spaces, names in order, absent values left out. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  const sorted = entries.sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
  return `{${sorted.map(([name, one]) => `${JSON.stringify(name)}:${canonicalJson(one)}`).join(",")}}`;
}

/**
 * The options that a cell runs by.
 *
 * @param sweep The list that it is in.
 * @param cell The cell.
 * @param readers What reads options.
 * @returns Options with the preset filled in and all paths absolute.
 * @throws {UsageError} when this version reads other options from the list than the one that planned it.
 */
export async function givenOf(
  { directory }: Sweep,
  { index, id, options }: Cell,
  readers: Readers = optionReaders(),
): Promise<GivenOptions> {
  const read = readers.read(options);
  if ("fault" in read) throw new UsageError(`cell ${index}: ${read.fault}; plan the sweep again`);
  const given = withPreset(read.given);
  if (await idOf(resolveOptions(given)) !== id) {
    throw new UsageError(`cell ${index}: its options mean something else now than when they were planned; plan again`);
  }
  const { quiet: _, preset: _p, ...rest } = given;
  return { ...rest, ...pathsOf(given, directory) };
}

/** Options that name a place on disk, absolute. */
export function pathsOf(
  { model, data, task }: GivenOptions,
  directory: string,
): Pick<GivenOptions, "model" | "data" | "task"> {
  const place = (path: string): string => path.startsWith("hf:") || isAbsolute(path) ? path : join(directory, path);
  return {
    ...(model === undefined ? {} : { model: place(model) }),
    ...(data === undefined ? {} : { data: place(data) }),
    ...(task === undefined ? {} : { task: task.endsWith(".json") ? place(task) : task }),
  };
}

/** Options in which cells differ, as people tell them apart. */
export function describer(cells: readonly Pick<Cell, "options">[]): (options: Options) => string {
  const usual = ["task", "method", "sparsity", "seed"];
  const given = new Set(cells.flatMap(({ options }) => Object.keys(options)));
  const names = [...new Set([...usual, ...given])].filter((name) => given.has(name));
  const varying = names.filter((name) => new Set(cells.map(({ options }) => canonicalJson(options[name]))).size > 1);
  const shown = varying.length > 0 ? varying : names.filter((name) => usual.includes(name));
  return (options) =>
    shown.filter((name) => options[name] !== undefined).map((name) => `${name} ${textOf(options[name])}`).join(", ");
}

/** A value of an option as people write it: lists by their parts, a share of a name's pattern as on the command line. */
export function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(" ");
  if (typeof value !== "object" || value === null) return String(value);
  const { pattern, share } = value as Partial<NamedShare>;
  return pattern === undefined || share === undefined ? JSON.stringify(value) : `${pattern}=${share}`;
}
