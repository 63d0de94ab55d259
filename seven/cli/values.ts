/**
 * Reading option values. A value that cannot be is refused where it is parsed, by an error that says what would do. Each
 * reader also says by a JSON schema what it takes, for configuration files.
 *
 * @module
 */
import { InvalidArgumentError } from "commander";
import type { NamedShare } from "./options.ts";

/** A JSON schema, as much of it as options need. */
export type Schema = Readonly<Record<string, unknown>>;

/** Reads the text of an option; `before` is what the same option had when it was given before. */
export interface Parser<T> {
  (text: string, before?: T): T;
  /** What it takes, in a configuration file. */
  readonly schema: Schema;
}

function parser<T>(schema: Schema, parse: (text: string, before?: T) => T): Parser<T> {
  return Object.assign(parse, { schema });
}

function numberOf(text: string): number {
  return text.trim() === "" ? NaN : Number(text);
}

/** A whole number from `least` to `most`. */
export function whole(least: number, most: number = Number.MAX_SAFE_INTEGER): Parser<number> {
  const open = most === Number.MAX_SAFE_INTEGER;
  return parser({ type: "integer", minimum: least, ...(open ? {} : { maximum: most }) }, (text) => {
    const value = numberOf(text);
    if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Give a whole number${open ? `, ${least} or more` : ` from ${least} to ${most}`}.`);
  });
}

/** A share: from 0 to below 1. */
export function share(meaning: string): Parser<number> {
  return parser({ type: "number", minimum: 0, exclusiveMaximum: 1 }, (text) => {
    const value = numberOf(text);
    if (value >= 0 && value < 1) return value;
    throw new InvalidArgumentError(`Give ${meaning}, from 0 to below 1.`);
  });
}

/** A share from 0 to 1, both included. */
export function unit(): Parser<number> {
  return parser({ type: "number", minimum: 0, maximum: 1 }, (text) => {
    const value = numberOf(text);
    if (value >= 0 && value <= 1) return value;
    throw new InvalidArgumentError("Give a number from 0 to 1.");
  });
}

/** A finite number that is not negative, and not 0 unless `zero`. */
export function positive({ zero }: { readonly zero: boolean }): Parser<number> {
  return parser({ type: "number", ...(zero ? { minimum: 0 } : { exclusiveMinimum: 0 }) }, (text) => {
    const value = numberOf(text);
    if (Number.isFinite(value) && (zero ? value >= 0 : value > 0)) return value;
    throw new InvalidArgumentError(`Give a number ${zero ? "of 0 or more" : "above 0"}.`);
  });
}

/** One of some names. */
export function oneOf<T extends string>(names: readonly T[]): Parser<T> {
  return parser({ enum: names }, (text) => {
    if ((names as readonly string[]).includes(text)) return text as T;
    throw new InvalidArgumentError(`Give one of ${names.join(", ")}.`);
  });
}

/** Names divided by commas; used again, the option adds to what it had. */
export function someOf<T extends string>(names: readonly T[]): Parser<readonly T[]> {
  const one = oneOf(names);
  return parser(
    { type: "array", items: { enum: names }, uniqueItems: true },
    (text, before = []) => [...new Set([...before, ...text.split(",").map((name) => one(name.trim()))])],
  );
}

/** Texts divided by commas; used again, the option adds to what it had. */
export function listOf(): Parser<readonly string[]> {
  return parser({ type: "array", items: { type: "string", minLength: 1 } }, (text, before = []) => {
    const parts = text.split(",").map((part) => part.trim());
    if (parts.includes("")) throw new InvalidArgumentError("Give names or patterns, divided by commas.");
    return [...before, ...parts];
  });
}

/** A pattern of names with a share; used again, the option adds to what it had. */
export function shares(): Parser<readonly NamedShare[]> {
  const share = { type: "number", minimum: 0, maximum: 1 };
  return parser({ type: "object", additionalProperties: share }, (text, before = []) => {
    const cut = text.lastIndexOf("=");
    const value = numberOf(text.slice(cut + 1));
    if (cut < 1 || !(value >= 0 && value <= 1)) {
      throw new InvalidArgumentError("Give a pattern of names and a share, such as *.query.weight=0.5.");
    }
    return [...before, { pattern: text.slice(0, cut), share: value }];
  });
}
