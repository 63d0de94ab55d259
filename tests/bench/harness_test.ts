/** Tests of the harness: statistics, rows, the page, the choice of figures, and the numbers that it feeds. */
import assert from "node:assert/strict";
import { arraysOf } from "./data.ts";
import { chosenFigures, figures } from "./figures/mod.ts";
import { keepByRadix, keepBySort } from "./figures/references.ts";
import { fingerprint, maskCheck } from "./fingerprint.ts";
import { markdownOf, shortNumber } from "./markdown.ts";
import { devicesOf, pageOf, parseOptions } from "./options.ts";
import { productModel } from "./peers/onnx_model.ts";
import { budgetOf, type Contender, race } from "./race.ts";
import { failedRow, rowOf, skippedRow } from "./result.ts";
import { agree, quantile, summarize } from "./statistics.ts";

Deno.test("summarize() gives the median and the interquartile range, whatever the order", () => {
  assert.deepEqual(summarize([5, 1, 3, 2, 4]), { median: 3, spread: 2 });
  assert.deepEqual(summarize([7]), { median: 7, spread: 0 });
  assert.equal(quantile([0, 10], 0.25), 2.5);
  assert.throws(() => summarize([]), RangeError);
});

Deno.test("agree() compares relative to the greater magnitude, and never with NaN", () => {
  assert.ok(agree([1, 100], [1.0009, 100.05], 1e-3));
  assert.ok(!agree([1], [1.01], 1e-3));
  assert.ok(!agree([1], [1, 2], 1));
  assert.ok(!agree([NaN], [NaN], 1));
});

Deno.test("budgetOf() makes the wait at the end of a sample at most 2 % of it", () => {
  for (const onceMs of [0.01, 1, 40, 900]) {
    const { repetitions, samples } = budgetOf(onceMs, 10, { budgetMs: 500 });
    assert.ok(repetitions * onceMs >= 500 || repetitions === 2000, `${onceMs} ms x ${repetitions}`);
    assert.ok(samples >= 3 && samples <= 25);
  }
  assert.equal(budgetOf(2000, 10, { budgetMs: 500 }).repetitions, 1);
});

Deno.test("race() takes turns, and goes on without a contender that fails", async () => {
  const order: string[] = [], failures: string[] = [];
  const contender = (name: string, fails = false): Contender => ({
    name,
    waitMs: 0,
    run(count) {
      order.push(name);
      if (fails && order.length > 4) return Promise.reject(new Error("broken"));
      return Promise.resolve(10 * count);
    },
  });
  const good = contender("a"), bad = contender("b", true);
  const timings = await race([good, bad], { budgetMs: 30, least: 3 }, ({ name }) => failures.push(name));
  assert.deepEqual(timings.get(good), [10, 10, 10]);
  assert.equal(timings.get(bad), undefined);
  assert.deepEqual(failures, ["b"]);
  // Once to see how long it takes, then before each sample once that is not measured.
  assert.deepEqual(order, ["a", "b", "a", "a", "b", "a", "a", "a", "a"]);
});

const ours = { median: 2, spread: 0.1 };

Deno.test("rowOf() has the keys of the JSON, and a ratio above 1 where ours is faster", () => {
  const row = rowOf("matmul-1024", "cpu", ours, { name: "peer", summary: { median: 5, spread: 1 } });
  assert.deepEqual(row, {
    name: "matmul-1024",
    device: "cpu",
    median_ms: 2,
    spread_ms: 0.1,
    peer: "peer",
    peer_median_ms: 5,
    ratio: 2.5,
  });
  assert.equal(rowOf("x", "cpu", ours).ratio, null);
});

Deno.test("markdownOf() shows every measured row, what failed and what was skipped", () => {
  const rows = [
    rowOf("a", "cpu", ours, { name: "p|q", summary: { median: 5, spread: 1 } }, { counts: { dispatches: 92 } }),
    skippedRow("a", "cpu", ours, "absent", "not installed"),
    failedRow("b", "webgpu", "wrong losses"),
    {
      ...rowOf("c", "webgpu", ours),
      kernels: [{ label: "contract", count: 3, ms: 1.5, arithmetic: 0.25, bandwidth: 0.5 }],
    },
  ];
  const page = markdownOf(rows, { title: "Benchmark", lines: { processor: "test" } });
  assert.match(page, /^# Benchmark\n/);
  assert.match(page, /- processor: test/);
  assert.ok(page.includes("| a | cpu | 2.00 | 0.100 | p\\|q | 5.00 | 2.50x |"), page);
  assert.ok(page.includes("dispatches 92"));
  assert.ok(page.includes("| contract | 3 | 1.50 | 25.0 % | 50.0 % |"));
  assert.ok(page.includes("- b (webgpu): wrong losses"));
  assert.ok(page.includes("- absent: not installed (a (cpu))"));
});

Deno.test("shortNumber() keeps three digits that count and no exponent", () => {
  assert.deepEqual([1234.5, 12.345, 0.012345, 0, 1e-9].map(shortNumber), ["1235", "12.3", "0.0123", "0", "0.000000"]);
});

Deno.test("chosenFigures() finds by beginning, leaves out what must be named, and keeps names unique", () => {
  const names = (only: string | undefined, gpu: boolean) => chosenFigures(only, gpu).map(({ name }) => name);
  assert.deepEqual(names("keep-top-k-2^24", false), ["keep-top-k-2^24"]);
  assert.ok(names("matmul", false).length >= 8);
  assert.deepEqual(names("matmul-512", false), ["matmul-512"]);
  assert.ok(!names(undefined, false).includes("keep-top-k-2^24"));
  assert.ok(!names(undefined, false).includes("bert-base-step"));
  assert.ok(names(undefined, true).includes("bert-base-step"));
  assert.equal(new Set(figures.map(({ name }) => name)).size, figures.length);
});

Deno.test("options: a partial run does not replace the page", () => {
  const page = (...args: string[]) => pageOf(parseOptions(args))?.split("/").at(-1);
  assert.equal(page(), "RESULTS.md");
  assert.equal(page("--gpu"), "RESULTS_GPU.md");
  assert.equal(page("--only", "matmul"), undefined);
  assert.equal(page("--no-peers"), undefined);
  assert.equal(page("--only", "matmul", "--markdown", "x.md"), "x.md");
  assert.deepEqual(devicesOf(parseOptions([])), ["cpu", "webgpu"]);
  assert.deepEqual(devicesOf(parseOptions(["--gpu"])), ["webgpu"]);
  assert.deepEqual(devicesOf(parseOptions(["--device", "cpu"])), ["cpu"]);
});

Deno.test("keepByRadix() and keepBySort() keep exactly k, ties by position", () => {
  const scores = Float32Array.of(1, -2, 3, 1, 1, -0.5, 0, 7);
  for (const keep of [1, 2, 3, 4, 5, 7, 8]) {
    const flags = keepBySort(scores, keep);
    assert.equal(flags.reduce((a, b) => a + b, 0), keep);
    assert.deepEqual(keepByRadix(scores, keep), flags);
  }
  assert.deepEqual([...keepByRadix(scores, 4)], [1, 0, 1, 1, 0, 0, 0, 1]);
});

Deno.test("fingerprint() and maskCheck() tell results apart", () => {
  assert.deepEqual(fingerprint([1, -3, 2]), [2, 1, -3, 2]);
  assert.notDeepEqual(maskCheck((i) => i < 2, 8), maskCheck((i) => i > 5, 8));
});

Deno.test("arraysOf() gives the parameters of the reference step", () => {
  const sizes = figures.flatMap((figure) =>
    figure.kind === "race" && figure.work.kind === "encoder-step" ? [figure.work] : []
  );
  const { ids, labels, ...params } = arraysOf(sizes[0]!);
  assert.equal(Object.values(params).reduce((sum, { data }) => sum + data.length, 0), 659_968);
  assert.equal(labels!.data[0], (ids!.data[0]! * 7 + 3) % 1000);
});

Deno.test("productModel() writes the shapes and the operator", () => {
  const model = productModel({ kind: "matmul", batch: 1, m: 300, k: 2, n: 3, form: "nt" });
  const text = new TextDecoder("latin1").decode(model);
  assert.ok(text.includes("Gemm") && text.includes("transB"));
  assert.ok(text.includes("\u00ac\u0002"), "300 as a varint");
});
