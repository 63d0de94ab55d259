/**
 * Texts, or pairs of texts, as rows of token numbers.
 *
 * @module
 */

import { checkRows } from "../data/check_rows.ts";
import { DataError } from "../data/error.ts";
import type { Batch, Split } from "../data/split.ts";
import { TokenStore } from "./token_store.ts";
import type { TextRow } from "./text_task.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { longestFirst } from "./truncate.ts";

/** What a split of texts is made of. */
export interface TextSplitOptions {
  /** What to call the split in errors and records, such as `SST-2/dev.tsv`. */
  readonly name: string;
  /** The rows. */
  readonly rows: readonly TextRow[];
  /** Turns the texts into tokens. */
  readonly tokenizer: Tokenizer;
  /** Most tokens of a row, special ones included; longer texts are cut as {@linkcode longestFirst} says. */
  readonly maxLength: number;
  /** Lengths that batches may have, ascending; what exceeds `maxLength` is left out, `maxLength` is added. */
  readonly buckets?: readonly number[];
  /** True where labels are numbers, not classes. */
  readonly regression?: boolean;
}

/** Lengths of batches, unless others are asked for: each compiles a program, each spares padding. */
export const textBuckets: readonly number[] = [8, 16, 32, 64, 96, 128, 192, 256, 384, 512];

/** Tokens of a row: both texts cut to what fits, with the special tokens. */
function encodeRow({ text, pair }: TextRow, tokenizer: Tokenizer, maxLength: number): ReturnType<Tokenizer["encode"]> {
  const first = tokenizer.ids(text);
  const second = pair === undefined ? undefined : tokenizer.ids(pair);
  const room = maxLength - tokenizer.specialCount(second !== undefined);
  const [keepFirst, keepSecond] = second === undefined
    ? [Math.min(first.length, room), 0]
    : longestFirst(first.length, second.length, room);
  return tokenizer.assemble(first.slice(0, keepFirst), second?.slice(0, keepSecond));
}

/** Labels of all rows, or none where no row has one. */
function readLabels(rows: readonly TextRow[], regression: boolean, name: string): Float32Array | Uint32Array {
  const labelled = rows.filter(({ label }) => label !== undefined).length;
  if (labelled === 0) return regression ? new Float32Array(0) : new Uint32Array(0);
  const labels = regression ? new Float32Array(rows.length) : new Uint32Array(rows.length);
  rows.forEach(({ label }, row) => {
    if (label === undefined) {
      throw new DataError(`${name}: row ${row + 1} has no label but others have; give all rows one, or none`);
    }
    const valid = regression ? Number.isFinite(label) : Number.isSafeInteger(label) && label >= 0 && label < 2 ** 32;
    if (!valid) {
      const kind = regression ? "a number" : "a class, 0 or more";
      throw new DataError(`${name}: row ${row + 1} has the label ${label}; a label is ${kind}`);
    }
    labels[row] = label;
  });
  return labels;
}

/** The lengths that batches have: those asked for below the maximum, and the maximum. */
function readBuckets(buckets: readonly number[], maxLength: number, name: string): number[] {
  buckets.forEach((length, i) => {
    if (!Number.isSafeInteger(length) || length < 1 || length <= (buckets[i - 1] ?? 0)) {
      throw new DataError(`${name}: lengths of batches ${buckets.join(", ")}; use ascending whole numbers, 1 or more`);
    }
  });
  return [...buckets.filter((length) => length < maxLength), maxLength];
}

/**
 * Makes a split of texts. Each text is turned into tokens once; a batch is padded to the smallest length that holds
 * its longest row. Tensors of a batch of `size` rows and `T` tokens: `ids`, `typeIds` and `mask` (1 where a token is,
 * 0 where padding is), u32 `[size, T]`; `labels`, u32 `[size]`, or f32 for regression, 0 where there is none; `valid`,
 * f32 `[size]`. A row that is padding has one token, so that attention has something to look at.
 *
 * @param options Rows, tokenizer and lengths.
 * @returns The split.
 * @throws {DataError} when there is no row, a label or a length is out of range, or `maxLength` leaves no room for a
 * text.
 */
export function textSplit(options: TextSplitOptions): Split {
  const { name, rows, tokenizer, maxLength, buckets = textBuckets, regression = false } = options;
  if (rows.length === 0) throw new DataError(`${name}: there are no rows; use a file that has some`);
  const least = tokenizer.specialCount(rows.some(({ pair }) => pair !== undefined)) + 1;
  if (!Number.isSafeInteger(maxLength) || maxLength < least) {
    throw new DataError(`${name}: maximum length ${maxLength}; use a whole number, ${least} or more`);
  }
  const widths = readBuckets(buckets, maxLength, name);
  const labels = readLabels(rows, regression, name);
  const store = new TokenStore(rows.length, tokenizer.vocabularySize);
  for (const row of rows) store.add(encodeRow(row, tokenizer, maxLength));
  const { lengths } = store;

  const gather = (picked: ArrayLike<number>, size: number): Batch => {
    checkRows(picked, size, rows.length, name);
    let longest = 1;
    for (let i = 0; i < picked.length; i++) longest = Math.max(longest, lengths[picked[i]]);
    const width = widths.find((width) => width >= longest)!;
    const shape = [size, width];
    const ids = new Uint32Array(size * width).fill(tokenizer.padId);
    const typeIds = new Uint32Array(size * width);
    const mask = new Uint32Array(size * width);
    const targets = regression ? new Float32Array(size) : new Uint32Array(size);
    const valid = new Float32Array(size);
    for (let i = 0; i < size; i++) {
      const at = i * width;
      if (i >= picked.length) {
        ids[at] = tokenizer.clsId;
        mask[at] = 1;
        continue;
      }
      const row = picked[i];
      store.copy(row, ids, typeIds, at);
      mask.fill(1, at, at + lengths[row]);
      if (labels.length > 0) targets[i] = labels[row];
      valid[i] = 1;
    }
    return {
      ids: { shape, dtype: "u32", data: ids },
      typeIds: { shape, dtype: "u32", data: typeIds },
      mask: { shape, dtype: "u32", data: mask },
      labels: targets instanceof Float32Array
        ? { shape: [size], dtype: "f32", data: targets }
        : { shape: [size], dtype: "u32", data: targets },
      valid: { shape: [size], dtype: "f32", data: valid },
    };
  };
  return { name, count: rows.length, labels, lengths, gather };
}
