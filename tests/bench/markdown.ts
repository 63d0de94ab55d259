/**
 * One page of Markdown from the rows.
 *
 * @module
 */
import type { KernelShare, Row } from "./result.ts";

/** Where and of what the rows were measured. */
export interface Setting {
  /** Lines for people: machine, versions, revision. */
  readonly lines: Readonly<Record<string, string>>;
  /** Title of the page. */
  readonly title: string;
}

/** A number with three digits that count, never in exponents. */
export function shortNumber(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const digits = 2 - Math.floor(Math.log10(Math.abs(value)));
  return value.toFixed(Math.max(0, Math.min(6, digits)));
}

const cell = (value: number | null): string => value === null ? "-" : shortNumber(value);
const escaped = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(" | ")} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] => [
  line(head),
  line(head.map((_, i) => i === 0 ? "---" : "---")),
  ...rows.map(line),
];

function timesTable(rows: readonly Row[]): string[] {
  return table(
    ["figure", "device", "ours, ms", "spread, ms", "peer", "peer, ms", "peer / ours"],
    rows.map((row) => [
      row.name,
      row.device,
      cell(row.median_ms),
      cell(row.spread_ms),
      row.peer ?? "-",
      cell(row.peer_median_ms),
      row.ratio === null ? "-" : `${shortNumber(row.ratio)}x`,
    ]),
  );
}

function countsTable(rows: readonly Row[]): string[] {
  const seen = new Set<string>();
  const lines: string[][] = [];
  for (const { name, device, counts } of rows) {
    if (!counts || seen.has(`${name} ${device}`)) continue;
    seen.add(`${name} ${device}`);
    lines.push([
      name,
      device,
      Object.entries(counts).map(([key, n]) => `${key} ${Number.isInteger(n) ? n : shortNumber(n)}`).join(", "),
    ]);
  }
  return lines.length ? ["", "## Counts", "", ...table(["figure", "device", "counts"], lines)] : [];
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

function kernelsTable(name: string, kernels: readonly KernelShare[]): string[] {
  const rows = kernels.map(({ label, count, ms, arithmetic, bandwidth }) => [
    label,
    String(count),
    shortNumber(ms),
    percent(arithmetic),
    percent(bandwidth),
  ]);
  return [
    "",
    `## Kernels of ${name}`,
    "",
    ...table(["kernel", "count", "ms", "of peak arithmetic", "of peak bandwidth"], rows),
  ];
}

function listOf(title: string, items: readonly string[]): string[] {
  return items.length ? ["", `## ${title}`, "", ...items.map((item) => `- ${item}`)] : [];
}

/** The page. */
export function markdownOf(rows: readonly Row[], { title, lines }: Setting): string {
  const skipped = new Map<string, string[]>();
  for (const { name, device, peer, skipped: why } of rows) {
    if (!why || !peer) continue;
    const key = `${peer}: ${why}`;
    skipped.set(key, [...skipped.get(key) ?? [], `${name} (${device})`]);
  }
  const failed = rows.filter((row) => row.failed).map((row) => `${row.name} (${row.device}): ${row.failed}`);
  const page = [
    `# ${title}`,
    "",
    "Written by `deno task bench` from its measurements; what the figures mean is in `README.md` beside this file.",
    "",
    ...Object.entries(lines).map(([key, value]) => `- ${key}: ${value}`),
    "",
    "## Times",
    "",
    ...timesTable(rows.filter((row) => row.median_ms !== null && row.skipped === undefined)),
    ...countsTable(rows),
    ...rows.flatMap((row) => row.kernels ? kernelsTable(`${row.name} (${row.device})`, row.kernels) : []),
    ...listOf("Failed", failed),
    ...listOf("Skipped", [...skipped].map(([key, names]) => `${key} (${names.join(", ")})`)),
    "",
  ];
  return page.join("\n");
}
