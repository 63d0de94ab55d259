/**
 * Sentinel weights of a run: the picture, the counts of every layer, and how they went.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import type { SentinelCount } from "../../sentinels.ts";
import { chart } from "./chart.ts";
import type { ReportData } from "./data.ts";
import { histogramFigure } from "./histogram.ts";
import { type Html, markup, shorten } from "./html.ts";
import { layerNames, placeOf } from "./layers.ts";
import { domainOf, isDrawable, short, whole } from "./numbers.ts";
import { bar, figure, section, table } from "./parts.ts";

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
    sentinels && Object.keys(sentinels).length > 0 ? [{ step, of: sentinels, ...total(Object.values(sentinels)) }] : []
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
  return markup`<figure><ul class="key"><li><i></i>sentinel weights (SW)</li><li><i class="b"></i>temporary ones (TSW)</li></ul>
${
    table({
      label: `Sentinel weights and temporary ones of each layer after step ${whole(step)}`,
      kind: "bars",
      head: ["", "SW above, TSW below", "share of SW"],
      rows: [...shown, ...(rows.length > 1 ? [{ name: "all", sentinel, temporary }] : [])].map((row, i) => [
        shorten(row.name, 100),
        i < shown.length
          ? bar([row.sentinel, row.temporary].map((value) => ({ share: value / greatest, text: whole(value) })))
          : `${whole(row.sentinel)} SW, ${whole(row.temporary)} TSW`,
        shareOf(row),
      ]),
    })
  }${shown.length < rows.length && markup`<p class="note faint">And ${whole(rows.length - shown.length)} more.</p>`}
<figcaption>After step ${
    whole(step)
  }: of the large weights, those with steady gradients are SW, the others TSW.</figcaption>
</figure>\n`;
}

function shareOf({ sentinel, temporary }: SentinelCount): string {
  const sum = sentinel + temporary;
  return sum > 0 ? `${(100 * sentinel / sum).toFixed(1)} %` : "–";
}

function courseFigure(looks: readonly Look[]): Html {
  const few = looks.filter((_, i) => i % Math.ceil(looks.length / 200) === 0 || i === looks.length - 1);
  const label = `Sentinel weights from step ${whole(few[0]!.step)} to step ${whole(few.at(-1)!.step)}`;
  const lines = [["sentinel", "SW", "var(--kept)"], ["temporary", "TSW", "var(--pruned)"]] as const;
  const drawn = chart(label, ({ narrow }) => ({
    height: 220,
    marginTop: 30,
    marginBottom: 42,
    marginLeft: narrow ? 56 : 66,
    marginRight: 44,
    x: {
      domain: domainOf(few.map(({ step }) => step), 0),
      label: "step",
      labelArrow: "none",
      ticks: narrow ? 4 : 8,
      tickFormat: short,
    },
    y: {
      domain: domainOf([0, ...few.flatMap(({ sentinel, temporary }) => [sentinel, temporary])], 0.05).map((value, i) =>
        i === 0 ? Math.max(0, value) : value
      ),
      label: "weights",
      labelArrow: "none",
      grid: true,
      ticks: 5,
      tickFormat: short,
    },
    marks: lines.flatMap(([side, name, stroke]) => [
      Plot.line(few, { x: "step", y: side, stroke, strokeWidth: 2, ariaLabel: name }),
      Plot.dot(few, { x: "step", y: side, fill: stroke, r: 2.5, ariaLabel: `looks for ${name}` }),
      Plot.text(few.slice(-1), { x: "step", y: side, text: () => name, fill: stroke, textAnchor: "start", dx: 7 }),
    ]),
  }));
  return figure(drawn, "Large weights of both classes during the run.", {
    label,
    head: ["step", "SW", "TSW"],
    rows: few.map(({ step, sentinel, temporary }) => [whole(step), whole(sentinel), whole(temporary)]),
  });
}
