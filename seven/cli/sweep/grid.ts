/**
 * `grid.json`: which runs a sweep is made of.
 *
 * @module
 */
import { UsageError } from "../errors.ts";

/** Options by name, as a configuration file has them. */
export type Options = Readonly<Record<string, unknown>>;

/** Values of one option, or options that are set together. */
export interface Axis {
  /** Name of the option, or what the options are called together. */
  readonly name: string;
  /** What each value sets. */
  readonly values: readonly Options[];
}

/** A grid, its axes in the order in which they vary: the first one is the slowest. */
export interface Grid {
  /** Options of all cells, which all others go before. */
  readonly base: Options;
  /** What varies. */
  readonly axes: readonly Axis[];
  /** Cells beside the grid. */
  readonly cells: readonly Options[];
}

/** More cells than anyone means. */
const mostCells = 100_000;

/** The axis that is slowest where a grid does not say: every method has one seed before any has two. */
const slowestByDefault = ["seed"];

/**
 * Reads a grid.
 *
 * @param json What the file holds: `base`, options of all cells; `grid`, lists of values by option; `cells`, options of
 * further ones; `order`, the slowest axes. An axis whose name is no option has objects: options that are set together.
 * @param path The file, for errors.
 * @param isOption Whether a name is an option's.
 * @throws {UsageError} listing every fault at once.
 */
export function parseGrid(json: unknown, path: string, isOption: (name: string) => boolean): Grid {
  if (!isObject(json)) throw new UsageError(`${path}: is no JSON object; write {"base": {...}, "grid": {...}}`);
  const { base = {}, grid = {}, cells = [], order = slowestByDefault, $schema: _, ...others } = json;
  const faults = Object.keys(others).map((name) => `"${name}" is not known; there are base, grid, cells and order`);
  if (!isObject(base)) faults.push(`"base" is no object of options`);
  if (!isObject(grid)) faults.push(`"grid" is no object of lists`);
  if (!Array.isArray(cells) || !cells.every(isObject)) faults.push(`"cells" is no list of objects of options`);
  const axes: Axis[] = [];
  for (const [name, values] of Object.entries(isObject(grid) ? grid : {})) {
    if (!Array.isArray(values) || values.length === 0) {
      faults.push(`"grid.${name}" is ${JSON.stringify(values)}: give a list of values`);
    } else if (isOption(name)) axes.push({ name, values: values.map((value) => ({ [name]: value })) });
    else if (values.every(isObject)) axes.push({ name, values });
    else faults.push(`"grid.${name}" is neither an option nor a list of objects of options`);
  }
  const given = Object.keys(isObject(grid) ? grid : {});
  if (!Array.isArray(order) || (order !== slowestByDefault && !order.every((name) => given.includes(name)))) {
    faults.push(`"order" is ${JSON.stringify(order)}: give names of the grid, the slowest first`);
  }
  const size = axes.reduce((product, { values }) => product * values.length, 1);
  if (size > mostCells) faults.push(`the grid has ${size} cells, more than ${mostCells}; divide it`);
  if (faults.length > 0) throw new UsageError(`${path}: ${faults.join("; ")}`);
  const rank = ({ name }: Axis): number => {
    const place = (order as readonly string[]).indexOf(name);
    return place < 0 ? Infinity : place;
  };
  const sorted = axes.map((axis) => ({ axis, rank: rank(axis) })).sort((a, b) =>
    a.rank === b.rank ? 0 : a.rank - b.rank
  );
  return { base: base as Options, axes: sorted.map(({ axis }) => axis), cells: cells as readonly Options[] };
}

/** The options of all cells in their order, before those of the base: the grid's, then the further ones. */
export function cellsOf<T>(axes: readonly (readonly T[])[], merge: (parts: readonly T[]) => T): T[] {
  if (axes.length === 0) return [];
  return axes.reduce<(readonly T[])[]>(
    (cells, values) => cells.flatMap((cell) => values.map((value) => [...cell, value])),
    [[]],
  ).map(merge);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
