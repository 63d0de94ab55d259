/**
 * Reading option values. A value that cannot be is refused where it is parsed, by an error that says what would do.
 *
 * @module
 */
import { InvalidArgumentError } from "commander";
import type { NamedShare } from "./options.ts";

/** Reads the text of an option. */
export type Parser<T> = (text: string) => T;

function numberOf(text: string): number {
  return text.trim() === "" ? NaN : Number(text);
}

/** A whole number from `least` to `most`. */
export function whole(least: number, most: number = Number.MAX_SAFE_INTEGER): Parser<number> {
  return (text) => {
    const value = numberOf(text);
    if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `, ${least} or more` : ` from ${least} to ${most}`;
    throw new InvalidArgumentError(`Give a whole number${range}.`);
  };
}

/** A share: from 0 to below 1. */
export function share(meaning: string): Parser<number> {
  return (text) => {
    const value = numberOf(text);
    if (value >= 0 && value < 1) return value;
    throw new InvalidArgumentError(`Give ${meaning}, from 0 to below 1.`);
  };
}

/** A finite number that is not negative, and not 0 unless `zero`. */
export function positive({ zero }: { readonly zero: boolean }): Parser<number> {
  return (text) => {
    const value = numberOf(text);
    if (Number.isFinite(value) && (zero ? value >= 0 : value > 0)) return value;
    throw new InvalidArgumentError(`Give a number ${zero ? "of 0 or more" : "above 0"}.`);
  };
}

/** One of some names. */
export function oneOf<T extends string>(names: readonly T[]): Parser<T> {
  return (text) => {
    if ((names as readonly string[]).includes(text)) return text as T;
    throw new InvalidArgumentError(`Give one of ${names.join(", ")}.`);
  };
}

/** Names divided by commas; used again, the option adds to what it had. */
export function someOf<T extends string>(names: readonly T[]): (text: string, before?: readonly T[]) => readonly T[] {
  const parse = oneOf(names);
  return (text, before = []) => [...new Set([...before, ...text.split(",").map((name) => parse(name.trim()))])];
}

/** A share from 0 to 1, both included. */
export function unit(): Parser<number> {
  return (text) => {
    const value = numberOf(text);
    if (value >= 0 && value <= 1) return value;
    throw new InvalidArgumentError("Give a number from 0 to 1.");
  };
}

/** Texts divided by commas; used again, the option adds to what it had. */
export function listOf(): (text: string, before?: readonly string[]) => readonly string[] {
  return (text, before = []) => {
    const parts = text.split(",").map((part) => part.trim());
    if (parts.includes("")) throw new InvalidArgumentError("Give names or patterns, divided by commas.");
    return [...before, ...parts];
  };
}

/** A pattern of names with a share; used again, the option adds to what it had. */
export function shares(): (text: string, before?: readonly NamedShare[]) => readonly NamedShare[] {
  return (text, before = []) => {
    const cut = text.lastIndexOf("=");
    const share = numberOf(text.slice(cut + 1));
    if (cut < 1 || !(share >= 0 && share <= 1)) {
      throw new InvalidArgumentError("Give a pattern of names and a share, such as *.query.weight=0.5.");
    }
    return [...before, { pattern: text.slice(0, cut), share }];
  };
}
