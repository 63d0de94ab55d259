/**
 * The course of a run: loss, metric and sparsity on one axis of steps.
 *
 * @module
 */
import type { StepEvent } from "../../reports.ts";
import type { ReportData } from "./data.ts";
import { type Content, type Html, shorten } from "./html.ts";
import { domainOf, isDrawable, meanOf, metricValue, runningMean, shareText, short, whole } from "./numbers.ts";
import { figure, section, type TableOptions } from "./parts.ts";
import { courseCharts, type Point } from "./training_panels.ts";

/** Points of a line at most: more are joined, as no screen tells them apart. */
const MOST_POINTS = 500;

/** The section; nothing where nothing was logged. */
export function trainingSection(data: ReportData): Html | undefined {
  const { record: { result: { metric, best } } } = data;
  const logged = data.events.filter(({ step, loss }) => isDrawable(step) && isDrawable(loss));
  if (logged.length === 0) return undefined;
  const events = thinned(logged, MOST_POINTS);
  const validation = (data.validation ?? []).flatMap(({ step, validation: { [metric]: value } }) =>
    isDrawable(step) && isDrawable(value) ? [{ step, value }] : []
  );
  const losses = events.map(({ step, loss }) => ({ step, value: loss }));
  const sparsities = events.map(({ step, sparsity }) => ({ step, value: sparsity }));
  const means = runningMean(losses.map(({ value }) => value), smoothing(events.length));
  const course = {
    steps: domainOf([0, ...logged.map(({ step }) => step), ...validation.map(({ step }) => step)], 0),
    window: drawableWindow(data.window),
    losses,
    smooth: smoothing(events.length) > 1 ? means.map((value, i) => ({ step: losses[i]!.step, value })) : undefined,
    validation,
    sparsities: sparsities.filter(({ value }) => isDrawable(value)),
    metric,
    best: best?.step,
  };
  const label = `Course of the run over ${whole(course.steps[1])} steps: loss from ${short(losses[0]!.value)} to ` +
    `${short(means.at(-1))}, sparsity up to ${shareText(sparsities.at(-1)?.value)}`;
  const caption = captionOf(logged.length, events.length, course.window, validation.length > 0);
  return section(
    "The course of the run",
    figure(courseCharts(label, course), caption, numbers(events, validation, metric)),
  );
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

function captionOf(logged: number, drawn: number, window: ReportData["window"], evaluated: boolean): Content {
  const width = smoothing(drawn);
  const loss = width > 1
    ? `The thin line is the loss of the batches that were logged, the thick one its mean over ${width} of them.`
    : "The loss is that of the batches that were logged.";
  const joined = drawn < logged ? ` The ${whole(logged)} logged steps are joined to ${whole(drawn)} means.` : "";
  const looks = evaluated ? " Points are evaluations during the run, on training rows that it did not learn from." : "";
  return `${loss}${joined}${looks}${window ? ` Shaded: the pruning window, ${stepsText(window)}.` : ""}`;
}

function stepsText({ start, end }: { readonly start: number; readonly end: number }): string {
  return start === end ? `step ${whole(start)}` : `steps ${whole(start)} to ${whole(end)}`;
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
