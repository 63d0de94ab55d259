/**
 * Choosing parameters by name, as people write it on a command line.
 *
 * @module
 */
import { OptionError } from "./schedule.ts";

/** Which names to choose. */
export interface NameFilter {
  /** Patterns of which a name must match one; every name by default. */
  readonly include?: readonly string[];
  /** Patterns of which a name must match none. */
  readonly exclude?: readonly string[];
}

/**
 * A predicate on the names of a model. A pattern is a glob over the whole name, where `*` stands for any characters and
 * `?` for one, or a regular expression between slashes, `/layer\.[0-3]\./`, found anywhere in it. Filters narrow the
 * default predicate: what it rules out stays out.
 *
 * @param filter patterns.
 * @param names all names of the model, of which every pattern has to match one.
 * @param base default predicate, such as a model's own on what is prunable; all names.
 * @throws {OptionError} for a pattern that matches nothing, with names that come near it, and one that cannot be read.
 *
 * @example
 * ```ts
 * import { namePredicate } from "@sentinel/seven";
 *
 * const names = ["encoder.0.query.weight", "encoder.0.query.bias", "encoder.1.query.weight"];
 * const prunable = namePredicate({ exclude: ["encoder.1.*"] }, names, (name) => name.endsWith(".weight"));
 * console.assert(prunable("encoder.0.query.weight") && !prunable("encoder.1.query.weight"));
 * ```
 */
export function namePredicate(
  { include, exclude = [] }: NameFilter,
  names: Iterable<string>,
  base: (name: string) => boolean = () => true,
): (name: string) => boolean {
  const all = [...names], usual = all.filter(base);
  const matcherOf = (pattern: string, kind: string): RegExp => {
    const matcher = toRegExp(pattern);
    if (usual.some((name) => matcher.test(name))) return matcher;
    const barred = all.find((name) => matcher.test(name));
    if (barred !== undefined) {
      throw new OptionError(`${kind} "${pattern}" matches "${barred}", which cannot be chosen here; leave it out`);
    }
    const near = nearest(pattern, usual);
    const hint = near.length ? `did you mean ${near.map((name) => `"${name}"`).join(", ")}?` : "there are none";
    throw new OptionError(`${kind} "${pattern}" matches none of ${usual.length} names; ${hint}`);
  };
  const within = include?.map((pattern) => matcherOf(pattern, "include"));
  const without = exclude.map((pattern) => matcherOf(pattern, "exclude"));
  return (name) =>
    base(name) && (!within || within.some((matcher) => matcher.test(name))) &&
    !without.some((matcher) => matcher.test(name));
}

function toRegExp(pattern: string): RegExp {
  const text = /^\/(.+)\/$/.exec(pattern)?.[1];
  if (text !== undefined) {
    try {
      return new RegExp(text);
    } catch (error) {
      throw new OptionError(`"${pattern}" is no regular expression: ${(error as Error).message.split(": ").at(-1)}`);
    }
  }
  if (pattern === "") throw new OptionError("a pattern of names is empty; give a name, or * for all");
  const literal = pattern.replace(/[\\^$.+()|{}[\]]/g, "\\$&");
  return new RegExp(`^${literal.replaceAll("*", ".*").replaceAll("?", ".")}$`, "s");
}

/** The three names that take the fewest edits, shortest first. */
function nearest(pattern: string, names: readonly string[]): string[] {
  const text = pattern.replace(/[*?\\/^$]/g, "");
  return names.map((name) => ({ name, distance: editDistance(text, name) }))
    .sort((a, b) => a.distance - b.distance || a.name.length - b.name.length).slice(0, 3).map(({ name }) => name);
}

/** Insertions, deletions and replacements between two texts (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + Number(a[i - 1] !== b[j - 1])));
    }
    row = next;
  }
  return row[b.length]!;
}
