/**
 * The command `sweep plan`: a grid becomes a list of cells, each of them checked.
 *
 * @module
 */
import { DataError } from "../../../models/mod.ts";
import { OptionError } from "../../schedule.ts";
import { UsageError } from "../errors.ts";
import { stat } from "../folder.ts";
import type { Io } from "../io.ts";
import type { GivenOptions } from "../options.ts";
import { readRecord } from "../record.ts";
import { checkData, findTask } from "../task.ts";
import { unusable } from "../run_folder.ts";
import { jsonText, makeFolder, readJson, writeFile } from "../write.ts";
import { type Cell, cellsFile, describer, idOf, pathsOf, resolved, type Sweep, withPreset } from "./cells.ts";
import { cellsOf, type Grid, type Options, parseGrid } from "./grid.ts";
import { folderOf, placesOf } from "./places.ts";
import { optionReaders, type Readers } from "./readers.ts";

/** A cell before it has a name. */
interface Draft {
  readonly options: Options;
  readonly given: GivenOptions;
}

/**
 * Plans a sweep. Nothing is written unless every cell can be run.
 *
 * @param path The grid.
 * @param out Folder of the sweep; one that is there keeps its runs.
 * @param io Where results go.
 * @throws {UsageError} listing every fault of all cells at once, {@linkcode WriteError} when the disk is full.
 */
export async function planCommand(path: string, { out }: { readonly out: string }, io: Io): Promise<void> {
  const readers = optionReaders();
  const grid = parseGrid(await jsonOf(path), path, (name) => readers.has(name));
  const drafts = draftsOf(grid, path, readers);
  const directory = Deno.cwd();
  const { cells, notes } = await checked(drafts, path, directory);
  notes.forEach((note) => io.err(note));
  const folder = folderOf(out);
  const before = readJson<Sweep>(`${folder}/${cellsFile}`);
  try {
    makeFolder(placesOf(folder).logs);
    writeFile(`${folder}/${cellsFile}`, jsonText({ schema: 1, directory, cells } satisfies Sweep));
  } catch (error) {
    throw unusable(folder, error);
  }
  const places = placesOf(folder);
  const finished = cells.filter(({ id }) => readRecord(places.run(id))).length;
  io.out(`${cells.length} cells${finished > 0 ? `, of which ${finished} are finished` : ""}`);
  if (before?.schema === 1) tellChanges(before.cells, cells, io);
  io.out(`written to ${folder}`);
}

async function jsonOf(path: string): Promise<unknown> {
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    throw new UsageError(`${path}: cannot be read (${(error as Error).message})`, { cause: error });
  }
}

/** All cells, each value read once. */
function draftsOf({ base, axes, cells }: Grid, path: string, readers: Readers): Draft[] {
  const faults: string[] = [];
  const draft = (options: Options, where: string): Draft => {
    const read = readers.read(options);
    if ("fault" in read) faults.push(`${where}: ${read.fault}`);
    for (const name of ["out", "resume", "config"]) {
      if (name in options) faults.push(`${where}: "${name}" is for the sweep to say; leave it out`);
    }
    return { options, given: "given" in read ? read.given : {} };
  };
  const ground = draft(base, "base");
  const values = axes.map(({ name, values }) => values.map((value) => draft(value, `grid.${name}`)));
  const further = cells.map((cell, i) => draft(cell, `cells[${i}]`));
  if (faults.length > 0) throw new UsageError(`${path}: ${[...new Set(faults)].join("; ")}`);
  const merge = (parts: readonly Draft[]): Draft => ({
    options: Object.assign({}, ...parts.map(({ options }) => options)),
    given: Object.assign({}, ...parts.map(({ given }) => given)),
  });
  const all = [...cellsOf(values, merge), ...further].map((one) => merge([ground, one]));
  return all.length > 0 ? all : [ground];
}

/** Names the cells and leaves out those that are there already. */
async function checked(
  drafts: readonly Draft[],
  path: string,
  directory: string,
): Promise<{ readonly cells: Cell[]; readonly notes: readonly string[] }> {
  const describe = describer(drafts);
  const faults = new Map<string, string[]>();
  const cells = new Map<string, Cell>();
  const notes: string[] = [];
  for (const { options, given } of drafts) {
    const name = describe(options);
    try {
      const id = await checkedId(given, directory);
      const twin = cells.get(id);
      if (twin) notes.push(`${name}: is the same as cell ${twin.index} (${describe(twin.options)}) and left out`);
      else cells.set(id, { index: cells.size, id, options });
    } catch (error) {
      const known = [UsageError, OptionError, DataError].some((kind) => error instanceof kind);
      if (!known) throw error;
      const { message } = error as Error;
      faults.set(message, [...faults.get(message) ?? [], name]);
    }
  }
  if (faults.size === 0) return { cells: [...cells.values()], notes };
  const texts = [...faults].map(([message, [first, ...rest]]) =>
    `${message} [${first}${rest.length > 0 ? `, and ${rest.length} more` : ""}]`
  );
  throw new UsageError(`${path}: ${texts.join("; ")}`);
}

/** The name of a cell whose options go together and whose files are there. */
async function checkedId(given: GivenOptions, directory: string): Promise<string> {
  const options = resolved(given);
  const { length } = options.method;
  if (length !== 1) throw new UsageError(`--method: ${length} methods; a cell has one, so list them in the grid`);
  const paths = pathsOf(withPreset(given), directory);
  const task = await findTask(paths.task ?? options.task);
  checkData(task, options.data);
  for (const [flag, place] of [["--model", paths.model], ["--data", paths.data]] as const) {
    if (place === undefined || place.startsWith("hf:")) continue;
    if (!(await stat(flag, place))?.isDirectory) {
      throw new UsageError(`${flag} ${place}: there is no such folder; give the path of an existing one`);
    }
  }
  return await idOf(options);
}

/** What a new plan changes: runs of cells that are gone stay on disk. */
function tellChanges(before: readonly Cell[], after: readonly Cell[], io: Io): void {
  const places = new Map(before.map(({ id, index }) => [id, index]));
  const kept = new Set(after.map(({ id }) => id));
  const fresh = after.filter(({ id }) => !places.has(id));
  const gone = before.filter(({ id }) => !kept.has(id));
  const describe = describer([...before, ...after]);
  const list = (cells: readonly Cell[]): string => {
    const shown = cells.slice(0, 8).map(({ options }) => describe(options)).join("; ");
    return `${shown}${cells.length > 8 ? `; and ${cells.length - 8} more` : ""}`;
  };
  io.out(`new: ${fresh.length}${fresh.length > 0 ? ` (${list(fresh)})` : ""}`);
  io.out(`gone: ${gone.length}${gone.length > 0 ? ` (${list(gone)}); their runs stay where they are` : ""}`);
  if (after.some(({ id, index }) => (places.get(id) ?? index) !== index)) {
    io.out("numbers of cells have changed: cancel arrays that are still queued, and submit again");
  }
}
