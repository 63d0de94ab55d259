/**
 * Sentinel weights of a run: the picture, the counts of every layer, and how they went.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import type { SentinelCount } from "../../sentinels.ts";
import { chart, lineName } from "./chart.ts";
import type { ReportData } from "./data.ts";
import { histogramFigure } from "./histogram.ts";
import { type Html, markup, shorten } from "./html.ts";
import { layerNames, placeOf } from "./layers.ts";
import { compact, domainOf, isDrawable, short, spread, whole } from "./numbers.ts";
import { and, bars, figure, section, table } from "./parts.ts";

/** Rows of bars at most. */
const MOST_ROWS = 120;

type Counts = Readonly<Record<string, SentinelCount>>;

/** Counts after a step. */
interface Look extends SentinelCount {
  readonly step: number;
  readonly of: Counts;
}

/** The section; nothing where the run did not look for sentinels. */
export function sentinelSection({ events, histogram, record: { result: { kept } } }: ReportData): Html | undefined {
  const looks = events.flatMap(({ step, sentinels }): Look[] =>
    isDrawable(step) && sentinels && Object.keys(sentinels).length > 0
      ? [{ step, of: sentinels, ...total(Object.values(sentinels)) }]
      : []
  );
  const last = looks.at(-1);
  return section(
    "Sentinel weights",
    histogram && histogramFigure(histogram, kept),
    last && layerBars(last),
    looks.length > 1 && courseFigure(looks),
  );
}

function total(counts: readonly SentinelCount[]): SentinelCount {
  const sum = (side: keyof SentinelCount): number =>
    counts.reduce((sum, count) => sum + (isDrawable(count[side]) ? count[side] : 0), 0);
  return { sentinel: sum("sentinel"), temporary: sum("temporary") };
}

/** Bars of every layer; of every tensor that is in none. */
function layerBars({ step, of, sentinel, temporary }: Look): Html {
  const places = new Map(Object.keys(of).map((name) => [name, placeOf(name)]));
  const nameOf = layerNames([...places.values()].filter((place) => place !== undefined));
  const groups = Map.groupBy(Object.entries(of), ([name]) => {
    const place = places.get(name);
    return place ? nameOf(place) : name;
  });
  const rows = [...groups].map(([name, counts]) => ({ name, ...total(counts.map(([, count]) => count)) }));
  const greatest = Math.max(1, ...rows.flatMap(({ sentinel, temporary }) => [sentinel, temporary]));
  const shown = rows.slice(0, MOST_ROWS);
  const listed = table({
    label: `Sentinel weights and temporary ones of each layer after step ${whole(step)}`,
    kind: "bars",
    head: ["", "weights", "share of SW"],
    rows: [
      ...shown.map((row) => [shorten(row.name, 100), layerBar(row, greatest), shareOf(row)]),
      ...(rows.length > 1 ? [["all", both({ sentinel, temporary }), shareOf({ sentinel, temporary })]] : []),
    ],
  });
  const key =
    markup`<ul class="key"><li><i></i>sentinel weights (SW)</li><li><i class="b"></i>temporary ones (TSW)</li></ul>`;
  const caption = `After step ${
    whole(step)
  }: of the large weights, those with steady gradients are SW, the others TSW.`;
  return markup`<figure>${key}\n${listed}${and(rows, shown)}\n<figcaption>${caption}</figcaption></figure>\n`;
}

function layerBar({ sentinel, temporary }: SentinelCount, greatest: number): Html {
  return bars([sentinel, temporary].map((value) => ({ share: value / greatest, text: whole(value) })));
}

function both({ sentinel, temporary }: SentinelCount): Html {
  return markup`<div>${whole(sentinel)} SW</div><div>${whole(temporary)} TSW</div>`;
}

function shareOf({ sentinel, temporary }: SentinelCount): string {
  const sum = sentinel + temporary;
  return sum > 0 ? `${(100 * sentinel / sum).toFixed(1)} %` : "–";
}

function courseFigure(looks: readonly Look[]): Html {
  const few = looks.filter((_, i) => i % Math.ceil(looks.length / 200) === 0 || i === looks.length - 1);
  const { step, sentinel, temporary } = few.at(-1)!;
  const label = `Sentinel weights from step ${whole(few[0]!.step)} to step ${whole(step)}`;
  const lines = [["sentinel", "SW", "var(--kept)"], ["temporary", "TSW", "var(--pruned)"]] as const;
  const height = 220;
  const x = domainOf(few.map(({ step }) => step), 0);
  const y: [number, number] = [0, domainOf([0, ...few.flatMap(({ sentinel, temporary }) => [sentinel, temporary])])[1]];
  const names = spread([sentinel, temporary], 15 * y[1] / (height - 72), y);
  const drawn = chart(label, ({ narrow }) => ({
    height,
    marginTop: 30,
    marginBottom: 42,
    marginLeft: 50,
    marginRight: 44,
    x: { domain: x, label: "step", labelArrow: "none", ticks: narrow ? 4 : 8, tickFormat: short },
    y: { domain: y, label: "weights", labelArrow: "none", grid: true, ticks: 5, tickFormat: compact },
    marks: lines.flatMap(([side, name, color], i) => [
      Plot.line(few, { x: "step", y: side, stroke: color, strokeWidth: 2, className: side }),
      Plot.dot(few, { x: "step", y: side, fill: color, r: 2.5, className: "looks" }),
      lineName([step, names[i]!], name, color),
    ]),
  }));
  return figure(drawn, "Large weights of both classes during the run.", {
    label,
    head: ["step", "SW", "TSW"],
    rows: few.map(({ step, sentinel, temporary }) => [whole(step), whole(sentinel), whole(temporary)]),
  });
}
