/**
 * What makes a run repeatable: its options, what ran, and the command line.
 *
 * @module
 */
import { duration } from "../table.ts";
import { flagNames } from "./command_line.ts";
import type { ReportData } from "./data.ts";
import { type Html, markup, shorten } from "./html.ts";
import { section, table } from "./parts.ts";

/** Letters of a value at most. */
const LONGEST = 400;

/** The section. */
export function recipeSection({ record, command }: ReportData): Html | undefined {
  const names = flagNames();
  const options = Object.entries(record.options ?? {}).map(([key, value]) => [names.get(key) ?? key, valueText(value)]);
  const { pruning, evaluation } = record.seconds ?? {};
  const ran: readonly (readonly [string, string | undefined])[] = [
    ["device", record.deviceDescription],
    ["pruning and fine-tuning", timeText(pruning)],
    ["last evaluation", timeText(evaluation)],
    ...Object.entries(record.dispatches ?? {}).map(([turn, count]) =>
      [`kernels of a step, ${turn}`, valueText(count)] as const
    ),
    ...Object.entries(record.versions ?? {}).map(([name, version]) => [name, valueText(version)] as const),
  ];
  return section(
    "Recipe",
    command !== undefined && markup`<p>This repeats the run; give <code>--out</code> a new folder to keep it:</p>
<pre><code>${shorten(command, 4000)}</code></pre>\n`,
    options.length > 0 && listed("Options", ["option", "value"], options),
    listed("What ran", ["", ""], ran.flatMap(([name, text]) => text === undefined ? [] : [[name, text]])),
  );
}

function listed(title: string, head: readonly string[], rows: readonly (readonly string[])[]): Html {
  return markup`<h3>${title}</h3>${
    table({ label: title, kind: "words", head, rows: rows.map((row) => row.map(cut)) })
  }\n`;
}

function cut(text: string): string {
  return shorten(text, LONGEST);
}

function valueText(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.length > 0 ? value.map(valueText).join(", ") : "–";
  return JSON.stringify(value) ?? String(value);
}

function timeText(seconds: number | undefined): string | undefined {
  return seconds !== undefined && seconds >= 0 && seconds < 1e12 ? duration(seconds) : undefined;
}
