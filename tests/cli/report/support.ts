/** Data for reports, and a strict look at the pages that come out. */

import assert from "node:assert/strict";
import { parseHTML } from "linkedom";
import { resolveOptions } from "../../../seven/cli/options.ts";
import type { HistogramData, ReportData } from "../../../seven/cli/report/mod.ts";
import type { RunRecord } from "../../../seven/cli/record.ts";
import type { Timing } from "../../../seven/cli/timing.ts";
import type { StepEvent } from "../../../seven/reports.ts";

/** The record of a run. */
export function recordWith(changes: Partial<RunRecord> = {}): RunRecord {
  return {
    schema: 1,
    method: "seven-pre",
    seed: 1,
    device: "cpu",
    deviceDescription: "cpu, 2 threads; asked for",
    result: {
      metric: "accuracy",
      dense: 0.92,
      pruned: 0.9,
      sparsity: 0.8,
      prunable: 1000,
      kept: 200,
      metrics: {
        dense: { test: { accuracy: 0.92, loss: 0.3 } },
        pruned: { test: { accuracy: 0.9, loss: 0.4 } },
      },
    },
    steps: 40,
    options: resolveOptions({ method: ["seven-pre"], steps: 40, pruneSteps: 20 }),
    seconds: { pruning: 61.4, evaluation: 2 },
    dispatches: { train: 100, prune: 120 },
    versions: { seven: "0.1.0", deno: "2.9.6" },
    ...changes,
  };
}

/** Events of every tenth step. */
export function eventsUpTo(last: number, every = 10): StepEvent[] {
  return Array.from({ length: Math.floor(last / every) }, (_, i) => {
    const step = (i + 1) * every, sparsity = Math.min(0.8, step / last);
    const loss = 2 / (1 + step / 100) + 0.1 * Math.sin(step);
    return { step, loss, sparsity, kept: Math.round(1000 * (1 - sparsity)), learningRate: 1e-3, pruned: step <= 20 };
  });
}

/** The least that a report can be of: no event, no tensor, no optional part. */
export const bare: ReportData = { record: recordWith(), events: [], densities: [] };

/** A histogram of 4 bins of sensitivity and 3 of steadiness. */
export const smallHistogram: HistogramData = {
  kept: [0, 0, 0, 0, 1, 5, 0, 10, 40, 0, 0, 0],
  pruned: [0, 0, 0, 300, 20, 0, 7, 0, 0, 0, 0, 0],
  edges: { sensitivity: [1e-6, 1e-5, 1e-4], steadiness: [0.25, 0.5] },
};

/** One kernel, and latencies. */
export const smallTiming: Timing = {
  schema: 1,
  step: { turn: "train", rows: 64, batches: 1, kernels: [{ label: "matmul", milliseconds: 2 }] },
  latency: {
    rows: 32,
    passes: 20,
    dense: { median: 10, least: 9, lower: 9.5, upper: 10.75 },
    pruned: { median: 10.2, least: 9.1, lower: 9.6, upper: 11 },
  },
};

/** A parsed page. */
export interface Page {
  /** Elements of a CSS selector. */
  all(selector: string): PageElement[];
  /** The one element of a selector. */
  one(selector: string): PageElement;
  /** Headings of sections, in order. */
  headings(): string[];
  /** Charts for wide pages in the section of a heading. */
  charts(heading: string): PageElement[];
}

/** As much of an element as tests look at. */
export interface PageElement {
  readonly tagName: string;
  readonly textContent: string;
  readonly children: ArrayLike<PageElement>;
  getAttribute(name: string): string | null;
  querySelector(selector: string): PageElement | null;
  querySelectorAll(selector: string): Iterable<PageElement>;
}

/** Parses a page. */
export function parsePage(text: string): Page {
  const { document } = parseHTML(text) as unknown as { document: PageElement };
  const all = (selector: string): PageElement[] => [...document.querySelectorAll(selector)];
  const one = (selector: string): PageElement => {
    const found = all(selector);
    assert.equal(found.length, 1, `${found.length} of ${selector}`);
    return found[0]!;
  };
  const charts = (heading: string): PageElement[] => {
    const section = all("section").find((section) => section.querySelector("h2")?.textContent === heading);
    assert.ok(section, `there is no section ${heading}`);
    return [...section.querySelectorAll("svg.wide")];
  };
  return { all, one, charts, headings: () => all("h2").map(({ textContent }) => textContent) };
}

/** Cells of the table in the section of a heading, without its head. */
export function rowsOf(text: string, heading: string): string[][] {
  const section = parsePage(text).all("section").find((section) =>
    section.querySelector("h2")?.textContent === heading
  )!;
  return [...section.querySelectorAll("tbody tr")].map(({ children }) => Array.from(children, (c) => c.textContent));
}

/** Marks of a class in a chart: the children of its group. */
export function marksOf(chart: PageElement, name: string): number {
  return [...chart.querySelectorAll(`g.${name}, .${name}:not(g)`)]
    .reduce((sum, group) => sum + (group.tagName.toLowerCase() === "g" ? group.children.length : 1), 0);
}

const empty = new Set(["meta", "br", "hr", "img", "input", "link"]);

/**
 * Asserts that a page is well formed: tags are closed in order, nothing but tags begins with <, every & begins an
 * entity; and that it asks for nothing: no script, no address, no handler.
 */
export function assertWellFormed(text: string): void {
  assert.ok(text.startsWith("<!doctype html>\n"));
  const open: string[] = [];
  const tag = /<(\/?)([a-zA-Z][\w-]*)((?:\s+[\w:-]+(?:="[^"<]*")?)*)\s*(\/?)>/y;
  const body = text.slice("<!doctype html>".length);
  for (let at = 0; at < body.length;) {
    if (body[at] !== "<") {
      const next = body.indexOf("<", at), run = body.slice(at, next < 0 ? undefined : next);
      if (open.at(-1) !== "style") {
        assert.doesNotMatch(run, /&(?!(amp|lt|gt|quot|#39|#\d+);)/, `an & at ${at}: ${run.slice(0, 80)}`);
      }
      at += run.length;
      continue;
    }
    tag.lastIndex = at;
    const found = tag.exec(body);
    assert.ok(found, `no tag at ${at}: ${body.slice(at, at + 80)}`);
    const [whole, closes, name, attributes, closed] = found as unknown as [string, string, string, string, string];
    assert.notEqual(name.toLowerCase(), "script");
    assert.doesNotMatch(attributes.replace(/="[^"]*"/g, "="), /\s(on\w+|src|href|srcset|action)=/i);
    if (closes) assert.equal(open.pop(), name, `closed at ${at}`);
    else if (!closed && !empty.has(name)) open.push(name);
    at += whole.length;
  }
  assert.deepEqual(open, []);
  assert.doesNotMatch(text, /@import|url\(/);
}

/** Asserts that every coordinate of every chart is a number. */
export function assertDrawn(page: Page): void {
  const names = ["d", "transform", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "width", "height", "viewBox"];
  for (const element of page.all("svg, svg *")) {
    for (const name of names) {
      const value = element.getAttribute(name);
      if (value !== null) assert.doesNotMatch(value, /NaN|Infinity|undefined|null/, `${element.tagName} ${name}`);
    }
  }
}
