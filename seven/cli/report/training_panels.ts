/**
 * Charts that share the axis of steps, one below the other.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { chart, type ChartOptions, chartText, type Frame, lineName, type Mark } from "./chart.ts";
import type { ReportData } from "./data.ts";
import { type Html, markup } from "./html.ts";
import { domainOf, isShare, shareText, short } from "./numbers.ts";

/** A value after a step. */
export interface Point {
  /** The step. */
  readonly step: number;
  /** What is drawn above it. */
  readonly value: number;
}

/** What the charts show. */
export interface Course {
  /** The axis of steps. */
  readonly steps: readonly [number, number];
  /** Steps that are shaded. */
  readonly window: ReportData["window"];
  /** Losses as they were. */
  readonly losses: readonly Point[];
  /** Means of the losses; nothing where there are too few. */
  readonly smooth: readonly Point[] | undefined;
  /** The metric on held-out rows. */
  readonly validation: readonly Point[];
  /** Sparsities. */
  readonly sparsities: readonly Point[];
  /** Name of the metric. */
  readonly metric: string;
  /** The step of the best state. */
  readonly best: number | undefined;
}

/** Points that are drawn as such, besides as a line, up to this number. */
const FEW = 60;

/** One of the charts. */
interface Panel {
  /** What the vertical axis shows. */
  readonly label: string;
  readonly height: number;
  /** The vertical axis. */
  readonly domain: readonly [number, number];
  readonly format: (value: number) => string;
  readonly marks: readonly Mark[];
}

/**
 * Draws the course.
 *
 * @param label What the charts show together.
 * @param course The course; there is a loss at least.
 */
export function courseCharts(label: string, course: Course): Html {
  const panels = [lossPanel(course), ...validationPanels(course), sparsityPanel(course)];
  const draw = (panel: Panel, last: boolean) => (frame: Frame): ChartOptions => options(panel, course, last, frame);
  return markup`${panels.map((panel, i) => chart(`${label}; ${panel.label}`, draw(panel, i === panels.length - 1)))}`;
}

function lossPanel({ losses, smooth }: Course): Panel {
  return {
    label: "loss",
    height: 220,
    domain: domainOf(losses.map(({ value }) => value)),
    format: short,
    marks: [
      line(losses, { stroke: "var(--faint)", strokeWidth: 1, strokeOpacity: smooth ? 0.6 : 1, className: "loss" }),
      losses.length <= FEW && dots(losses, { fill: "var(--faint)", r: 2, className: "losses" }),
      smooth !== undefined && line(smooth, { stroke: "var(--kept)", strokeWidth: 2.5, className: "smoothed" }),
      smooth !== undefined && ending(smooth, "smoothed", "var(--kept)"),
    ],
  };
}

/** None where the run did not look. */
function validationPanels({ validation, metric, best }: Course): Panel[] {
  if (validation.length === 0) return [];
  return [{
    label: `${chartText(metric)} on held-out rows`,
    height: 180,
    domain: domainOf(validation.map(({ value }) => value), 0.12),
    format: (value) => isShare(metric) ? shareText(value, 1) : short(value),
    marks: [
      line(validation, { stroke: "var(--line2)", strokeWidth: 2, className: "metric" }),
      dots(validation, { fill: "var(--line2)", r: 3.5, className: "evaluations" }),
      ...validation.filter(({ step }) => step === best).flatMap(({ step, value }) => [
        dots([{ step, value }], { stroke: "var(--line2)", strokeWidth: 1.5, r: 7, className: "best" }),
        Plot.text(["best"], { x: () => step, y: () => value, text: (text) => text, fill: "var(--line2)", dy: -15 }),
      ]),
    ],
  }];
}

function sparsityPanel({ sparsities }: Course): Panel {
  const [from, to] = domainOf(sparsities.map(({ value }) => value), 0.08);
  return {
    label: "sparsity",
    height: 150,
    domain: [Math.min(0, from), to],
    format: (value) => shareText(value, 0),
    marks: [
      line(sparsities, { stroke: "var(--pruned)", strokeWidth: 2, className: "sparsity" }),
      sparsities.length <= FEW && dots(sparsities, { fill: "var(--pruned)", r: 2, className: "sparsities" }),
      ending(sparsities, shareText(sparsities.at(-1)?.value, 1), "var(--pruned)"),
    ],
  };
}

/** Only the last chart has the axis of steps. */
function options(
  { label, height, domain, format, marks }: Panel,
  { steps, window }: Course,
  last: boolean,
  { narrow }: Frame,
): ChartOptions {
  return {
    height: height + (last ? 22 : 0),
    marginTop: 30,
    marginBottom: last ? 42 : 10,
    marginLeft: 58,
    marginRight: 78,
    x: { domain: steps },
    y: { domain, label, labelArrow: "none", ticks: Math.round(height / 45), tickFormat: format, grid: true },
    marks: [
      window !== undefined && Plot.rectX([window], {
        x1: ({ start }: { start: number }) => Math.max(steps[0], start - 1),
        x2: ({ end }: { end: number }) => Math.min(steps[1], end),
        fill: "var(--shade)",
        className: "window",
      }),
      last
        ? Plot.axisX({ ticks: narrow ? 4 : 8, tickFormat: short, label: "step", labelArrow: "none" })
        : Plot.axisX({ ticks: 0, label: null }),
      Plot.ruleY([domain[0]], { stroke: "var(--rule)" }),
      ...marks,
    ],
  };
}

function line(points: readonly Point[], options: Plot.LineOptions): Mark {
  return Plot.line([...points], { x: "step", y: "value", ...options });
}

function dots(points: readonly Point[], options: Plot.DotOptions): Mark {
  return Plot.dot([...points], { x: "step", y: "value", ...options });
}

/** The name of a line at its end. */
function ending(points: readonly Point[], text: string, color: string): Mark {
  const last = points.at(-1);
  return last !== undefined && lineName([last.step, last.value], text, color);
}
