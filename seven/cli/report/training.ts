/**
 * The course of a run: loss, metric and sparsity on one axis of steps.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import type { StepEvent } from "../../reports.ts";
import { chart, type ChartOptions, chartText, type Frame, lineName, type Mark } from "./chart.ts";
import type { ReportData } from "./data.ts";
import { type Content, type Html, markup, shorten } from "./html.ts";
import { domainOf, isDrawable, isShare, meanOf, metricValue, runningMean, shareText, short, whole } from "./numbers.ts";
import { figure, section, type TableOptions } from "./parts.ts";

/** Points of a line at most: more are joined, as no screen tells them apart. */
const MOST_POINTS = 500;

/** A place on the axis of steps. */
interface Point {
  readonly step: number;
  readonly value: number;
}

/** One of the charts that share the axis of steps. */
interface Panel {
  /** What the vertical axis shows. */
  readonly label: string;
  readonly height: number;
  /** The vertical axis. */
  readonly domain: readonly [number, number];
  readonly format: (value: number) => string;
  readonly steps: readonly [number, number];
  readonly window: ReportData["window"];
  /** Whether the axis of steps is drawn with this one. */
  readonly last: boolean;
  /** Marks with the data. */
  readonly marks: (frame: Frame) => readonly Mark[];
}

/** The section; nothing where nothing was logged. */
export function trainingSection(data: ReportData): Html | undefined {
  const { window, record: { result: { metric, best } } } = data;
  const logged = data.events.filter(({ step, loss }) => isDrawable(step) && isDrawable(loss));
  if (logged.length === 0) return undefined;
  const events = thinned(logged, MOST_POINTS);
  const validation = (data.validation ?? []).flatMap(({ step, validation: { [metric]: value } }) =>
    isDrawable(step) && isDrawable(value) ? [{ step, value }] : []
  );
  const width = smoothing(events.length);
  const losses = events.map(({ step, loss }) => ({ step, value: loss }));
  const smooth = runningMean(losses.map(({ value }) => value), width)
    .map((value, i) => ({ step: losses[i]!.step, value }));
  const steps = domainOf([0, ...logged.map(({ step }) => step), ...validation.map(({ step }) => step)], 0);
  const shared = { steps, window: drawableWindow(window) };
  const panels: Panel[] = [{
    ...shared,
    label: "loss",
    height: 220,
    domain: domainOf(losses.map(({ value }) => value)),
    format: short,
    last: false,
    marks: () => [
      line(losses, { stroke: "var(--faint)", strokeWidth: 1, strokeOpacity: width > 1 ? 0.6 : 1, className: "loss" }),
      losses.length < 60 && dots(losses, { fill: "var(--faint)", r: 2, className: "losses" }),
      width > 1 && line(smooth, { stroke: "var(--kept)", strokeWidth: 2.5, className: "smoothed" }),
      width > 1 && ending(smooth, "smoothed", "var(--kept)"),
    ],
  }];
  if (validation.length > 0) {
    panels.push({
      ...shared,
      label: `${chartText(metric)} on held-out rows`,
      height: 180,
      domain: domainOf(validation.map(({ value }) => value), 0.12),
      format: (value) => isShare(metric) ? shareText(value, 1) : short(value),
      last: false,
      marks: () => [
        line(validation, { stroke: "var(--line2)", strokeWidth: 2, className: "metric" }),
        dots(validation, { fill: "var(--line2)", r: 3.5, className: "evaluations" }),
        ...validation.filter(({ step }) => step === best?.step).flatMap(({ step, value }) => [
          dots([{ step, value }], { stroke: "var(--line2)", strokeWidth: 1.5, r: 7, className: "best" }),
          Plot.text(["best"], { x: () => step, y: () => value, text: (text) => text, fill: "var(--line2)", dy: -15 }),
        ]),
      ],
    });
  }
  const sparsities = events.map(({ step, sparsity }) => ({ step, value: sparsity }))
    .filter(({ value }) => isDrawable(value));
  panels.push({
    ...shared,
    label: "sparsity",
    height: 150,
    domain: withZero(domainOf(sparsities.map(({ value }) => value), 0.08)),
    format: (value) => shareText(value, 0),
    last: true,
    marks: () => [
      line(sparsities, { stroke: "var(--pruned)", strokeWidth: 2, className: "sparsity" }),
      sparsities.length < 60 && dots(sparsities, { fill: "var(--pruned)", r: 2, className: "sparsities" }),
      ending(sparsities, shareText(sparsities.at(-1)?.value, 1), "var(--pruned)"),
    ],
  });
  const label = `Course of the run over ${whole(steps[1])} steps: loss from ${short(losses[0]!.value)} to ` +
    `${short(smooth.at(-1)!.value)}, sparsity up to ${shareText(sparsities.at(-1)?.value)}`;
  const charts = markup`${
    panels.map((panel) => chart(`${label}; ${panel.label}`, (frame) => panelOptions(panel, frame)))
  }`;
  const caption = captionOf({ logged: logged.length, drawn: events.length, width, window: shared.window, validation });
  return section("The course of the run", figure(charts, caption, numbers(events, validation, metric)));
}

function panelOptions(
  { label, height, domain, format, steps, window, last, marks }: Panel,
  frame: Frame,
): ChartOptions {
  const ticks = Math.max(2, Math.round(height / 45));
  return {
    height: height + (last ? 22 : 0),
    marginTop: 30,
    marginBottom: last ? 42 : 10,
    marginLeft: 58,
    marginRight: 78,
    x: {
      domain: [...steps],
      label: last ? "step" : null,
      labelArrow: "none",
      ticks: frame.narrow ? 4 : 8,
      tickFormat: short,
    },
    y: {
      domain: [...domain],
      label,
      labelArrow: "none",
      ticks,
      tickFormat: (value: number) => format(value),
      grid: true,
    },
    marks: [
      window !== undefined && Plot.rectX([window], {
        x1: ({ start }: { start: number }) => Math.max(steps[0], start - 1),
        x2: ({ end }: { end: number }) => Math.min(steps[1], end),
        fill: "var(--shade)",
        className: "window",
      }),
      last
        ? Plot.axisX({ ticks: frame.narrow ? 4 : 8, tickFormat: short, label: "step", labelArrow: "none" })
        : Plot.axisX({ ticks: 0, label: null }),
      Plot.ruleY([domain[0]], { stroke: "var(--rule)" }),
      ...marks(frame),
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

/** How many events a mean is over: one where there are too few to smooth. */
function smoothing(count: number): number {
  return count < 12 ? 1 : 2 * Math.max(1, Math.round(count / 40)) + 1;
}

/** Joins neighbours until there are few enough: means of the loss, and what holds after the last of them. */
function thinned(events: readonly StepEvent[], most: number): readonly StepEvent[] {
  const each = Math.ceil(events.length / most);
  if (each <= 1) return events;
  return Array.from({ length: Math.ceil(events.length / each) }, (_, i) => {
    const joined = events.slice(i * each, (i + 1) * each);
    return { ...joined.at(-1)!, loss: meanOf(joined.map(({ loss }) => loss)) };
  });
}

function drawableWindow(window: ReportData["window"]): ReportData["window"] {
  return window && isDrawable(window.start) && isDrawable(window.end) && window.end >= window.start
    ? window
    : undefined;
}

function withZero([from, to]: readonly [number, number]): [number, number] {
  return [Math.min(0, from), to];
}

function captionOf(
  { logged, drawn, width, window, validation }: {
    readonly logged: number;
    readonly drawn: number;
    readonly width: number;
    readonly window: ReportData["window"];
    readonly validation: readonly Point[];
  },
): Content {
  const joined = drawn < logged ? ` The ${whole(logged)} logged steps are joined to ${whole(drawn)} means.` : "";
  const loss = width > 1
    ? `The thin line is the loss of the batches that were logged, the thick one its mean over ${width} of them.`
    : "The loss is that of the batches that were logged.";
  const evaluated = validation.length > 0
    ? " Points are evaluations during the run, on training rows that it did not learn from."
    : "";
  const shaded = window
    ? ` Shaded: the pruning window, ${
      window.start === window.end
        ? `step ${whole(window.start)}`
        : `steps ${whole(window.start)} to ${whole(window.end)}`
    }.`
    : "";
  return `${loss}${joined}${evaluated}${shaded}`;
}

function numbers(
  events: readonly StepEvent[],
  validation: readonly Point[],
  metric: string,
): TableOptions {
  const few = thinned(events, 200);
  const values = new Map(validation.map(({ step, value }) => [step, value]));
  const evaluated = validation.filter(({ step }) => !few.some((event) => event.step === step));
  const rows = [
    ...few.map(({ step, loss, sparsity, kept }) => ({ step, loss, sparsity, kept })),
    ...evaluated.map(({ step }) => ({ step, loss: undefined, sparsity: undefined, kept: undefined })),
  ].sort((a, b) => a.step - b.step);
  const withMetric = validation.length > 0;
  return {
    label: "Loss and sparsity by step",
    head: ["step", "loss", "sparsity", "kept", ...(withMetric ? [shorten(metric, 40)] : [])],
    rows: rows.map(({ step, loss, sparsity, kept }) => [
      whole(step),
      short(loss),
      shareText(sparsity),
      whole(kept),
      ...(withMetric ? [values.has(step) ? metricValue(metric, values.get(step)) : ""] : []),
    ]),
  };
}
