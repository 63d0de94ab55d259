/**
 * How long a forward pass takes before and after pruning.
 *
 * @module
 */
import type { LatencySpread } from "../timing.ts";
import type { ReportData } from "./data.ts";
import { type Html, markup } from "./html.ts";
import { short, whole } from "./numbers.ts";
import { section, table } from "./parts.ts";
import { zerosNote } from "./zeros.ts";

/** Measured latencies; nothing where there are none. */
export function latencySection(data: ReportData): Html | undefined {
  const { timing, record: { device } } = data;
  if (!timing?.latency) return undefined;
  const { rows, passes, dense, pruned } = timing.latency;
  const row = (name: string, { median, least, lower, upper }: LatencySpread): string[] => [
    name,
    `${short(median)} ms`,
    `${short(lower)} – ${short(upper)} ms`,
    `${short(least)} ms`,
    ratioText(median, dense.median),
  ];
  const listed = table({
    label: "Latency of a forward pass",
    head: ["model", `batch of ${whole(rows)}`, "middle half", "fastest", "of dense"],
    rows: [row("dense", dense), row("pruned", pruned)],
  });
  const times = passes === 1 ? "one pass of each" : `medians of ${whole(passes)} passes of each, in turn`;
  const caption = `Forward passes on the ${device} device with the same program and the same batch of ${whole(rows)} ` +
    `rows: ${times}. A difference within the spread is that of the machine.`;
  return section(
    "Latency",
    markup`<figure>${listed}\n<figcaption>${caption}</figcaption></figure>\n<p>${zerosNote(data, "latency")}</p>`,
  );
}

function ratioText(value: number, dense: number): string {
  return dense > 0 && Number.isFinite(value) ? (value / dense).toFixed(2) : "–";
}
