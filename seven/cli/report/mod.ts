/**
 * `report.html`: a run on one page, with its charts, its numbers and what repeats it.
 *
 * @module
 */
export { argumentsOf, commandLine } from "./command_line.ts";
export type { FileSizes, HistogramData, ReportData, RunPoint, Sizes, TensorDensity } from "./data.ts";
export { eventsOf, histogramData, recordOf, reportData, type RunFiles } from "./from_files.ts";
export { fileSizes } from "./measure.ts";
export { reportHtml } from "./report.ts";
