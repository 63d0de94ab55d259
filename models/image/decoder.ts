/**
 * Opening a decoder: who turns files into rows, this thread or several others.
 *
 * @module
 */
import type { ImageDecoder } from "./inline_decoder.ts";
import { openPool } from "./pool.ts";

/** As many workers as there are processors besides the one that computes, 8 at most. */
function workersByDefault(): number {
  const processors = typeof navigator === "undefined" ? 2 : navigator.hardwareConcurrency ?? 2;
  return Math.min(8, Math.max(1, processors - 1));
}

/**
 * Opens a decoder with workers. They start with the first file, and each has one file at a time. Where workers cannot
 * start or one breaks down, the asking thread does all the work from then on.
 *
 * Under Deno and Node, idle workers let the process end. Where the package was loaded from a URL, Deno's workers do not:
 * release the decoder.
 *
 * @param workers How many; 0 decodes in the thread that asks. By default as many as there are processors but one, 8 at
 *   most.
 * @returns The decoder.
 * @throws {RangeError} when `workers` is not a whole number, 0 to 256.
 */
export function openDecoder(workers: number = workersByDefault()): ImageDecoder {
  if (!Number.isSafeInteger(workers) || workers < 0 || workers > 256) {
    throw new RangeError(`openDecoder: ${workers} workers; use a whole number, 0 to 256`);
  }
  return openPool(workers);
}
