/** The page as a whole. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { type ReportData, reportHtml } from "../../../seven/cli/report/mod.ts";
import {
  assertDrawn,
  assertWellFormed,
  bare,
  eventsUpTo,
  marksOf,
  parsePage,
  recordWith,
  smallHistogram,
  smallTiming,
} from "./support.ts";

const name = (layer: number, matrix: string): string => `bert.encoder.layer.${layer}.${matrix}.weight`;

/** A report with every part. */
const full: ReportData = {
  record: recordWith(),
  model: "bert-base",
  events: eventsUpTo(400).map((event, i) =>
    i % 10 === 9 ? { ...event, sentinels: { [name(0, "output.dense")]: { sentinel: 30 + i, temporary: 10 } } } : event
  ),
  densities: [{ name: name(0, "output.dense"), kept: 20, size: 100 }, { name: "other.weight", kept: 1, size: 10 }],
  window: { start: 1, end: 200 },
  validation: [{ step: 100, validation: { accuracy: 0.8 } }, { step: 400, validation: { accuracy: 0.9 } }],
  runs: [{ method: "magnitude", seed: 1, result: { metric: "accuracy", dense: 0.92, pruned: 0.8, sparsity: 0.9 } }],
  histogram: smallHistogram,
  timing: smallTiming,
  sizes: { before: { dense: 4000, gzip: 3700 }, after: { dense: 4000, gzip: 1000, packed: 925 } },
  command: "deno task prune --sparsity 0.8",
};

const headings = {
  metrics: "All metrics",
  training: "The course of the run",
  comparison: "Accuracy against sparsity",
  density: "What is left of each matrix",
  sentinels: "Sentinel weights",
  latency: "Latency",
  kernels: "Time by kernel",
  sizes: "Size",
  recipe: "Recipe",
};

Deno.test("a full report is well formed, small, and has all parts in order", () => {
  const text = reportHtml(full);
  assertWellFormed(text);
  const page = parsePage(text);
  assertDrawn(page);
  assert.deepEqual(page.headings(), Object.values(headings));
  assert.equal(page.one("h1").textContent, "seven-pre on digits, 80.0 % sparse");
  assert.ok(text.length < 400_000, `${text.length} bytes`);
});

Deno.test("the head has the numbers and says them in a sentence", () => {
  const page = parsePage(reportHtml(full));
  const numbers = page.all(".numbers dd").map(({ textContent }) => textContent);
  assert.deepEqual(numbers, [
    "80.00 %800 of 1,000 weights are 0",
    "92.00 %before pruning",
    "90.00 %−2.00 points",
    "200of 1,000",
  ]);
  const sentence = page.all("main > p")[0]!.textContent;
  assert.match(
    sentence,
    /^About one prunable weight in 5 is left of bert-base: seven-pre set 800 of 1,000 to exactly 0/,
  );
  assert.match(sentence, /for 40 steps.*accuracy fell from 92.00 % to 90.00 %\.$/);
});

Deno.test("the best state by validation is told where there is one", () => {
  const record = recordWith();
  const best = { step: 30, sparsity: 0.8, validation: { accuracy: 0.9 }, pruned: 0.91, metrics: {} };
  const page = parsePage(reportHtml({ ...full, record: { ...record, result: { ...record.result, best } } }));
  const last = parsePage(reportHtml({ ...full, record: { ...record, steps: 30, result: { ...record.result, best } } }));
  assert.match(last.all("main > p")[0]!.textContent, /No earlier state was better on held-out rows\.$/);
  assert.match(page.all("main > p")[0]!.textContent, /The state of step 30 was the best on held-out rows.*91\.00 %/);
});

Deno.test("parts that are absent leave no heading behind", () => {
  const alone = reportHtml(bare);
  assertWellFormed(alone);
  assert.deepEqual(parsePage(alone).headings(), ["All metrics", "Recipe"]);
  const parts: readonly (readonly [Partial<ReportData>, readonly string[]])[] = [
    [{ events: [] }, [headings.training]],
    [{ runs: [] }, [headings.comparison]],
    [{ densities: [] }, [headings.density]],
    [{ timing: { schema: 1 } }, [headings.latency, headings.kernels]],
  ];
  for (const [changes, missing] of parts) {
    const left = Object.values(headings).filter((heading) => !missing.includes(heading));
    const { histogram: _, ...rest } = full;
    const data = changes.events ? { ...full, ...changes } : { ...rest, histogram: smallHistogram, ...changes };
    assert.deepEqual(parsePage(reportHtml(data)).headings(), left, missing.join());
  }
  const { histogram: _, sizes: __, ...unwatched } = full;
  const events = unwatched.events.map(({ sentinels: _, ...event }) => event);
  const page = parsePage(reportHtml({ ...unwatched, events }));
  assert.ok(!page.headings().includes(headings.sentinels) && !page.headings().includes(headings.sizes));
  for (const section of page.all("section")) assert.ok(section.children.length > 1, "a heading alone");
});

Deno.test("it says that zeros do not speed up dense kernels, once, whatever was measured", () => {
  const { sizes: _, ...unsized } = full;
  const { timing: __, ...untimed } = full;
  const { timing: ___, ...neither } = unsized;
  for (const data of [full, unsized, untimed, neither]) {
    const text = parsePage(reportHtml(data)).one("main").textContent;
    assert.equal(text.match(/zeros do not speed up dense kernels/g)?.length, 1);
  }
  const options = { ...recordWith().options, pattern: "2:4" };
  assert.match(reportHtml({ ...full, record: recordWith({ options }) }), /pattern 2:4 do not speed up dense kernels/);
});

Deno.test("every chart has a label, and its numbers as a table beneath it", () => {
  const page = parsePage(reportHtml(full));
  const charts = page.all("svg");
  assert.ok(charts.length >= 12, "each chart twice");
  for (const chart of charts) {
    assert.equal(chart.getAttribute("role"), "img");
    assert.ok(chart.getAttribute("aria-label")!.length > 20);
  }
  for (const figure of page.all("figure")) {
    if (figure.querySelector("svg")) assert.ok(figure.querySelector("details table tbody tr"), "numbers of the chart");
    assert.ok(figure.querySelector("figcaption")!.textContent.length > 10);
  }
});

Deno.test("charts for phones show what those for pages do", () => {
  const page = parsePage(reportHtml(full));
  const [wide, narrow] = ["svg.wide", "svg.narrow"].map((selector) => page.all(selector));
  assert.equal(wide!.length, narrow!.length);
  for (const [i, chart] of wide!.entries()) {
    for (const mark of ["losses", "smoothed", "evaluations", "runs", "kept", "pruned", "looks"]) {
      assert.equal(marksOf(chart, mark), marksOf(narrow![i]!, mark), mark);
    }
  }
});

const hostile = `<script>alert("1")</script><img src=x onerror='alert(2)'>&amp;</style></title>\u0000\u202e\ud800`;

/** A report in which every text is this one. */
function everywhere(text: string): ReportData {
  const record = recordWith();
  const metrics = { dense: { [text]: { [text]: 0.5, b: 1 } }, pruned: { [text]: { [text]: 0.4, b: 1 } } };
  return {
    ...full,
    record: {
      ...record,
      method: text,
      deviceDescription: text,
      result: { ...record.result, metric: text, metrics },
      options: { ...record.options, task: text, model: text, pattern: text, [text]: text },
      versions: { [text]: text },
    },
    model: text,
    events: full.events.map((event, i) =>
      i === 9 ? { ...event, sentinels: { [text]: { sentinel: 3, temporary: 4 } } } : event
    ),
    densities: [
      { name: text, kept: 1, size: 2 },
      { name: `${text}.layers.0.q_proj.weight`, kept: 1, size: 2 },
      { name: `layers.0.q_proj.weight`, kept: 1, size: 2 },
    ],
    validation: [{ step: 10, validation: { [text]: 0.4 } }],
    runs: [1, 2].map((seed) => ({
      method: text + seed,
      seed,
      result: { metric: text, dense: 0.5, pruned: 0.4, sparsity: 0.1 * seed },
    })),
    timing: { ...smallTiming, step: { ...smallTiming.step!, kernels: [{ label: text, milliseconds: 1 }] } },
    command: text,
  };
}

Deno.test("hostile names are text, wherever they stand", () => {
  const text = reportHtml(everywhere(hostile));
  assertWellFormed(text);
  const page = parsePage(text);
  assert.deepEqual(page.all("script, img, [onerror]"), []);
  assert.match(page.one("h1").textContent, /^<script>alert\("1"\)<\/script><img src=x/);
  assert.equal(page.all("style").length, 1, "charts bring no styles of their own");
  assert.ok(text.isWellFormed() && !text.includes("\u202e") && !text.includes("\u0000"));
});

Deno.test("texts of any length are cut, and numbers of events of any count are joined", () => {
  const long = everywhere("x<".repeat(20_000));
  const text = reportHtml({ ...long, events: eventsUpTo(200_000) });
  assertWellFormed(text);
  assert.ok(text.length < 400_000, `${text.length} bytes`);
});

Deno.test("a model of 48 layers, 35 runs, 2,000 events and a fine histogram are below 400 KB", () => {
  const matrices = ["attention.self.query", "attention.self.key", "attention.self.value", "output.dense"];
  const densities = Array.from(
    { length: 48 },
    (_, l) => matrices.map((m) => ({ name: name(l, m), kept: l, size: 99 })),
  );
  const sentinels = Object.fromEntries(densities.flat().map(({ name }, i) => [name, { sentinel: i, temporary: 7 }]));
  const edges = {
    sensitivity: Array.from({ length: 127 }, (_, i) => 10 ** (-12 + i / 10)),
    steadiness: Array.from({ length: 127 }, (_, i) => (i + 1) / 128),
  };
  const counts = Array.from({ length: 128 * 128 }, (_, i) => i % 5000);
  const runs = Array.from({ length: 35 }, (_, i) => ({
    method: `method ${i % 7}`,
    seed: i,
    result: { metric: "accuracy", dense: 0.9, pruned: 0.8 - i / 100, sparsity: 0.5 + (i % 5) / 10 },
  }));
  const events = eventsUpTo(20_000).map((event, i) => i % 20 === 0 ? { ...event, sentinels } : event);
  const text = reportHtml({
    ...full,
    events,
    densities: densities.flat(),
    runs,
    histogram: { kept: counts, pruned: counts, edges },
  });
  assertWellFormed(text);
  assertDrawn(parsePage(text));
  assert.ok(text.length < 400_000, `${text.length} bytes`);
});

const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string(),
  fc.constant(hostile),
  fc.constant("layer.3.fc1.weight"),
);
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.integer({ min: 0, max: 1000 }),
);
const some = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(item, { maxLength: 4 });
const values = fc.dictionary(text, number, { maxKeys: 3 });
const result = fc.record({
  metric: fc.constantFrom("accuracy", "loss"),
  dense: number,
  pruned: number,
  sparsity: number,
});

const spread = fc.record({ median: number, least: number, lower: number, upper: number });

const anything: fc.Arbitrary<ReportData> = fc.record({
  record: fc.record({
    method: text,
    seed: number,
    deviceDescription: text,
    steps: number,
    result: fc.tuple(result, number, number, fc.dictionary(text, values, { maxKeys: 2 })).map((
      [result, prunable, kept, metrics],
    ) => ({ ...result, prunable, kept, metrics: { dense: metrics, pruned: metrics } })),
    options: fc.record({ task: text, model: text, steps: number, pattern: text }),
    seconds: fc.record({ pruning: number, evaluation: number }),
    dispatches: values,
    versions: fc.dictionary(text, text, { maxKeys: 2 }),
  }),
  events: some(fc.record({
    step: number,
    loss: number,
    sparsity: number,
    kept: number,
    sentinels: fc.dictionary(text, fc.record({ sentinel: number, temporary: number }), { maxKeys: 3 }),
  })),
  densities: some(fc.record({ name: text, kept: number, size: number })),
  window: fc.record({ start: number, end: number }),
  validation: some(fc.record({ step: number, validation: fc.record({ accuracy: number, loss: number }) })),
  runs: some(fc.record({ method: text, seed: number, result })),
  histogram: fc.record({
    kept: fc.array(number, { minLength: 6, maxLength: 6 }),
    pruned: fc.array(number, { minLength: 6, maxLength: 6 }),
    edges: fc.record({
      sensitivity: fc.oneof(fc.constant([1e-9, 1]), fc.array(number, { minLength: 2, maxLength: 2 })),
      steadiness: fc.oneof(fc.constant([0.5]), fc.array(number, { minLength: 1, maxLength: 1 })),
    }),
    threshold: number,
  }),
  timing: fc.record({
    step: fc.record({
      turn: fc.constantFrom("prune", "observe", "train"),
      rows: number,
      batches: number,
      kernels: some(fc.record({ label: text, milliseconds: number })),
    }),
    latency: fc.record({ rows: number, passes: number, dense: spread, pruned: spread }),
  }),
  sizes: fc.record({
    before: fc.record({ dense: number, gzip: number }),
    after: fc.record({ dense: number, gzip: number, packed: number }),
  }),
  command: text,
}) as unknown as fc.Arbitrary<ReportData>;

Deno.test("any finite numbers and any strings give a well-formed page whose charts are drawn", () => {
  fc.assert(
    fc.property(anything, (data) => {
      const page = reportHtml(data);
      assertWellFormed(page);
      assertDrawn(parsePage(page));
    }),
    { numRuns: 40 },
  );
});

Deno.test("numbers that are no numbers are told by a dash", () => {
  const record = recordWith();
  const result = { ...record.result, dense: NaN, pruned: Infinity, sparsity: NaN };
  const events = eventsUpTo(30).map((event) => ({ ...event, loss: NaN }));
  const page = reportHtml({ ...full, events, record: { ...record, result } });
  assertWellFormed(page);
  assertDrawn(parsePage(page));
  assert.match(parsePage(page).one("h1").textContent, /– sparse$/);
});
