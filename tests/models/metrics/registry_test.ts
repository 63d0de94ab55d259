import assert from "node:assert/strict";
import fc from "fast-check";
import { averageRanks, pearsonOf } from "../../../models/metrics/correlation.ts";
import { predictedClass, type RunningMetric } from "../../../models/metrics/metric.ts";
import { metricNamed, metrics } from "../../../models/metrics/registry.ts";
import { topK } from "../../../models/metrics/top_k.ts";
import numbers from "../../parity/metrics.json" with { type: "json" };
import { assertClose } from "../../support/assert_close.ts";

interface Case {
  readonly width: number;
  readonly labels: readonly number[];
  readonly outputs: readonly number[];
  readonly ranks?: readonly number[];
  readonly values: Readonly<Record<string, number>>;
}

const cases: Readonly<Record<string, Case>> = numbers.cases;
const error = (message: RegExp): object => ({ name: "DataError", message });

/** The value of a metric over rows that are given in batches of `batch`, each padded with rows that must not count. */
function valueOf(name: string, { width, labels, outputs }: Omit<Case, "values">, batch = labels.length): number {
  const running = metricNamed(name).open();
  for (let from = 0; from < labels.length; from += batch) {
    const count = Math.min(batch, labels.length - from);
    const rows = new Float32Array((batch + 1) * width).fill(99);
    rows.set(outputs.slice(from * width, (from + count) * width));
    running.add(rows, width, labels.slice(from, from + count), count);
  }
  return running.value();
}

for (const [name, given] of Object.entries(cases)) {
  Deno.test(`metrics agree with scikit-learn and SciPy, in one batch and in many: ${name}`, () => {
    for (const [metric, expected] of Object.entries(given.values)) {
      // Some numbers have no f32; a relative error of 2^-24 in them is all that may differ.
      const tolerance = { rtol: 1e-6, atol: 1e-7 };
      for (const batch of [given.labels.length, 7, 1]) {
        assertClose([valueOf(metric, given, batch)], [expected], tolerance, `${metric} in batches of ${batch}`);
      }
    }
    if (given.ranks) assertClose(averageRanks(given.outputs), given.ranks);
  });
}

Deno.test("the stored numbers cover every metric", () => {
  const covered = new Set(Object.values(cases).flatMap(({ values }) => Object.keys(values)));
  assert.deepEqual([...covered].sort(), Object.keys(metrics).sort());
});

Deno.test("matthews is 0 for constant predictions and f1 follows precision and recall, by hand", () => {
  // scikit-learn's own example: labels + + + -, predictions + - + +.
  const outputs = [0, 1, 1, 0, 0, 1, 0, 1];
  assertClose([valueOf("matthews", { width: 2, labels: [1, 1, 1, 0], outputs })], [-1 / 3]);
  assertClose([valueOf("f1", { width: 2, labels: [1, 1, 1, 0], outputs })], [2 / 3]);
  assert.equal(valueOf("matthews", { width: 2, labels: [1, 1, 1, 0], outputs: [0, 1, 0, 1, 0, 1, 0, 1] }), 0);
});

Deno.test("correlations of published examples", () => {
  // Anscombe's first quartet (1973), and the example of IQ and hours of television of Spearman's coefficient: -29/165.
  const x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5];
  const y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
  assertClose([pearsonOf(x, y)], [0.81642051634484], { rtol: 1e-13 });
  const iq = [106, 100, 86, 101, 99, 103, 97, 113, 112, 110];
  const hours = [7, 27, 2, 50, 28, 29, 20, 12, 6, 17];
  assertClose([valueOf("spearman", { width: 1, labels: iq, outputs: hours })], [-29 / 165], { rtol: 1e-13 });
});

Deno.test("a row with NaN is never right, whatever its label", () => {
  for (const name of ["accuracy", "top-1", "top-5", "f1"]) {
    for (const label of [0, 1]) {
      assert.equal(valueOf(name, { width: 2, labels: [label], outputs: [NaN, 1] }), 0, name);
      assert.equal(valueOf(name, { width: 2, labels: [label], outputs: [1, NaN] }), 0, name);
    }
  }
  assert.equal(predictedClass([NaN, NaN], 0, 2), 2);
  for (const name of ["pearson", "spearman", "mse"]) {
    assert.ok(Number.isNaN(valueOf(name, { width: 1, labels: [1, 2, 3], outputs: [1, NaN, 2] })), name);
  }
  assert.ok(Number.isNaN(valueOf("loss", { width: 2, labels: [1], outputs: [NaN, 1] })));
});

const classifier = fc.integer({ min: 2, max: 6 }).chain((width) =>
  fc.array(
    fc.tuple(fc.nat(width - 1), fc.array(fc.integer({ min: -4, max: 4 }), { minLength: width, maxLength: width })),
    {
      minLength: 1,
      maxLength: 30,
    },
  ).map((rows) => ({ width, labels: rows.map(([label]) => label), outputs: rows.flatMap(([, row]) => row) }))
);
const regression = fc.array(fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 })), {
  minLength: 1,
  maxLength: 30,
}).map((rows) => ({ width: 1, labels: rows.map(([y]) => y), outputs: rows.map(([, x]) => x) }));

Deno.test("metrics keep their bounds, top-k grows with k, top-1 is accuracy", () => {
  fc.assert(fc.property(classifier, (rows) => {
    for (const name of ["accuracy", "top-5", "f1-macro", "matthews"]) {
      const value = valueOf(name, rows);
      assert.ok(value >= (name === "matthews" ? -1 - 1e-12 : 0) && value <= 1 + 1e-12, `${name} ${value}`);
    }
    assert.ok(valueOf("loss", rows) >= 0);
    assert.equal(valueOf("top-1", rows), valueOf("accuracy", rows));
    const values = [1, 2, 3, 4, 5, 6].map((k) => {
      const running: RunningMetric = topK(k).open();
      running.add(rows.outputs, rows.width, rows.labels, rows.labels.length);
      return running.value();
    });
    for (let i = 1; i < values.length; i++) assert.ok(values[i]! >= values[i - 1]!);
    assert.equal(values[rows.width - 1] ?? 1, 1);
  }));
});

Deno.test("metrics of classes do not care for the order of rows or classes", () => {
  fc.assert(fc.property(classifier, ({ width, labels, outputs }) => {
    // A small slope breaks ties, which are by position and so not invariant.
    const sloped = outputs.map((value, i) => value + (i % width) / 64);
    const reversed = {
      width,
      labels: labels.map((label) => width - 1 - label).reverse(),
      outputs: sloped.toReversed(),
    };
    for (const name of ["accuracy", "top-5", "f1-macro", "matthews", "loss"]) {
      assertClose(
        [valueOf(name, reversed)],
        [valueOf(name, { width, labels, outputs: sloped })],
        { atol: 1e-12 },
        name,
      );
    }
  }));
});

Deno.test("correlations do not care for scale and offset, turn with the sign, are symmetric and bounded", () => {
  fc.assert(
    fc.property(regression, fc.integer({ min: 1, max: 50 }), fc.integer({ min: -50, max: 50 }), (rows, a, b) => {
      const scaled = { ...rows, outputs: rows.outputs.map((x) => a * x + b) };
      const turned = { ...rows, outputs: rows.outputs.map((x) => -x) };
      const swapped = { ...rows, outputs: rows.labels, labels: rows.outputs };
      for (const name of ["pearson", "spearman"]) {
        const value = valueOf(name, rows);
        assert.ok(value >= -1 && value <= 1);
        assertClose([valueOf(name, scaled)], [value], { atol: 1e-12 });
        assertClose([valueOf(name, turned)], [-value], { atol: 1e-12 });
        assertClose([valueOf(name, swapped)], [value], { atol: 1e-12 });
      }
      const cubed = { ...rows, outputs: rows.outputs.map((x) => x ** 3) };
      assertClose([valueOf("spearman", cubed)], [valueOf("spearman", rows)], { atol: 1e-12 });
    }),
  );
  assertClose([pearsonOf([1e200, 2e200, 3e200], [1e-200, 2e-200, 3e-200])], [1], { rtol: 1e-15 });
  assert.equal(pearsonOf(Array(1000).fill(0.1), Array.from({ length: 1000 }, (_, i) => i)), 0);
});

Deno.test("a running value may be read, and more rows added", () => {
  for (const name of Object.keys(metrics)) {
    const { needs } = metrics[name]!;
    const width = needs === "numbers" ? 1 : 2;
    const running = metricNamed(name).open();
    running.add([1, 0].slice(0, width), width, [1], 1);
    assert.ok(Number.isFinite(running.value()), name);
    const before = running.value();
    assert.equal(running.value(), before);
    running.add([0, 1].slice(0, width), width, [1], 1);
    const both = { width, labels: [1, 1], outputs: [[1, 0], [0, 1]].flatMap((row) => row.slice(0, width)) };
    assert.equal(running.value(), valueOf(name, both), name);
  }
});

Deno.test("metrics name what is wrong with their rows", () => {
  const open = (name: string): RunningMetric => metricNamed(name).open();
  assert.throws(() => open("accuracy").value(), error(/^accuracy: there are no rows/));
  assert.throws(() => open("accuracy").add([1, 2], 2, [2], 1), error(/row 0 has label 2, but classes are 0 to 1$/));
  assert.throws(() => open("loss").add([1, 2], 2, [0.5], 1), error(/label 0.5/));
  assert.throws(() => open("f1").add([1, 2, 3], 3, [1], 1), error(/^f1: is for 2 classes, not 3; use f1-macro/));
  assert.throws(() => open("pearson").add([1, 2], 2, [1], 1), error(/one output per row, not 2/));
  assert.throws(() => open("accuracy").add([1, 2, 3], 2, [1, 0], 2), error(/2 rows of 2 outputs take 4 numbers/));
  const running = open("matthews");
  running.add([1, 2], 2, [1], 1);
  assert.throws(() => running.add([1, 2, 3], 3, [1], 1), error(/3 outputs per row after rows of 2/));
  assert.throws(() => metricNamed("acuracy"), error(/^metric "acuracy" is not known; there are accuracy, top-1, /));
  assert.throws(() => topK(0), RangeError);
});
