/**
 * Windows of SQuAD as a split: rows that become batches.
 *
 * @module
 */
import type { Split } from "../data/split.ts";
import { checkRows } from "../data/check_rows.ts";
import { DataError } from "../data/error.ts";
import type { SquadWindows } from "./squad_windows.ts";

/** Lengths that batches are padded to, so that few programs are compiled. */
const buckets = [64, 128, 192, 256, 320, 384, 512] as const;

/**
 * The smallest length for rows of so many tokens: one of 64, 128, 192, 256, 320, 384 and 512, or the maximum.
 *
 * @param length Tokens of the longest row.
 * @param maxLength Greatest number of tokens of a row.
 * @returns The length that a batch is padded to, at most `maxLength`.
 */
export function squadBatchLength(length: number, maxLength: number): number {
  return Math.min(buckets.find((bucket) => bucket >= length) ?? maxLength, maxLength);
}

/**
 * Makes a split whose rows are windows, by their numbers. A batch of `size` rows of `T` tokens has
 *
 * - `ids`, `typeIds`, `mask`: u32 `[size, T]`: tokens; 0 for the question and 1 for the context, both with the `[SEP]`
 *   behind them; 1 for tokens, 0 for padding;
 * - `starts`, `ends`: u32 `[size]`: positions of the answer's first and last token, 0 (`[CLS]`) where there is none;
 * - `valid`: f32 `[size]`.
 *
 * `T` is that of {@linkcode squadBatchLength} for the longest of the rows. A row that is padding has `[CLS]` alone, so that
 * attention has something to look at.
 *
 * @param windows The windows.
 * @param name Name of the split, for errors and records.
 * @returns The split; it has lengths and no labels.
 * @throws {DataError} when there are no windows.
 */
export function squadSplit(windows: SquadWindows, name: string): Split {
  const { queries, contexts, maxLength, special } = windows;
  const rows = windows.windows;
  if (rows.length === 0) throw new DataError(`${name}: there are no questions; use a file that has some`);
  const lengths = Uint32Array.from(rows, ({ length }) => length);
  return {
    name,
    count: rows.length,
    labels: [],
    lengths,
    gather: (chosen, size) => {
      checkRows(chosen, size, rows.length, name);
      let longest = 1;
      for (let i = 0; i < chosen.length; i++) longest = Math.max(longest, lengths[chosen[i]]);
      const width = squadBatchLength(longest, maxLength);
      const ids = new Uint32Array(size * width).fill(special.pad);
      const typeIds = new Uint32Array(size * width);
      const mask = new Uint32Array(size * width);
      const starts = new Uint32Array(size);
      const ends = new Uint32Array(size);
      const valid = new Float32Array(size);
      for (let i = 0; i < size; i++) {
        const at = i * width;
        ids[at] = special.cls;
        mask[at] = 1;
        if (i >= chosen.length) continue;
        const { question, first, count, offset, length, start, end } = rows[chosen[i]];
        const query = queries[question];
        const context = contexts[question].ids;
        for (let t = 0; t < query.length; t++) ids[at + 1 + t] = query[t];
        ids[at + offset - 1] = special.sep;
        for (let t = 0; t < count; t++) ids[at + offset + t] = context[first + t];
        ids[at + length - 1] = special.sep;
        typeIds.fill(1, at + offset, at + length);
        mask.fill(1, at, at + length);
        starts[i] = start;
        ends[i] = end;
        valid[i] = 1;
      }
      const matrix = (data: Uint32Array) => ({ shape: [size, width], dtype: "u32", data }) as const;
      const vector = (data: Uint32Array) => ({ shape: [size], dtype: "u32", data }) as const;
      return {
        ids: matrix(ids),
        typeIds: matrix(typeIds),
        mask: matrix(mask),
        starts: vector(starts),
        ends: vector(ends),
        valid: { shape: [size], dtype: "f32", data: valid },
      };
    },
  };
}
