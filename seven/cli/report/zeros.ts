/**
 * What zeros do not do: said once, beside the numbers that nobody should take for another.
 *
 * @module
 */
import type { ReportData } from "./data.ts";
import { shorten } from "./html.ts";

/** Where it may be said, in the order of preference. */
export type NotePlace = "latency" | "sizes" | "head";

/** The sentence, where this is the place for it: beside latencies if there are some, else sizes, else in the head. */
export function zerosNote({ timing, sizes, record }: ReportData, place: NotePlace): string | undefined {
  const best: NotePlace = timing?.latency ? "latency" : sizes ? "sizes" : "head";
  return place === best ? zerosAndSpeed(shorten(record.options.pattern ?? "unstructured", 40)) : undefined;
}

/** Of a pattern, or of weights that went by themselves. */
function zerosAndSpeed(pattern: string): string {
  const saved = "What they save is room, in files that are compressed or packed, and time only on ";
  return pattern === "unstructured"
    ? "Unstructured zeros do not speed up dense kernels: a forward pass multiplies by them and takes as long as that " +
      `of the dense model. ${saved}kernels or hardware that are made for sparse matrices.`
    : `Zeros in the pattern ${pattern} do not speed up dense kernels by themselves: as long as they are stored, a ` +
      `forward pass multiplies by them and takes as long as that of the dense model. ${saved}kernels or hardware that ` +
      "are made for the pattern, or where what is all zeros is cut out of the matrices.";
}
