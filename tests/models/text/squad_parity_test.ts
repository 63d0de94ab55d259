/** Against the numbers of transformers: see tests/parity/squad.py. */

import assert from "node:assert/strict";
import type { Batch } from "../../../models/data/split.ts";
import { decodeSpans } from "../../../models/text/squad_decode.ts";
import { bestThresholds, evaluateSquad, scoreAnswer } from "../../../models/text/squad_metric.ts";
import { normalizeAnswer } from "../../../models/text/squad_normalize.ts";
import type { Question } from "../../../models/text/squad_read.ts";
import { squadSplit } from "../../../models/text/squad_split.ts";
import { type SquadWindows, squadWindows } from "../../../models/text/squad_windows.ts";
import { assertClose } from "../../support/assert_close.ts";
import numbers from "../../parity/squad.json" with { type: "json" };
import { testWithData } from "../real_data.ts";
import { bert, squad1, squad2 } from "./squad_data.ts";

const named = (questions: readonly Question[], ids: readonly string[]): Question[] => {
  const byId = new Map(questions.map((question) => [question.id, question]));
  return ids.map((id) => byId.get(id)!);
};
const by = <T>(questions: readonly Question[], values: readonly T[]): Map<string, T> =>
  new Map(questions.map(({ id }, i) => [id, values[i]]));

Deno.test("scoreAnswer(): both versions are the official scripts'", () => {
  for (const { prediction, golds, normalized, v1, v2 } of numbers.pairs) {
    assert.equal(normalizeAnswer(prediction), normalized);
    const scores = (version: "1.1" | "2.0") => Object.values(scoreAnswer(prediction, golds, version));
    assertClose(scores("1.1"), v1, {}, `${prediction}, 1.1`);
    assertClose(scores("2.0"), v2, {}, `${prediction}, 2.0`);
  }
});

testWithData("evaluateSquad(): version 1.1 on a tenth of the dev set", "squad", async () => {
  const { ids, predictions, v1, v2 } = numbers.evaluation1;
  const questions = named(await squad1(), ids);
  assert.equal(questions.length, 1057);
  const scores = evaluateSquad(questions, by(questions, predictions));
  assertClose([100 * scores.exact, 100 * scores.f1], v1);
  const second = evaluateSquad(questions, by(questions, predictions), "2.0");
  assertClose([100 * second.exact, 100 * second.f1, second.count], [v2.exact, v2.f1, v2.total]);
});

testWithData("evaluateSquad() and bestThresholds(): version 2.0 on two articles", "squad", async () => {
  const { predictions, none, spans, v2, thresholds } = numbers.evaluation2;
  const questions = await squad2();
  const { exact, f1, count, hasAnswer, noAnswer } = evaluateSquad(questions, by(questions, predictions));
  assertClose([100 * exact, 100 * f1, count], [v2.exact, v2.f1, v2.total]);
  assertClose(
    [100 * hasAnswer!.exact, 100 * hasAnswer!.f1, hasAnswer!.count],
    [v2.HasAns_exact, v2.HasAns_f1, v2.HasAns_total],
  );
  assertClose([100 * noAnswer!.exact, 100 * noAnswer!.f1, noAnswer!.count], [
    v2.NoAns_exact,
    v2.NoAns_f1,
    v2.NoAns_total,
  ]);
  const best = bestThresholds(questions, by(questions, spans), by(questions, none));
  assertClose([100 * best.exact, best.exactThreshold, 100 * best.f1, best.f1Threshold], [
    thresholds.best_exact,
    thresholds.best_exact_thresh,
    thresholds.best_f1,
    thresholds.best_f1_thresh,
  ]);
});

/** Random bits as in squad.py. */
function mix(window: number, position: number, side: number): number {
  let x = Math.imul(window, 0x9e3779b1) + Math.imul(position, 0x85ebca77) + Math.imul(side, 0xc2b2ae3d) + 1 | 0;
  for (let round = 0; round < 2; round++) {
    x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
    x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  }
  return (x >>> 8) / 2 ** 20 - 8;
}

function logits(window: number, length: number, side: number): number[] {
  return Array.from({ length }, (_, position) => {
    const value = mix(window, position, side);
    return position === 0 ? 6.5 + value / 8 : value;
  });
}

/** Numbers of every window, as in squad.py: tokens, tokens of the second type, labels, checksum of the ids. */
function summaries(made: SquadWindows): number[][] {
  const split = squadSplit(made, "dev");
  return made.windows.map(({ length, start, end }, w) => {
    const { ids, typeIds } = split.gather([w], 1) as Batch;
    let checksum = 0;
    let types = 0;
    for (let t = 0; t < length; t++) {
      checksum = (checksum * 31 + ids.data[t]) % 1000003;
      types += typeIds.data[t];
    }
    return [length, types, start, end, checksum];
  });
}

testWithData("squadWindows(): every window of the real data", "squad", async () => {
  for (const [questions, totals] of [[await squad1(), numbers.totals1], [await squad2(), numbers.totals2]] as const) {
    const rows = summaries(squadWindows(questions, await bert()));
    assert.equal(rows.length, totals.windows);
    assert.deepEqual(rows.reduce((sums, row) => sums.map((sum, i) => sum + row[i])), totals.sums);
  }
});

for (const version of [1, 2] as const) {
  const { ids, configs } = version === 1 ? numbers.features1 : numbers.features2;
  for (const { maxLength, stride, windows: expected, answers, few } of configs) {
    const name = `version ${version} in windows of ${maxLength} with stride ${stride}`;
    testWithData(`squadWindows(), decodeSpans(): ${name}`, "squad", async () => {
      const made = squadWindows(
        named(version === 1 ? await squad1() : await squad2(), ids),
        await bert(),
        { maxLength, stride },
      );
      const found: number[][][] = ids.map(() => []);
      summaries(made).forEach((row, w) => found[made.windows[w].question].push(row));
      assert.deepEqual(found, expected);

      const allowNone = version === 2;
      const rows = made.windows.map(({ length }, w) => ({
        starts: Float32Array.from(logits(w, length, 0)),
        ends: Float32Array.from(logits(w, length, 1)),
      }));
      const texts = (options: object): string[] =>
        [...decodeSpans(made, (w) => rows[w], { allowNone, ...options }).values()].map(({ text }) => text);
      const filled = (values: readonly string[]): string[] => values.map((text) => text === "empty" ? "" : text);
      assert.deepEqual(texts({}), filled(answers));
      assert.deepEqual(texts({ nBest: 5, maxAnswerLength: 8, noneThreshold: 1.5 }), filled(few));
    });
  }
}
