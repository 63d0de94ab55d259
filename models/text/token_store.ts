/**
 * Rows of token numbers, one after another in one array: two or four bytes a token instead of a list per row.
 *
 * @module
 */

import type { Encoded } from "./template.ts";

/** Rows of tokens, added one by one and read in any order. */
export class TokenStore {
  /** Tokens of each row that was added. */
  readonly lengths: Uint32Array;
  readonly #starts: Float64Array;
  #ids: Uint16Array | Uint32Array;
  #typeIds: Uint8Array;
  #rows = 0;
  #used = 0;

  /**
   * Makes a store without rows.
   *
   * @param rows Rows that will be added.
   * @param vocabularySize One more than the largest number of a token.
   */
  constructor(rows: number, vocabularySize: number) {
    this.lengths = new Uint32Array(rows);
    this.#starts = new Float64Array(rows);
    const room = 32 * rows;
    this.#ids = vocabularySize <= 2 ** 16 ? new Uint16Array(room) : new Uint32Array(room);
    this.#typeIds = new Uint8Array(room);
  }

  /**
   * Adds a row.
   *
   * @param row Its tokens.
   */
  add({ ids, typeIds }: Encoded): void {
    const end = this.#used + ids.length;
    if (end > this.#ids.length) this.#grow(2 * end);
    this.#ids.set(ids, this.#used);
    this.#typeIds.set(typeIds, this.#used);
    this.#starts[this.#rows] = this.#used;
    this.lengths[this.#rows++] = ids.length;
    this.#used = end;
  }

  /**
   * Copies a row.
   *
   * @param row Its number.
   * @param ids Gets the tokens.
   * @param typeIds Gets their types.
   * @param at First element that is written.
   */
  copy(row: number, ids: Uint32Array, typeIds: Uint32Array, at: number): void {
    const start = this.#starts[row];
    const end = start + this.lengths[row];
    ids.set(this.#ids.subarray(start, end), at);
    typeIds.set(this.#typeIds.subarray(start, end), at);
  }

  #grow(room: number): void {
    const ids = this.#ids instanceof Uint16Array ? new Uint16Array(room) : new Uint32Array(room);
    const typeIds = new Uint8Array(room);
    ids.set(this.#ids);
    typeIds.set(this.#typeIds);
    this.#ids = ids;
    this.#typeIds = typeIds;
  }
}
