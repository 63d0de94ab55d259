/** What the real data hold, and what of it survives windows, labels and decoding. */

import assert from "node:assert/strict";
import { splitByArticle } from "../../../models/text/squad_articles.ts";
import { decodeSpans, type SpanPrediction } from "../../../models/text/squad_decode.ts";
import { evaluateSquad } from "../../../models/text/squad_metric.ts";
import { parseSquad, type Question } from "../../../models/text/squad_read.ts";
import { squadSplit } from "../../../models/text/squad_split.ts";
import { type SquadWindows, squadWindows } from "../../../models/text/squad_windows.ts";
import { testWithData } from "../real_data.ts";
import { bert, squad1, squad2, xquad } from "./squad_data.ts";

const counts = (questions: readonly Question[]): number[] => [
  new Set(questions.map(({ title }) => title)).size,
  new Set(questions.map(({ context }) => context)).size,
  questions.length,
  questions.filter(({ impossible }) => impossible).length,
];

testWithData("readSquad() finds what the publishers counted", "squad", async () => {
  const first = await squad1();
  assert.deepEqual(counts(first), [48, 2067, 10_570, 0]);
  assert.equal(first.reduce((sum, { answers }) => sum + answers.length, 0), 34_726);
  const second = await squad2();
  assert.deepEqual(counts(second), [2, 87, 626, 333]);
  assert.deepEqual(counts(await xquad()), [48, 240, 1190, 0]);
  for (const { context, answers } of [...first, ...second, ...await xquad()]) {
    for (const { text, start } of answers) assert.equal(context.slice(start, start + text.length), text);
  }
});

testWithData("parseSquad() reads the same from rows", "squad", async () => {
  const questions = await squad2();
  const rows = questions.map(({ answers, impossible: _, ...rest }) => ({
    ...rest,
    answers: { text: answers.map(({ text }) => text), answer_start: answers.map(({ start }) => start) },
  }));
  assert.deepEqual(parseSquad(rows, "rows"), questions);
});

testWithData("splitByArticle() holds out ten articles", "squad", async () => {
  const { train, dev } = splitByArticle(await squad1(), 10, 1);
  assert.deepEqual([counts(train)[0], counts(dev)[0], train.length + dev.length], [38, 10, 10_570]);
  const contexts = new Set(train.map(({ context }) => context));
  assert.ok(dev.every(({ context }) => !contexts.has(context)));
});

/** Answers of a model that is sure of the labels. */
function decodeLabels(made: SquadWindows, allowNone: boolean): Map<string, SpanPrediction> {
  const sure = (length: number, position: number): Float32Array => {
    const values = new Float32Array(length);
    values[position] = 1;
    return values;
  };
  const logits = (w: number) => {
    const { length, start, end } = made.windows[w];
    return { starts: sure(length, start), ends: sure(length, end) };
  };
  return decodeSpans(made, logits, { allowNone });
}

/**
 * Why labels cannot give a question's first answer: it has more than 30 tokens, or begins or ends inside of a token.
 */
function obstacle(made: SquadWindows, q: number): "long" | "inside" | undefined {
  const { starts, ends } = made.contexts[q];
  const { start, text } = made.questions[q].answers[0];
  const first = Array.prototype.indexOf.call(starts, start);
  const last = Array.prototype.lastIndexOf.call(ends, start + text.length);
  const from = Array.prototype.findLastIndex.call(starts, (at: number) => at <= start);
  const to = Array.prototype.findIndex.call(ends, (at: number) => at >= start + text.length);
  if (to - from >= 30) return "long";
  return first < 0 || last < 0 ? "inside" : undefined;
}

testWithData("labels decode to the first answer, but for answers too long or inside of words", "squad", async () => {
  const questions = await squad1();
  const made = squadWindows(questions, await bert());
  const found = decodeLabels(made, false);
  const missed = { long: 0, inside: 0 };
  questions.forEach(({ id, answers }, q) => {
    const why = obstacle(made, q);
    const { text, start, score } = found.get(id)!;
    if (why === undefined) {
      assert.deepEqual([text, start, score], [answers[0].text, answers[0].start, 2], id);
      return;
    }
    assert.notEqual(text, answers[0].text, id);
    missed[why]++;
    // What is inside of words is answered by the whole words.
    if (why === "inside") assert.ok(text.includes(answers[0].text) && start <= answers[0].start, id);
  });
  assert.deepEqual(missed, { long: 9, inside: 27 });
  // Nine of them are right nevertheless: normalising takes the difference away, or another person answered like that.
  const { exact, count } = evaluateSquad(questions, new Map([...found].map(([id, { text }]) => [id, text])));
  assert.deepEqual([Math.round(exact * count), count], [10_543, 10_570]);
});

testWithData("labels decode to the first answer: true positions, and version 2.0", "squad", async () => {
  for (const [questions, right] of [[await xquad(), 1189], [await squad2(), 626]] as const) {
    const found = decodeLabels(squadWindows(questions, await bert()), true);
    const { exact, count } = evaluateSquad(questions, new Map([...found].map(([id, { text }]) => [id, text])));
    assert.equal(Math.round(exact * count), right);
  }
});

testWithData("squadWindows() covers every context token of the real data", "squad", async () => {
  const made = squadWindows(await squad1(), await bert(), { maxLength: 128, stride: 32 });
  let next = 0;
  let question = -1;
  for (const window of made.windows) {
    if (window.question !== question) {
      if (question >= 0) assert.equal(next, made.contexts[question].ids.length);
      assert.deepEqual([window.question, window.first], [++question, 0]);
    } else {
      assert.equal(next - window.first, 32);
    }
    next = window.first + window.count;
    assert.ok(window.length <= 128);
  }
  assert.equal(question, 10_569);
  const split = squadSplit(made, "dev");
  assert.equal(split.count, made.windows.length);
});
