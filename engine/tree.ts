/**
 * Trees: values of one type in nested arrays and records. States, batches, metrics and parameters are trees.
 *
 * Records are walked in the order of their keys as inserted; two trees "have the same structure" when their keys agree
 * as sets, whatever the order. A path joins keys with "/": checkpoint names contain dots.
 *
 * @module
 */

/** A leaf, or an array or record of trees. */
export type Tree<T> = T | readonly Tree<T>[] | { readonly [key: string]: Tree<T> };

/** The same structure with other leaves. */
export type Mapped<S, From, To> = S extends From ? To
  : S extends readonly unknown[] ? { readonly [K in keyof S]: Mapped<S[K], From, To> }
  : S extends object ? { readonly [K in keyof S]: Mapped<S[K], From, To> }
  : To;

/** Raised when two trees differ in structure. */
export class TreeError extends Error {
  /** Error class name. */
  override readonly name = "TreeError";
}

const isNode = (value: unknown): boolean => {
  if (Array.isArray(value)) return true;
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return !("dtype" in value && "shape" in value);
};

/**
 * Leaves with their paths, depth first. Anything that is not a plain array or record is a leaf, and so is a record with
 * `shape` and `dtype` (tensors, types and host tensors).
 */
export function leavesOf<T>(tree: Tree<T>, path = ""): [path: string, leaf: T][] {
  if (!isNode(tree)) return [[path, tree as T]];
  const join = (key: string | number) => path === "" ? String(key) : `${path}/${key}`;
  const entries = Array.isArray(tree) ? [...tree.entries()] : Object.entries(tree as Record<string, Tree<T>>);
  return entries.flatMap(([key, child]) => leavesOf<T>(child as Tree<T>, join(key)));
}

/** Applies `f` to each leaf. */
export function mapTree<S, T = unknown, U = unknown>(
  tree: S,
  f: (leaf: T, path: string) => U,
  path = "",
): Mapped<S, T, U> {
  const join = (key: string | number) => path === "" ? String(key) : `${path}/${key}`;
  const walk = (node: unknown, key: string | number) => mapTree<unknown, T, U>(node, f, join(key));
  if (!isNode(tree)) return f(tree as unknown as T, path) as Mapped<S, T, U>;
  if (Array.isArray(tree)) return tree.map(walk) as unknown as Mapped<S, T, U>;
  return Object.fromEntries(Object.entries(tree as object).map(([key, child]) => [key, walk(child, key)])) as Mapped<
    S,
    T,
    U
  >;
}

/**
 * Applies `f` to the leaves of `tree` with the leaves at the same paths of the others.
 *
 * @throws {TreeError} when a path is missing in one of them or is in one of them only.
 */
export function zipTrees<S, T, U>(
  tree: S,
  others: readonly unknown[],
  f: (leaf: T, others: readonly unknown[], path: string) => U,
): Mapped<S, T, U> {
  const tables = others.map((other) => new Map(leavesOf<unknown>(other as Tree<unknown>)));
  const paths = leavesOf(tree as Tree<T>).map(([path]) => path);
  for (const table of tables) {
    const missing = paths.find((path) => !table.has(path));
    const surplus = [...table.keys()].find((path) => !paths.includes(path));
    if (missing !== undefined || surplus !== undefined) {
      throw new TreeError(
        `trees differ in structure: ${
          missing !== undefined ? `"${missing}" is missing` : `"${surplus}" is surplus`
        }; ` +
          "both must have the same keys at every level",
      );
    }
  }
  return mapTree<S, T, U>(tree, (leaf, path) => f(leaf, tables.map((table) => table.get(path)), path));
}

/** Splits a flat record by a predicate on names: `[those that satisfy it, the others]`. */
export function partition<T>(
  record: Readonly<Record<string, T>>,
  belongs: (name: string, value: T) => boolean,
): [Record<string, T>, Record<string, T>] {
  const yes: Record<string, T> = {}, no: Record<string, T> = {};
  for (const [name, value] of Object.entries(record)) (belongs(name, value) ? yes : no)[name] = value;
  return [yes, no];
}

/** Puts flat records together again; later ones win. */
export function combine<T>(...records: readonly Readonly<Record<string, T>>[]): Record<string, T> {
  return Object.assign({}, ...records);
}
