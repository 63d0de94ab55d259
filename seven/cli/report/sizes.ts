/**
 * Sizes of files.
 *
 * @module
 */
import type { ReportData } from "./data.ts";
import { type Html, markup } from "./html.ts";
import { bytesText, shareText } from "./numbers.ts";
import { section, table } from "./parts.ts";
import { zerosNote } from "./zeros.ts";

/** Sizes of the files; nothing where they are not known. */
export function sizeSection(data: ReportData): Html | undefined {
  const { sizes } = data;
  if (!sizes) return undefined;
  const { before, after } = sizes;
  const kinds = [["dense", "model.safetensors"], ["gzip", "through gzip"], ["packed", "packed"]] as const;
  const rows = kinds.filter(([kind]) => before[kind] !== undefined || after[kind] !== undefined)
    .map(([kind, name]) => [name, sizeText(before[kind]), sizeText(after[kind]), ratio(after[kind], before.dense)]);
  const packed = after.packed !== undefined &&
    "Packed is a bit for each prunable weight, and the values of those that are kept.";
  const notes = [zerosNote(data, "sizes"), packed].filter((note) => note);
  return section(
    "Size",
    table({ label: "Sizes of the files", head: ["weights", "before", "after", "of dense"], rows }),
    notes.length > 0 && markup`<p>${notes.join(" ")}</p>`,
  );
}

function sizeText(size: number | undefined): string {
  return size === undefined ? "–" : bytesText(size);
}

function ratio(size: number | undefined, dense: number): string {
  return size === undefined || !(dense > 0) ? "–" : shareText(size / dense, 1);
}
