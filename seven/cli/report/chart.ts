/**
 * Charts, drawn while the report is written: Observable Plot on a document that is no page.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { type Html, markup, printable, shorten, trusted } from "./html.ts";

/** The paper that a chart is drawn on. */
export interface Frame {
  /** Width in pixels. */
  readonly width: number;
  /** Whether it is for a phone. */
  readonly narrow: boolean;
}

const frames: readonly Frame[] = [{ width: 832, narrow: false }, { width: 360, narrow: true }];

/** A mark, or nothing. */
export type Mark = Plot.Markish | false;

/** A chart as Plot takes it; marks may be left out by `false`. */
export interface ChartOptions extends Omit<Plot.PlotOptions, "marks"> {
  /** What is drawn, the first at the bottom. */
  readonly marks: readonly Mark[];
}

/**
 * Draws a chart twice, for pages and for phones, so that its text has the same size on both; the style sheet shows one.
 *
 * @param label What the chart shows, for those who do not see it.
 * @param draw The chart on a paper.
 */
export function chart(label: string, draw: (frame: Frame) => ChartOptions): Html {
  return markup`${frames.map((frame) => render(label, frame, draw(frame)))}`;
}

/** Attributes with coordinates: a tenth of a pixel is enough. */
const places = ["d", "transform", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "width", "height"] as const;

function render(label: string, { width, narrow }: Frame, options: ChartOptions): Html {
  const { document } = parseHTML("<!doctype html><html><body></body></html>") as unknown as PlotDocument;
  const svg = Plot.plot({
    width,
    document,
    className: "plot",
    figure: false,
    ...options,
    marks: options.marks.filter((mark) => mark !== false),
  }) as unknown as SvgElement;
  svg.querySelector("style")?.remove();
  for (const element of svg.querySelectorAll("*")) {
    for (const name of places) {
      const value = element.getAttribute(name);
      if (value) element.setAttribute(name, rounded(value));
    }
  }
  svg.setAttribute("class", `plot ${narrow ? "narrow" : "wide"}`);
  // The library does not escape & in attributes, so that this one is written by hand.
  return markup`<svg role="img" aria-label="${shorten(label, 300)}"${trusted(svg.outerHTML.replace(/^<svg/, ""))}\n`;
}

/** A document as the types of Plot want it. */
type PlotDocument = Required<Pick<Plot.PlotOptions, "document">>;

/** As much of an element as is used here. */
interface SvgElement {
  readonly outerHTML: string;
  querySelector(selector: string): { remove(): void } | null;
  querySelectorAll(selector: string): Iterable<SvgElement>;
  getAttribute(name: string): string | null;
  setAttribute(name: string, value: string): void;
}

function rounded(text: string): string {
  return text.replace(/-?\d*\.\d+(?:e-?\d+)?|-?\d+e-?\d+/g, (number) => String(Math.round(10 * Number(number)) / 10));
}

/** The name of a line, right of a place. */
export function lineName([x, y]: readonly [number, number], name: string, color: string): Mark {
  return Plot.text([name], { x: () => x, y: () => y, text: (text) => text, fill: color, textAnchor: "start", dx: 7 });
}

/** Text that stands in a chart. */
export function chartText(text: string, limit = 24): string {
  return shorten(printable(text), limit);
}
