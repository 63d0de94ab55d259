/**
 * Configuration from outside: JSON text to checked values, with errors of one line.
 *
 * @module
 */

import { z } from "zod";

/** A schema, as much of it as checking needs: what zod makes. */
export interface Schema<T> {
  /** Checks a value without throwing. */
  safeParse(value: unknown):
    | { readonly success: true; readonly data: T }
    | { readonly success: false; readonly error: Faults };
}

/** The faults that a schema found. */
export interface Faults {
  /** One entry per fault, with the path of keys that leads to it. */
  readonly issues: { readonly message: string; readonly path: PropertyKey[] }[];
}

/**
 * Parses JSON.
 *
 * @param bytes UTF-8 text.
 * @returns The value.
 * @throws {SyntaxError | TypeError} when the bytes are no UTF-8 or the text no JSON.
 */
export function parseJson(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
}

/**
 * Checks a value against a schema.
 *
 * @typeParam T The type that the schema checks for.
 * @param schema The schema.
 * @param value The value, of unknown origin.
 * @param fail Makes the error from a line that lists every fault with its path.
 * @returns The value, with the schema's defaults filled in.
 * @throws What `fail` makes, when the value does not fit.
 */
export function validate<T>(schema: Schema<T>, value: unknown, fail: (faults: string) => Error): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const faults = z.prettifyError(result.error).split("✖ ").map((fault) => fault.replace(/\s+/g, " ").trim());
  throw fail(faults.filter((fault) => fault !== "").join("; "));
}
