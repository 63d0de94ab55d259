/**
 * The report of a run: one page that needs nothing else, no script and no network.
 *
 * @module
 */
import { comparisonSection } from "./comparison.ts";
import type { ReportData } from "./data.ts";
import { densitySection } from "./density.ts";
import { markup, trusted } from "./html.ts";
import { kernelSection } from "./kernels.ts";
import { latencySection } from "./latency.ts";
import { recipeSection } from "./recipe.ts";
import { sentinelSection } from "./sentinels.ts";
import { sizeSection } from "./sizes.ts";
import { style } from "./style.ts";
import { metricsSection, summary, titleOf } from "./summary.ts";
import { trainingSection } from "./training.ts";

/**
 * Writes the report.
 *
 * @param data What it is made of; parts that are absent leave no heading behind.
 * @returns HTML. It holds its styles and its charts (SVG), goes with light and dark screens, phones and paper, and has
 * the numbers of every chart as a table. All text of the run is escaped.
 */
export function reportHtml(data: ReportData): string {
  const sections = [
    metricsSection,
    trainingSection,
    comparisonSection,
    densitySection,
    sentinelSection,
    latencySection,
    kernelSection,
    sizeSection,
    recipeSection,
  ];
  const page = markup`<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${titleOf(data)}</title>
<style>${trusted(style)}</style></head>
<body><main>
${summary(data)}${sections.map((section) => section(data))}</main></body></html>`;
  return `<!doctype html>\n${page.text}\n`;
}
