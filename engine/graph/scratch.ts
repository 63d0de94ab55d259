/**
 * Scratch buffers of hand-written kernels: the graph must know their sizes to plan memory, the kernels what lies where.
 *
 * @module
 */
import type { Type } from "./node.ts";

const words = (count: number): Type => ({ shape: [count], dtype: "u32" });

/** Words of the table of passes of a sort: one row of 64 for each pass; rows of 2^26 pairs need 36. */
const PASS_WORDS = 64 * 64;

/** Scratch of a sort of `count` pairs: the pairs, two words each, and the table of passes. */
export function sortScratch(count: number): readonly Type[] {
  return [words(2 * count), words(PASS_WORDS)];
}

/** Counters of one digit of a selection, samples that it draws, and pairs that its last step sorts. */
export const SELECT_BINS = 2048;
/** Keys in a chunk: what one workgroup of a selection reads, and what ties are counted by. */
export const SELECT_CHUNK = 8192;
/** Words of the state of a selection. */
export const SELECT_STATE = 64;
/** Largest tensor, in words, that a selection reads through one binding: 64 MiB, which any device binds. */
export const SELECT_PIECE: number = 2 ** 24;
/** Smallest piece that the table of pieces has room for: a binding of 64 KiB, far below what devices offer. */
const LEAST_PIECE = 2 ** 14;

/** Pairs that a selection over `total` keys has room for while it narrows: an eighth of them, at most 128 MiB. */
export function selectCandidates(total: number): number {
  return Math.min(2 ** 24, Math.max(2 * SELECT_BINS, Math.ceil(total / 8)));
}

/**
 * Scratch of a selection over tensors of `sizes` elements: counters, state, samples, the last pairs and the ties of
 * each chunk; the candidates; the layout of the tensors.
 */
export function selectScratch(sizes: readonly number[]): readonly Type[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const pieces = sizes.reduce((sum, size) => sum + Math.ceil(size / LEAST_PIECE), 0);
  const chunks = sizes.reduce((sum, size) => sum + Math.ceil(size / SELECT_CHUNK), 0);
  return [
    words(4 * SELECT_BINS + SELECT_STATE + chunks),
    words(2 * selectCandidates(total)),
    words(2 * 64 * Math.max(1, pieces)),
  ];
}
