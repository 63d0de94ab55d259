/**
 * The sentinel picture: where weights lie by sensitivity and steadiness, kept ones and pruned ones in two colours.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { chart, type ChartOptions, type Frame } from "./chart.ts";
import { levels } from "./colors.ts";
import type { HistogramData } from "./data.ts";
import { type Content, type Html, markup } from "./html.ts";
import { type Cell, cutOf, gridOf } from "./histogram_grid.ts";
import { short, whole } from "./numbers.ts";
import { figure } from "./parts.ts";

/** What is drawn. */
interface Picture {
  readonly cells: readonly Cell[];
  /** Least steadiness of sentinel weights. */
  readonly threshold: number;
  /** Where large weights begin, as the logarithm of their sensitivity. */
  readonly cut: number | undefined;
}

/**
 * The picture; nothing where no weight was counted.
 *
 * @param histogram The counts.
 * @param keep How many weights are kept: as many count as large.
 */
export function histogramFigure(histogram: HistogramData, keep: number): Html | undefined {
  const columns = gridOf(histogram);
  if (!columns) return undefined;
  const picture = {
    cells: columns.flat().filter(({ kept, pruned }) => kept + pruned > 0),
    threshold: histogram.threshold ?? 0.5,
    cut: cutOf(columns, keep),
  };
  const [kept, pruned] = (["kept", "pruned"] as const)
    .map((side) => whole(picture.cells.reduce((sum, cell) => sum + cell[side], 0)));
  const label = `Numbers of weights by sensitivity and steadiness: ${kept} kept and ${pruned} pruned`;
  const key = markup`<ul class="key"><li><i></i>kept: ${kept}</li><li><i class="b"></i>pruned: ${pruned}</li></ul>`;
  const drawn = markup`${key}${chart(label, (frame) => options(picture, frame))}`;
  return figure(drawn, captionOf(picture), {
    label,
    head: ["sensitivity from", "steadiness from", "kept", "pruned"],
    rows: picture.cells.map(({ from, kept, pruned }) => [...from, whole(kept), whole(pruned)]),
  });
}

function captionOf({ threshold, cut }: Picture): Content {
  const large = cut === undefined
    ? ""
    : " The upright line is where the large weights begin, those that are as many as are kept, to the nearest bin.";
  return `Each box is a bin of weights: its rim tells how many of them are pruned, its core how many are kept, ` +
    `stronger for more (by logarithm). Sensitivity is |θ m̂|, steadiness |m̂| / √v̂. Large weights of steadiness ` +
    `${short(threshold)} or more are sentinel weights (SW), the other large ones are temporary (TSW).${large}`;
}

function options({ cells, threshold, cut }: Picture, { narrow }: Frame): ChartOptions {
  const most = { kept: greatest(cells, "kept"), pruned: greatest(cells, "pruned") };
  const fill = (side: "kept" | "pruned") => (cell: Cell): string =>
    `var(--${side}${Math.max(1, Math.ceil(levels * Math.log1p(cell[side]) / Math.log1p(most[side])))})`;
  const [from, to] = [Math.min(...cells.map(({ x1 }) => x1)), Math.max(...cells.map(({ x2 }) => x2))];
  const label = {
    fill: "var(--ink)",
    stroke: "var(--page)",
    strokeWidth: 4,
    fontWeight: 600,
    textAnchor: "end",
  } as const;
  return {
    height: narrow ? 300 : 400,
    marginTop: 30,
    marginBottom: 44,
    marginLeft: narrow ? 36 : 48,
    marginRight: 12,
    color: { type: "identity" },
    x: {
      domain: [from, to],
      label: "sensitivity",
      labelArrow: "none",
      ticks: powers(from, to, narrow ? 5 : 12),
      tickFormat: power,
    },
    y: { domain: [0, 1], label: "steadiness", labelArrow: "none", ticks: 5 },
    marks: [
      Plot.rect(cells.filter(({ pruned }) => pruned > 0), {
        x1: "x1",
        x2: "x2",
        y1: "y1",
        y2: "y2",
        fill: fill("pruned"),
        inset: 0.5,
        className: "pruned",
      }),
      Plot.rect(cells.filter(({ kept }) => kept > 0), {
        x1: ({ x1, x2 }: Cell) => x1 + 0.2 * (x2 - x1),
        x2: ({ x1, x2 }: Cell) => x2 - 0.2 * (x2 - x1),
        y1: ({ y1, y2 }: Cell) => y1 + 0.2 * (y2 - y1),
        y2: ({ y1, y2 }: Cell) => y2 - 0.2 * (y2 - y1),
        fill: fill("kept"),
        className: "kept",
      }),
      // Lines lie on a rim of the page's colour: they cross weak and strong colours.
      Plot.ruleY([threshold], { stroke: "var(--page)", strokeWidth: 4, strokeOpacity: 0.7 }),
      cut !== undefined && Plot.ruleX([cut], { stroke: "var(--page)", strokeWidth: 4, strokeOpacity: 0.7 }),
      Plot.ruleY([threshold], {
        stroke: "var(--ink)",
        strokeWidth: 1.5,
        strokeDasharray: "6,4",
        className: "threshold",
      }),
      cut !== undefined &&
      Plot.ruleX([cut], { stroke: "var(--ink)", strokeWidth: 1.5, strokeDasharray: "2,3", className: "large" }),
      Plot.text([[to, 1]], { ...label, text: () => "SW", dx: -6, dy: 12 }),
      Plot.text([[to, 0]], { ...label, text: () => "TSW", dx: -6, dy: -10 }),
      Plot.frame({ stroke: "var(--rule)" }),
    ],
  };
}

function greatest(cells: readonly Cell[], side: "kept" | "pruned"): number {
  return Math.max(1, ...cells.map((cell) => cell[side]));
}

/** Whole powers of ten between two, at most `most`. */
function powers(from: number, to: number, most: number): number[] {
  const first = Math.ceil(from), count = Math.floor(to) - first + 1;
  const each = Math.max(1, Math.ceil(count / most));
  return Array.from({ length: Math.max(0, Math.ceil(count / each)) }, (_, i) => first + i * each);
}

function power(exponent: number): string {
  return `10${[...String(exponent)].map((digit) => digit === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]).join("")}`;
}
