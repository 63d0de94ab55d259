/**
 * The head of a report: what was run and what came out, in large numbers and in a sentence.
 *
 * @module
 */
import type { Metrics } from "../judge.ts";
import type { ReportData } from "./data.ts";
import { type Html, markup, shorten } from "./html.ts";
import { isShare, metricValue, shareText, short, whole } from "./numbers.ts";
import { section, table } from "./parts.ts";
import { zerosNote } from "./zeros.ts";

/** The title: method, task and sparsity. */
export function titleOf({ record: { method, options, result } }: ReportData): string {
  return `${shorten(method, 60)} on ${shorten(options.task, 60)}, ${shareText(result.sparsity, 1)} sparse`;
}

/** The head. */
export function summary(data: ReportData): Html {
  const { record: { seed, options, result } } = data;
  const { metric, dense, pruned, sparsity, kept, prunable } = result;
  const model = modelOf(data);
  const name = shorten(metric, 40);
  const about = [`Model: ${model}`, `task: ${shorten(options.task, 200)}`, `seed ${seed}`];
  const number = (title: string, value: string, below: string): Html =>
    markup`<div><dt>${title}</dt><dd>${value}<small>${below}</small></dd></div>\n`;
  const zeros = zerosNote(data, "head");
  return markup`<header><h1>${titleOf(data)}</h1>
<p class="faint">${about.join(" · ")}</p></header>
<dl class="numbers">
${number("sparsity", shareText(sparsity), `${whole(prunable - kept)} of ${whole(prunable)} weights are 0`)}
${number(`${name}, dense`, metricValue(metric, dense), "before pruning")}
${number(`${name}, pruned`, metricValue(metric, pruned), changeText(metric, dense, pruned))}
${number("weights kept", whole(kept), `of ${whole(prunable)}`)}</dl>
<p>${sentence(data, model)}</p>
${zeros !== undefined && markup`<p class="note faint">${zeros}</p>\n`}`;
}

/** All metrics of all splits; nothing where there is only the one that the head has. */
export function metricsSection({ record: { result: { metrics } } }: ReportData): Html | undefined {
  const before = rowsOf(metrics?.dense), after = new Map(rowsOf(metrics?.pruned).map(({ key, value }) => [key, value]));
  if (before.length < 2) return undefined;
  return section(
    "All metrics",
    table({
      label: "All metrics before and after pruning",
      head: ["", "dense", "pruned", "change"],
      rows: before.slice(0, 100).map(({ key, split, metric, value }) => [
        `${shorten(split, 100)}, ${shorten(metric, 100)}`,
        metricValue(metric, value),
        metricValue(metric, after.get(key)),
        changeText(metric, value, after.get(key)),
      ]),
    }),
  );
}

function rowsOf(metrics: Metrics | undefined): { key: string; split: string; metric: string; value: number }[] {
  return Object.entries(metrics ?? {}).flatMap(([split, values]) =>
    Object.entries(values).map(([metric, value]) => ({ key: JSON.stringify([split, metric]), split, metric, value }))
  );
}

/** What to call the model. */
function modelOf({ model, record: { options } }: ReportData): string {
  return shorten(model ?? options.model ?? "a small ViT that the run trained first", 200);
}

/** What came out, in words. */
function sentence({ record: { method, options, result, steps } }: ReportData, model: string): string {
  const { metric, dense, pruned, kept, prunable } = result;
  const left = kept > 0 && prunable / kept >= 1.05
    ? `About one prunable weight in ${short(Number((prunable / kept).toPrecision(2)))} is left`
    : kept > 0
    ? "Nearly all prunable weights are left"
    : "No prunable weight is left";
  const [from, to] = [metricValue(metric, dense), metricValue(metric, pruned)];
  const went = from === to ? `stayed at ${to}` : `${pruned > dense ? "rose" : "fell"} from ${from} to ${to}`;
  const set = `set ${whole(prunable - kept)} of ${whole(prunable)} to exactly 0`;
  return `${left} of ${model}: ${shorten(method, 60)} ${set} ` +
    `while the model was fine-tuned for ${whole(steps ?? options.steps)} steps. On the whole evaluation data of ` +
    `${shorten(options.task, 200)}, ${shorten(metric, 40)} ${went}.${bestText(result, steps)}`;
}

/** The best state by validation, where the run looked. */
function bestText({ metric, best }: ReportData["record"]["result"], last: number): string {
  if (!best) return "";
  if (best.step === last) return " No earlier state was better on held-out rows.";
  return ` The state of step ${whole(best.step)} was the best on held-out rows: it has ${shorten(metric, 40)} ` +
    `${metricValue(metric, best.pruned)} on the evaluation data.`;
}

/** A change in points of percent, or in the metric's own unit. */
function changeText(metric: string, before: number | undefined, after: number | undefined): string {
  const change = (after ?? NaN) - (before ?? NaN);
  if (!Number.isFinite(change)) return "–";
  const sign = change > 0 ? "+" : change < 0 ? "−" : "±";
  const size = Math.abs(change);
  return isShare(metric)
    ? `${sign}${100 * size < 1e6 ? (100 * size).toFixed(2) : short(100 * size)} points`
    : `${sign}${short(size)}`;
}
