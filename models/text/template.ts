/**
 * Where special tokens go around one text or two.
 *
 * @module
 */

import { DataError } from "../data/error.ts";
import type { Library } from "./library.ts";

/** Tokens of one text or two with the special tokens. */
export interface Encoded {
  /** Number of each token. */
  readonly ids: number[];
  /** Which text each token belongs to: 0 or 1. */
  readonly typeIds: number[];
}

/** A place of a template: a special token, or a whole text. */
export interface Slot {
  /** Number of the special token; none for a text. */
  readonly id: number | undefined;
  /** Which text: 0 or 1; 0 for a special token. */
  readonly text: 0 | 1;
  /** Type of the tokens at this place. */
  readonly typeId: number;
}

/** The places in order. */
export type Template = readonly Slot[];

/** Stand for the texts; no token of a vocabulary that is a word looks so. */
const probes = ["\0first\0", "\0second\0"] as const;

/**
 * Finds out where a tokenizer puts special tokens, by having it arrange texts of one token.
 *
 * @param library The tokenizer.
 * @param pair Whether there are two texts.
 * @returns The template.
 * @throws {DataError} when a text is left out or comes twice, or a special token is not in the vocabulary.
 */
export function readTemplate(library: Library, pair: boolean): Template {
  const { tokens, typeIds } = library.arrange([probes[0]], pair ? [probes[1]] : undefined);
  // Processors that add nothing leave the second text out.
  if (pair && !tokens.includes(probes[1])) tokens.push(probes[1]);
  for (const probe of pair ? probes : [probes[0]]) {
    if (tokens.filter((token) => token === probe).length !== 1) {
      throw new DataError(
        `${library.name}: post_processor does not take each text once; use the checkpoint's own file`,
      );
    }
  }
  return tokens.map((token, i): Slot => {
    const typeId = typeIds[i] ?? 0;
    if (!Number.isSafeInteger(typeId) || typeId < 0 || typeId > 1) {
      throw new DataError(`${library.name}: post_processor has the type ${typeId}; types are 0 and 1`);
    }
    if (token === probes[0]) return { id: undefined, text: 0, typeId };
    if (token === probes[1]) return { id: undefined, text: 1, typeId };
    const id = library.id(token);
    if (id !== undefined) return { id, text: 0, typeId };
    throw new DataError(
      `${library.name}: post_processor adds ${JSON.stringify(token)}, which the vocabulary lacks; add it there`,
    );
  });
}

/**
 * Puts texts into a template.
 *
 * @param template The template.
 * @param first Tokens of the first text.
 * @param second Tokens of the second text; empty where the template has one.
 * @returns All tokens with their types.
 */
export function assembleTokens(template: Template, first: ArrayLike<number>, second: ArrayLike<number>): Encoded {
  const ids: number[] = [];
  const typeIds: number[] = [];
  for (const { id, text, typeId } of template) {
    if (id !== undefined) {
      ids.push(id);
      typeIds.push(typeId);
      continue;
    }
    const tokens = text === 0 ? first : second;
    for (let i = 0; i < tokens.length; i++) {
      ids.push(tokens[i]);
      typeIds.push(typeId);
    }
  }
  return { ids, typeIds };
}
