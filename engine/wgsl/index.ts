/**
 * Index expressions as WGSL.
 *
 * All arithmetic is u32 and wraps, which is exact: an index is never negative where it is used, a bound
 * `low <= i < high` is the single unsigned comparison `i - low < high - low`, and a quotient of something that may be
 * negative is taken after a shift by a multiple of the divisor.
 *
 * @module
 */
import { type Atom, type Bound, type Index, offsetIndex, rangeOf } from "../compile/index.ts";
import type { Scope } from "./scope.ts";

/** A variable of the shader that an index may use: coordinate `axis` is `coordinates[axis]`. */
export interface Coordinate {
  /** Its name in the text. */
  readonly name: string;
  /** Level of the scope that declares it. */
  readonly level: number;
}

/** An index in text, and the level at which it is known. */
export interface IndexText {
  /** A `u32` expression: a literal, a name, or a name plus a constant (parenthesised nowhere). */
  readonly text: string;
  /** Level of its innermost coordinate. */
  readonly level: number;
}

/** `value` as an unsigned literal; negative values wrap. */
export function unsigned(value: number): string {
  return `${value >>> 0}u`;
}

/** Writes an index: sums of each level are named in the scope of that level, only the constant is added in place. */
export function indexText(index: Index, scope: Scope, coordinates: readonly Coordinate[]): IndexText {
  const byLevel = new Map<number, string[]>();
  for (const { atom, coefficient } of index.terms) {
    const { text, level } = atomText(atom, scope, coordinates);
    const factor = Math.abs(coefficient) === 1 ? text : `${text} * ${unsigned(Math.abs(coefficient))}`;
    const terms = byLevel.get(level) ?? [];
    // Positive terms first: u32 has no leading minus.
    if (coefficient > 0) terms.unshift(`+ ${factor}`);
    else terms.push(`- ${factor}`);
    byLevel.set(level, terms);
  }
  let sum = "", level = 0;
  for (const [at, terms] of [...byLevel].sort((a, b) => a[0] - b[0])) {
    const joined = `${sum === "" ? "" : `${sum} `}${terms.join(" ")}`;
    sum = scope.at(at).name(
      joined.startsWith("+ ") ? joined.slice(2) : joined.startsWith("- ") ? `0u ${joined}` : joined,
    );
    level = at;
  }
  if (sum === "") return { text: unsigned(index.offset), level: 0 };
  if (index.offset === 0) return { text: sum, level };
  return { text: `${sum} ${index.offset < 0 ? "-" : "+"} ${unsigned(Math.abs(index.offset))}`, level };
}

function atomText(atom: Atom, scope: Scope, coordinates: readonly Coordinate[]): IndexText {
  if (atom.kind === "coord") {
    const { name, level } = coordinates[atom.axis]!;
    return { text: name, level };
  }
  const { kind, of, by } = atom;
  const low = rangeOf(of)[0];
  const shift = low < 0 ? Math.ceil(-low / by) : 0;
  const inner = indexText(offsetIndex(of, shift * by), scope, coordinates);
  const home = scope.at(inner.level);
  const operand = home.name(inner.text);
  const power = Math.log2(by);
  const operation = Number.isInteger(power)
    ? kind === "div" ? `${operand} >> ${power}u` : `${operand} & ${unsigned(by - 1)}`
    : `${operand} ${kind === "div" ? "/" : "%"} ${unsigned(by)}`;
  const name = home.name(operation);
  return { text: kind === "div" && shift > 0 ? home.name(`${name} - ${unsigned(shift)}`) : name, level: inner.level };
}

/** A bound as a `bool` expression, or its value where that is known. */
export function boundText(
  bound: Bound,
  scope: Scope,
  coordinates: readonly Coordinate[],
): boolean | IndexText {
  const [low, high] = rangeOf(bound.index);
  if (low >= bound.low && high < bound.high) return true;
  if (high < bound.low || low >= bound.high) return false;
  const shifted = indexText(offsetIndex(bound.index, -bound.low), scope, coordinates);
  return { text: `(${shifted.text} < ${unsigned(bound.high - bound.low)})`, level: shifted.level };
}
