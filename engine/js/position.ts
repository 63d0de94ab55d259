/**
 * Index -> JavaScript: integer arithmetic, each part of it at the loop level where it is known.
 *
 * @module
 */
import { type Atom, axesOf, type Bound, type Index, rangeOf } from "../compile/index.ts";
import { define, type Frame, homeOf, nameIn } from "./frame.ts";

/** Name of the coordinate of an axis. */
export function axisName(axis: number): string {
  return `c${axis}`;
}

/** What a frame provides that loops over an axis. */
export function axisToken(axis: number): string {
  return `axis ${axis}`;
}

/** What an index needs to be defined. */
export function needsOfIndex(index: Index): Set<string> {
  return new Set([...axesOf(index)].map(axisToken));
}

/** Floor division and remainder; the shorter forms hold for values that are never negative. */
function quotient(value: string, by: number, least: number): string {
  const shift = Math.log2(by);
  if (Number.isInteger(shift)) return `${value} >> ${shift}`;
  return least < 0 ? `Math.floor(${value} / ${by})` : `(${value} / ${by}) | 0`;
}

function remainder(value: string, by: number, least: number): string {
  if (Number.isInteger(Math.log2(by))) return `${value} & ${by - 1}`;
  return least < 0 ? `((${value} % ${by}) + ${by}) % ${by}` : `${value} % ${by}`;
}

function atomName(frame: Frame, atom: Atom): string {
  if (atom.kind === "coord") return axisName(atom.axis);
  const home = homeOf(frame, needsOfIndex(atom.of), true);
  const value = position(home, atom.of);
  const [least] = rangeOf(atom.of);
  const text = atom.kind === "div" ? quotient(value, atom.by, least) : remainder(value, atom.by, least);
  return nameIn(home, text) ?? define(home, text, text, "p");
}

/**
 * Name of `base + index`: sums are built from the outside in, every partial sum at the outermost level that knows it,
 * so that the innermost loop adds one term.
 */
export function position(frame: Frame, index: Index, base = ""): string {
  const levels: Frame[] = [];
  for (let at: Frame | undefined = frame; at; at = at.parent) levels.unshift(at);
  const homes = index.terms.map(({ atom }) =>
    homeOf(frame, atom.kind === "coord" ? new Set([axisToken(atom.axis)]) : needsOfIndex(atom.of), true)
  );
  let sum = base, offset = index.offset;
  for (const level of levels) {
    const parts = sum === "" ? [] : [sum];
    index.terms.forEach(({ atom, coefficient }, term) => {
      if (homes[term] !== level) return;
      const name = atomName(level, atom);
      parts.push(coefficient === 1 ? name : `${name} * ${coefficient}`);
    });
    if (parts.length > (sum === "" ? 0 : 1) || (sum !== "" && offset !== 0)) {
      if (offset !== 0) parts.push(String(offset));
      offset = 0;
      const single = parts.length === 1 && !parts[0]!.includes(" ");
      const text = single ? parts[0]! : `(${parts.join(" + ")}) | 0`;
      sum = nameIn(level, text) ?? define(level, text, text, "p");
    }
  }
  return sum === "" ? String(offset) : sum;
}

/** Text of the conjunction of bounds, `true` when they hold by themselves. */
export function boundsText(frame: Frame, bounds: readonly Bound[]): string {
  const tests: string[] = [];
  for (const { index, low, high } of bounds) {
    const [least, greatest] = rangeOf(index);
    const home = homeOf(frame, needsOfIndex(index), true);
    const value = least >= low && greatest < high ? "" : position(home, index);
    const parts = [
      ...(least < low ? [`${value} >= ${low}`] : []),
      ...(greatest >= high ? [`${value} < ${high}`] : []),
    ];
    if (parts.length === 0) continue;
    const text = parts.join(" && ");
    tests.push(nameIn(home, text) ?? define(home, text, text, "g"));
  }
  return tests.length ? tests.join(" && ") : "true";
}
