/**
 * Figures of a sweep: the metric against sparsity, a line for each method, as files of their own.
 *
 * @module
 */
import { colors } from "../report/colors.ts";
import { comparisonSection } from "../report/comparison.ts";
import type { Group } from "./results.ts";

/** What the chart takes from the page that it is made for. */
const style = `${colors} svg{background:var(--page);color:var(--ink)}
text{font:13px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;white-space:pre}`;

/**
 * Draws the figure of a group.
 *
 * @returns SVG with its styles in it; nothing where there are not two runs to compare.
 */
export function groupFigure({ cells }: Group): string | undefined {
  const runs = cells.map(({ record }) => record);
  const section = comparisonSection({ record: runs[0]!, events: [], densities: [], runs });
  // The first chart of the section is the one for wide pages.
  const svg = section?.text.match(/<svg[^]*?<\/svg>/)?.[0];
  return svg?.replace(/^<svg/, '<svg xmlns="http://www.w3.org/2000/svg"').replace(
    /(?<=^<svg[^>]*>)/,
    `<style>${style}</style>`,
  )
    .replace(/(?<=^<svg[^>]*)( xmlns="http:\/\/www\.w3\.org\/2000\/svg")([^>]*) xmlns="[^"]*"/, "$1$2").concat("\n");
}
