/**
 * What a model costs: time of kernels, and sizes of files.
 *
 * @module
 */
import type { ReportData } from "./data.ts";
import { type Html, markup, shorten } from "./html.ts";
import { bytesText, shareText, short, whole } from "./numbers.ts";
import { bars, section, table } from "./parts.ts";

/** Kernels that are listed. */
const MOST_KERNELS = 12;

/**
 * What zeros do not do: beside sizes, so that nobody takes one for the other.
 *
 * @param pattern What was pruned together; nothing where every weight went by itself.
 */
export function zerosAndSpeed(pattern = "unstructured"): string {
  const saved = "What they save is room, in files that are compressed or packed, and time only on ";
  return pattern === "unstructured"
    ? "Unstructured zeros do not speed up dense kernels: a forward pass multiplies by them and takes as long as that " +
      `of the dense model. ${saved}kernels or hardware that are made for sparse matrices.`
    : `Zeros in the pattern ${pattern} do not speed up dense kernels by themselves: as long as they are stored, a ` +
      `forward pass multiplies by them and takes as long as that of the dense model. ${saved}kernels or hardware that ` +
      "are made for the pattern, or where what is all zeros is cut out of the matrices.";
}

/** Time of the longest kernels; nothing where none was measured. */
export function kernelSection({ kernels = [] }: ReportData): Html | undefined {
  const timed = kernels.filter(({ milliseconds }) => milliseconds >= 0 && milliseconds < 1e100);
  if (timed.length === 0) return undefined;
  const sorted = timed.toSorted((a, b) => b.milliseconds - a.milliseconds);
  const [shown, rest] = [sorted.slice(0, MOST_KERNELS), sorted.slice(MOST_KERNELS)];
  const sum = (some: typeof timed): number => some.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const all = sum(timed), longest = shown[0]!.milliseconds;
  const share = (milliseconds: number): string => shareText(all > 0 ? milliseconds / all : 0, 1);
  const last = rest.length > 0 ? [[`${whole(rest.length)} others`, `${short(sum(rest))} ms`, share(sum(rest))]] : [];
  const listed = table({
    label: "The longest kernels",
    kind: "bars",
    head: ["kernel", "time", "share"],
    rows: [
      ...shown.map(({ label, milliseconds }) => [
        shorten(label, 160),
        bars([{ share: milliseconds / longest, text: `${short(milliseconds)} ms` }]),
        share(milliseconds),
      ]),
      ...last,
    ],
  });
  const caption = `Time on the device of the kernels of one step, ${short(all)} ms in all.`;
  return section("Time by kernel", markup`<figure>${listed}\n<figcaption>${caption}</figcaption></figure>`);
}

/** Sizes of the files; nothing where they are not known. */
export function sizeSection({ sizes, record }: ReportData): Html | undefined {
  if (!sizes) return undefined;
  const { before, after } = sizes;
  const kinds = [["dense", "model.safetensors"], ["gzip", "through gzip"], ["packed", "packed"]] as const;
  const rows = kinds.filter(([kind]) => before[kind] !== undefined || after[kind] !== undefined)
    .map(([kind, name]) => [name, sizeText(before[kind]), sizeText(after[kind]), ratio(after[kind], before.dense)]);
  const packed = after.packed !== undefined &&
    " Packed is a bit for each prunable weight, and the values of those that are kept.";
  return section(
    "Size",
    table({ label: "Sizes of the files", head: ["weights", "before", "after", "of dense"], rows }),
    markup`<p>${zerosAndSpeed(shorten(record.options.pattern ?? "unstructured", 40))}${packed}</p>`,
  );
}

function sizeText(size: number | undefined): string {
  return size === undefined ? "–" : bytesText(size);
}

function ratio(size: number | undefined, dense: number): string {
  return size === undefined || !(dense > 0) ? "–" : shareText(size / dense, 1);
}
