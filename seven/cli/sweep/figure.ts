/**
 * Figures of a sweep: the metric against sparsity, a line for each method, as files of their own.
 *
 * @module
 */
import { colors } from "../report/colors.ts";
import { comparisonSection } from "../report/comparison.ts";
import type { Group } from "./groups.ts";

/** Light colours by name, which come first in the style sheet: figures are for paper. */
const light: ReadonlyMap<string, string> = new Map(
  [...colors.split("@media")[0]!.matchAll(/--(\w+):(#[0-9a-f]{6})/g)].map(([, name, color]) => [name!, color!]),
);

/**
 * Draws the figure of a group: the chart that reports of single runs have, with its colours and letters in it, since
 * programs other than browsers know no style sheets.
 *
 * @returns SVG; nothing where there are not two runs to compare.
 */
export function groupFigure({ cells }: Group): string | undefined {
  const runs = cells.map(({ record, label, pruned }) => ({
    ...record,
    method: label,
    result: { ...record.result, pruned },
  }));
  const section = comparisonSection({ record: runs[0]!, events: [], densities: [], runs });
  // The first chart of the section is the one for wide pages.
  const [, attributes, content] = section?.text.match(/<svg([^>]*)>([^]*?)<\/svg>/) ?? [];
  if (attributes === undefined) return undefined;
  const own = attributes.replaceAll(/ (xmlns|font-size|class|fill)="[^"]*"/g, "");
  const [page, ink] = [light.get("page"), light.get("ink")];
  const root = `<svg xmlns="http://www.w3.org/2000/svg" font-size="13" fill="${ink}" color="${ink}"${own}>`;
  const back = `<rect width="100%" height="100%" fill="${page}" />`;
  return `${root}${back}${content}</svg>\n`.replaceAll(/var\(--(\w+)\)/g, (_, name) => light.get(name) ?? `${ink}`);
}
