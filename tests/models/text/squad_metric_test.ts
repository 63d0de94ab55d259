import assert from "node:assert/strict";
import fc from "fast-check";
import { bestThresholds, evaluateSquad, scoreAnswer } from "../../../models/text/squad_metric.ts";
import { normalizeAnswer } from "../../../models/text/squad_normalize.ts";
import type { Question } from "../../../models/text/squad_read.ts";
import { assertClose } from "../../support/assert_close.ts";
import { question } from "./squad_words.ts";

const error = (message: RegExp): object => ({ name: "DataError", message });

Deno.test("normalizeAnswer() leaves words only", () => {
  assert.equal(normalizeAnswer("  The Theatre, of a\tCity! "), "theatre of city");
  assert.equal(normalizeAnswer("a-b_c (the)"), "abc");
  assert.equal(normalizeAnswer("An a THE"), "");
  assert.equal(normalizeAnswer("!\"#$%&'()*+,-./x:;<=>?@y[\\]^_`z{|}~"), "xyz");
});

Deno.test("normalizeAnswer() of what it gave changes nothing", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => {
    const once = normalizeAnswer(text);
    assert.equal(normalizeAnswer(once), once);
  }));
});

Deno.test("scoreAnswer() is the best over the answers, of exact match and F1 each", () => {
  assert.deepEqual(scoreAnswer("the cat sat", ["dog", "Cat sat.", "cat"]), { exact: 1, f1: 1 });
  assert.deepEqual(scoreAnswer("big cat", ["cat", "big black dog"]), { exact: 0, f1: 2 / 3 });
  assert.deepEqual(scoreAnswer("cat cat cat", ["cat dog"]), { exact: 0, f1: 2 * (1 / 3) * (1 / 2) / (1 / 3 + 1 / 2) });
  assert.deepEqual(scoreAnswer("", ["cat"]), { exact: 0, f1: 0 });
  assert.deepEqual(scoreAnswer("", []), { exact: 1, f1: 1 });
  assert.deepEqual(scoreAnswer("cat", []), { exact: 0, f1: 0 });
});

Deno.test("scoreAnswer() of answers without words goes by the version", () => {
  assert.deepEqual(scoreAnswer("a", ["the"], "1.1"), { exact: 1, f1: 0 });
  assert.deepEqual(scoreAnswer("a", ["the"], "2.0"), { exact: 1, f1: 1 });
  assert.deepEqual(scoreAnswer("a", ["the", "cat"], "2.0"), { exact: 0, f1: 0 });
});

Deno.test("scoreAnswer() is symmetric, within 0 and 1, and 1 for the answer itself", () => {
  const text = fc.array(fc.constantFrom("the", "cat", "sat", "on", "mat", "a"), { maxLength: 6 }).map((w) =>
    w.join(" ")
  );
  fc.assert(fc.property(text, text, (one, other) => {
    fc.pre(normalizeAnswer(one) !== "" && normalizeAnswer(other) !== "");
    for (const version of ["1.1", "2.0"] as const) {
      const score = scoreAnswer(one, [other], version);
      assertClose([scoreAnswer(other, [one], version).f1], [score.f1]);
      assert.ok(score.f1 >= score.exact && score.f1 <= 1);
      assert.deepEqual(scoreAnswer(one, [other, one], version), { exact: 1, f1: 1 });
    }
  }));
});

const context = "the cat sat on the mat";
const questions: Question[] = [
  question(context, "q", ["cat"], "a"),
  question(context, "q", ["mat", "the mat"], "b"),
  question(context, "q", [], "c"),
  question(context, "q", [], "d"),
];

Deno.test("evaluateSquad() takes means over all, answerable and unanswerable questions", () => {
  const predictions = new Map(Object.entries({ a: "cat sat", b: "The mat", c: "", d: "on", other: "x" }));
  const { hasAnswer, noAnswer, exact, f1, count } = evaluateSquad(questions, predictions);
  assert.deepEqual([exact, count, hasAnswer?.exact, hasAnswer?.count], [2 / 4, 4, 1 / 2, 2]);
  assertClose([f1, hasAnswer!.f1], [(2 / 3 + 1 + 1) / 4, (2 / 3 + 1) / 2]);
  assert.deepEqual(noAnswer, { exact: 1 / 2, f1: 1 / 2, count: 2 });
  assert.deepEqual(Object.keys(evaluateSquad(questions.slice(0, 2), predictions)), [
    "exact",
    "f1",
    "count",
    "hasAnswer",
  ]);
});

Deno.test("evaluateSquad() and bestThresholds() want something for every question", () => {
  const predictions = new Map([["a", "cat"]]);
  assert.throws(() => evaluateSquad(questions, predictions), error(/^question "b": there is no prediction; give one/));
  assert.throws(() => evaluateSquad([], predictions), error(/^there are no questions to score/));
  assert.throws(
    () => bestThresholds(questions.slice(0, 1), predictions, new Map()),
    error(/^question "a": there is no score of no answer/),
  );
});

Deno.test("bestThresholds() is the best that trying every threshold gives", () => {
  const spans = fc.tuple(...questions.map(() => fc.constantFrom("cat", "mat", "cat sat", "mat sat")));
  const scores = fc.uniqueArray(fc.integer({ min: -9, max: 9 }), { minLength: 4, maxLength: 4 });
  fc.assert(fc.property(spans, scores, (spans, scores) => {
    const by = <T>(values: readonly T[]) => new Map(questions.map(({ id }, i) => [id, values[i]]));
    const best = bestThresholds(questions, by(spans), by(scores));
    const at = (threshold: number) =>
      evaluateSquad(questions, by(spans.map((span, i) => scores[i] > threshold ? "" : span)), "2.0");
    const tried = [-Infinity, ...scores].map(at);
    assertClose([best.exact, best.f1], [Math.max(...tried.map((t) => t.exact)), Math.max(...tried.map((t) => t.f1))]);
    // The script names 0 where no answer at all is best.
    if (best.exact > 1 / 2) assertClose([at(best.exactThreshold).exact], [best.exact]);
    if (best.f1 > 1 / 2) assertClose([at(best.f1Threshold).f1], [best.f1]);
    if (best.exact === 1 / 2) assert.equal(best.exactThreshold, 0);
  }));
});
