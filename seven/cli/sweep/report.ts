/**
 * The command `sweep report`: what a sweep has come to, as tables and figures.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import type { Io } from "../io.ts";
import { makeFolder, writeFile } from "../write.ts";
import { methods } from "../../methods.ts";
import { readSweep, resolved, type Sweep } from "./cells.ts";
import { cellsCsv, pairsCsv, resultsCsv } from "./csv.ts";
import { groupFigure } from "./figure.ts";
import { type Part, sweepMarkdown, titleOf } from "./markdown.ts";
import { folderOf } from "./places.ts";
import { groupsOf, pairingsOf } from "./groups.ts";
import { optionReaders } from "./readers.ts";
import { type Finished, finishedOf } from "./results.ts";
import { type SettingsKind, withSettings } from "./tuning.ts";

/** What `sweep report` is asked for. */
export interface ReportOptions {
  /** The Markdown file; tables and figures lie beside it under names that begin the same. */
  readonly out?: string;
  /** Methods that are reported on; all that were run where this is absent. */
  readonly method?: readonly string[];
  /** Methods that all others are compared with. */
  readonly baseline?: readonly string[];
  /** What becomes of settings: a table for each where this is absent. */
  readonly settings?: SettingsKind;
}

/** What is compared with where nothing else is asked for and it was run, beside methods that have variants. */
const usualBaselines = ["magnitude", "random"];

/**
 * Reports on the cells that are finished.
 *
 * @param path Folder of the sweep.
 * @param options What was asked for.
 * @param io Where results go.
 * @throws {UsageError} when none is finished, or a baseline was not run; {@linkcode WriteError} when a file cannot be
 * written.
 */
export function reportCommand(
  path: string,
  { out, method, baseline, settings = "tables" }: ReportOptions,
  io: Io,
): void {
  const folder = folderOf(path);
  const sweep = readSweep(folder);
  const all = finishedOf(folder, sweep);
  if (all.length === 0) throw new UsageError(`${folder}: no cell is finished; sweep run ${folder} runs them`);
  checkRan("--method", method ?? [], all.map(({ record }) => record.method));
  const finished = method ? all.filter(({ record }) => method.includes(record.method)) : all;
  const shown = withSettings(finished, settings);
  const ran = new Set(shown.map(({ label }) => label));
  checkRan("--baseline", baseline ?? [], ran);
  const baselines = baseline ?? [...ran].filter((name) => usualBaselines.includes(name) || hasVariants(name, shown));
  const stem = (out ?? `${folder}/report.md`).replace(/\.md$/, "");
  const groups = groupsOf(shown);
  const base = stem.split("/").at(-1)!;
  const taken = new Set<string>();
  const parts = groups.map((group): Part & { readonly svg?: string } => {
    const figure = unique(`${base}.${titleOf(group).replaceAll(/[^\w.-]+/g, "-")}`, taken);
    const svg = groupFigure(group);
    const pairings = baselines.flatMap((name) => pairingsOf(group, name));
    return { group, pairings, ...(svg === undefined ? {} : { svg, figure: `${figure}.svg` }) };
  });
  const pairs = parts.map(({ group, pairings }) => [group, pairings] as const);
  const markdown = sweepMarkdown(parts, finished, plannedOf(sweep, method));
  const beside = stem.slice(0, stem.length - base.length);
  if (beside !== "") makeFolder(beside);
  writeFile(`${stem}.md`, markdown);
  writeFile(`${stem}.results.csv`, resultsCsv(groups));
  writeFile(`${stem}.pairs.csv`, pairsCsv(pairs));
  writeFile(`${stem}.cells.csv`, cellsCsv(finished));
  for (const { figure, svg } of parts) if (svg !== undefined) writeFile(`${beside}${figure}`, svg);
  io.out(markdown.trimEnd());
  io.err(`written to ${stem}.md, with tables as CSV and figures as SVG beside it`);
}

/** How many cells there are by these methods. */
function plannedOf({ cells }: Sweep, method: readonly string[] | undefined): number {
  if (!method) return cells.length;
  const readers = optionReaders();
  return cells.filter(({ options }) => {
    const read = readers.read(options);
    return "given" in read && method.includes(resolved(read.given).method[0]!);
  }).length;
}

function checkRan(flag: string, names: readonly string[], ran: Iterable<string>): void {
  const known = new Set(ran);
  for (const name of names) {
    if (known.has(name)) continue;
    const near = Object.hasOwn(methods, name) ? "no cell by it is finished" : "there is no such method";
    throw new UsageError(`${flag} ${name}: ${near}; give of ${[...known].join(", ")}`);
  }
}

/** Whether that is a method as most cells have it, and there are rows of it with other settings. */
function hasVariants(name: string, shown: readonly Finished[]): boolean {
  return shown.some(({ record: { method }, label }) => method === name && label !== name);
}

/** A name that was not taken, and is now. */
function unique(name: string, taken: Set<string>): string {
  let free = name;
  for (let i = 2; taken.has(free); i++) free = `${name}-${i}`;
  taken.add(free);
  return free;
}
