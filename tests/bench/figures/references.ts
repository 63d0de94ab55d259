/**
 * Selecting the k greatest in plain JavaScript: what a program does without an engine.
 *
 * @module
 */
import type { Arrays } from "../data.ts";
import { maskCheck } from "../fingerprint.ts";
import type { Work } from "../work.ts";
import type { Reference } from "./figure.ts";

/** Flags of the k greatest by sorting a copy; of equal ones the first. */
export function keepBySort(scores: Float32Array, keep: number): Uint8Array {
  const sorted = scores.slice().sort();
  return cutAt(scores, sorted[sorted.length - keep]!, keep);
}

/** Flags of the k greatest by radix selection: histograms of 11, 11 and 10 bits of order-preserving keys. */
export function keepByRadix(scores: Float32Array, keep: number): Uint8Array {
  const bits = new Uint32Array(scores.buffer, scores.byteOffset, scores.length);
  let prefix = 0, known = 0, wanted = keep;
  for (const [shift, width] of [[21, 11], [10, 11], [0, 10]] as const) {
    const counts = new Uint32Array(1 << width);
    for (let i = 0; i < bits.length; i++) {
      const key = keyOf(bits[i]!);
      if (known === 0 || key >>> known === prefix) counts[(key >>> shift) & (counts.length - 1)]!++;
    }
    let digit = counts.length - 1;
    while (wanted > counts[digit]!) wanted -= counts[digit--]!;
    prefix = ((prefix << width) | digit) >>> 0;
    known = shift;
  }
  const bit = prefix & 0x80000000 ? prefix & 0x7fffffff : ~prefix;
  return cutAt(scores, new Float32Array(Uint32Array.of(bit >>> 0).buffer)[0]!, keep);
}

const keyOf = (bits: number): number => (bits & 0x80000000 ? ~bits : bits | 0x80000000) >>> 0;

/** Flags of what is above the threshold, and of as many equal to it as are still wanted. */
function cutAt(scores: Float32Array, threshold: number, keep: number): Uint8Array {
  const flags = new Uint8Array(scores.length);
  let above = 0;
  for (let i = 0; i < scores.length; i++) if (scores[i]! > threshold) above++;
  let ties = keep - above;
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i]!;
    if (score > threshold) flags[i] = 1;
    else if (score === threshold && ties > 0) {
      flags[i] = 1;
      ties--;
    }
  }
  return flags;
}

/** Both ways, as contenders. */
export function selectionReferences(work: Work, arrays: Arrays): readonly Reference[] {
  if (work.kind !== "top-k") return [];
  const scores = arrays.scores!.data as Float32Array;
  const ways: [string, typeof keepBySort][] = [["Float32Array.sort", keepBySort], [
    "JavaScript radix select",
    keepByRadix,
  ]];
  return ways.map(([name, select]) => {
    const flags = select(scores, work.keep);
    return {
      check: maskCheck((i) => flags[i] === 1, scores.length),
      contender: {
        name,
        waitMs: 0,
        run(count) {
          const start = performance.now();
          for (let i = 0; i < count; i++) select(scores, work.keep);
          return Promise.resolve(performance.now() - start);
        },
      },
    };
  });
}
