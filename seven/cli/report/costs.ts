/**
 * What a model costs: time of kernels, and sizes of files.
 *
 * @module
 */
import type { FileSizes, ReportData } from "./data.ts";
import { type Html, markup, shorten } from "./html.ts";
import { bytesText, shareText, short, whole } from "./numbers.ts";
import { bar, section, table } from "./parts.ts";

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
    ? "Unstructured zeros do not speed up dense kernels: a forward pass multiplies by them and takes as long as that of " +
      `the dense model. ${saved}kernels or hardware that are made for sparse matrices.`
    : `Zeros in the pattern ${pattern} do not speed up dense kernels by themselves: as long as they are stored, a forward ` +
      `pass multiplies by them and takes as long as that of the dense model. ${saved}kernels or hardware that are made ` +
      "for the pattern, or where what is all zeros is cut out of the matrices.";
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
  return section(
    "Time by kernel",
    markup`<figure>${
      table({
        label: "The longest kernels",
        kind: "bars",
        head: ["kernel", "time", "share"],
        rows: [
          ...shown.map(({ label, milliseconds }) => [
            shorten(label, 160),
            bar([{ share: milliseconds / longest, text: `${short(milliseconds)} ms` }]),
            share(milliseconds),
          ]),
          ...last,
        ],
      })
    }
<figcaption>Time on the device of the kernels of one step, ${short(all)} ms in all.</figcaption></figure>`,
  );
}

/** Sizes of the files; nothing where they are not known. */
export function sizeSection({ sizes, record }: ReportData): Html | undefined {
  if (!sizes) return undefined;
  const { before, after } = sizes;
  const kinds = ([["dense", "model.safetensors"], ["gzip", "through gzip"], [
    "packed",
    "packed: bit masks and kept values",
  ]] as const).filter(([kind]) => before[kind] !== undefined || after[kind] !== undefined);
  const text = (files: FileSizes, kind: keyof FileSizes): string =>
    files[kind] === undefined ? "–" : bytesText(files[kind]);
  const rows = kinds.map(([kind, name]) => [name, text(before, kind), text(after, kind), ratio(before, after, kind)]);
  return section(
    "Size",
    table({ label: "Sizes of the files", head: ["weights as a file", "before", "after", "of the dense file"], rows }),
    markup`<p>${zerosAndSpeed(shorten(record.options.pattern ?? "unstructured", 40))}</p>`,
  );
}

function ratio(before: FileSizes, after: FileSizes, kind: keyof FileSizes): string {
  const size = after[kind];
  return size === undefined || !(before.dense > 0) ? "–" : shareText(size / before.dense, 1);
}
