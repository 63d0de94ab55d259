/**
 * The report of a sweep for people, in Markdown.
 *
 * @module
 */
import { isShare, metricValue, shareText, short } from "../report/numbers.ts";
import { costText } from "./cost.ts";
import type { Group, Pairing, Row } from "./groups.ts";
import type { Finished } from "./results.ts";
import type { Spread } from "./statistics.ts";

/** A group with what its report has beside the table. */
export interface Part {
  /** The cells. */
  readonly group: Group;
  /** Methods against baselines, one baseline after another. */
  readonly pairings: readonly Pairing[];
  /** File of the figure, where there is one. */
  readonly figure?: string;
}

/**
 * Writes the report.
 *
 * @param parts A part for each task.
 * @param finished The cells that are finished.
 * @param planned Number of all cells.
 */
export function sweepMarkdown(parts: readonly Part[], finished: readonly Finished[], planned: number): string {
  const lines = [
    "# Results",
    "",
    finished.length < planned
      ? `${finished.length} of ${planned} cells are finished; what follows is of these alone.`
      : `All ${planned} cells are finished.`,
    "",
    escaped(costText(finished)),
    "",
    "± is the sample standard deviation over seeds (n - 1), n the number of seeds. A difference is paired: of the same " +
    "seeds, the method's value less the baseline's, its mean ± standard error; with few seeds that error is itself rough.",
    ...parts.flatMap(partLines),
  ];
  return `${lines.join("\n")}\n`;
}

function partLines({ group, pairings, figure }: Part): string[] {
  const { metric, greaterIsBetter } = group;
  const title = titleOf(group);
  return [
    "",
    `## ${escaped(title)}`,
    "",
    `${escaped(metric)}, ${greaterIsBetter ? "more" : "less"} is better`,
    "",
    ...overviewLines(group),
    ...resultLines(group),
    ...collapseLines(group),
    ...(figure === undefined ? [] : ["", `![${escaped(metric)} against sparsity](${encodeURI(figure)})`]),
    ...[...Map.groupBy(pairings, ({ baseline }) => baseline)].flatMap(([baseline, pairings]) => [
      "",
      `### Against ${escaped(baseline)}`,
      "",
      ...pairLines(pairings, metric),
    ]),
  ];
}

/** What a group is called. */
export function titleOf({ task, setting }: Pick<Group, "task" | "setting">): string {
  return setting === "" ? task : `${task}, ${setting}`;
}

/** The means at a glance: a row for each method, a column for each sparsity. Nothing where that is the other table. */
function overviewLines({ metric, rows }: Group): string[] {
  const sparsities = [...new Set(rows.map(({ sparsity }) => sparsity))];
  const methods = Map.groupBy(rows, ({ method }) => method);
  if (sparsities.length < 2 || methods.size < 2) return [];
  const texts = [...methods].map(([method, rows]) => {
    const cells = sparsities.map((sparsity) => rows.find((row) => row.sparsity === sparsity)?.spread);
    return [method, ...cells.map((spread) => spread ? spreadText(metric, spread) : "")];
  });
  const head = ["method", ...sparsities.map((sparsity) => shareText(sparsity, 1))];
  return [...table([head, ...texts], 0), ""];
}

function spreadText(metric: string, { mean, deviation }: Spread): string {
  return `${metricValue(metric, mean)}${deviation === undefined ? "" : ` ± ${metricValue(metric, deviation)}`}`;
}

function resultLines({ metric, dense, rows }: Group): string[] {
  const cells = (spread: Spread): string[] => [
    spreadText(metric, spread),
    spread.count > 1 ? `${metricValue(metric, spread.least)} to ${metricValue(metric, spread.greatest)}` : "–",
    `${spread.count}`,
  ];
  // Columns that some rows have something in.
  const further: (readonly [head: string, (row: Row) => string | undefined])[] = [
    ["held out", ({ heldOut }) => heldOut && spreadText(metric, heldOut)],
    ["setting", ({ choice }) => choice && (choice.of > 1 ? `${choice.setting}, of ${choice.of}` : choice.setting)],
  ];
  const shown = further.filter(([, of]) => rows.some((row) => of(row)));
  return table([
    ["sparsity", "method", "mean", "range", "n", ...shown.map(([head]) => head)],
    ["0 %", "dense", ...cells(dense), ...shown.map(() => "")],
    ...rows.map((row) => [
      shareText(row.sparsity, 1),
      row.method,
      ...cells(row.spread),
      ...shown.map(([, of]) => of(row) ?? ""),
    ]),
  ]);
}

/** Which runs lost weights whole: that is about their scope, not about how well they choose. */
function collapseLines({ cells }: Group): string[] {
  const runs = cells.filter(({ record }) => record.result.collapsed);
  const rows = Map.groupBy(runs, ({ label, sparsity }) => `${label} at ${shareText(sparsity, 1)}`);
  if (rows.size === 0) return [];
  const texts = [...rows].map(([row, runs]) => {
    const names = new Set(runs.flatMap(({ record }) => record.result.collapsed ?? []));
    const [first, ...others] = names;
    return `${row} (${runs.length} runs: ${first}${others.length > 0 ? ` and ${others.length} more` : ""})`;
  });
  return ["", escaped(`Weights of which no element is left: ${texts.join("; ")}.`)];
}

function pairLines(pairings: readonly Pairing[], metric: string): string[] {
  const unit = isShare(metric) ? "points" : metric;
  const scale = isShare(metric) ? 100 : 1;
  const number = (value: number): string => isShare(metric) ? (scale * value).toFixed(2) : short(value);
  // What rounds to nothing has no sign.
  const signed = (value: number): string => {
    const size = number(Math.abs(value));
    return Number(size) === 0 ? size : `${value > 0 ? "+" : "-"}${size}`;
  };
  return table([
    ["sparsity", "method", `difference (${unit})`, "n", "better", "worse", "same"],
    ...pairings.map(({ method, sparsity, count, difference, error, wins, losses, ties }) => [
      shareText(sparsity, 1),
      method,
      `${signed(difference)}${error === undefined ? "" : ` ± ${number(error)}`}`,
      `${count}`,
      `${wins}`,
      `${losses}`,
      `${ties}`,
    ]),
  ]);
}

/** A table; all columns but that of names to the right. */
function table([head, ...rows]: readonly (readonly string[])[], names = 1): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(" | ")} |`;
  return [line(head!), `| ${head!.map((_, i) => i === names ? "---" : "---:").join(" | ")} |`, ...rows.map(line)];
}

function escaped(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll(/[\\|`*_<>[\]]/g, "\\$&");
}
