import assert from "node:assert/strict";
import fc from "fast-check";
import { type DecodeOptions, decodeSpans, type SpanLogits } from "../../../models/text/squad_decode.ts";
import { type SquadWindows, squadWindows } from "../../../models/text/squad_windows.ts";
import { numbered, question, words } from "./squad_words.ts";

const error = (message: RegExp): object => ({ name: "DataError", message });

/** Logits that are 0 but for the ones given, by position. */
function peaks(length: number, starts: Record<number, number>, ends: Record<number, number>): SpanLogits {
  const fill = (values: Record<number, number>): number[] => Array.from({ length }, (_, i) => values[i] ?? 0);
  return { starts: fill(starts), ends: fill(ends) };
}

// Tokens: [CLS] 0, q 1, [SEP] 2, the six of the context at 3 to 8, [SEP] 9.
const six = squadWindows([question("a, b c d e", "q")], words());

Deno.test("decodeSpans() gives the text between the best start and end, as it stands in the context", () => {
  const found = decodeSpans(six, () => peaks(10, { 3: 5 }, { 5: 5 }));
  assert.deepEqual([...found], [["q", { text: "a, b", span: "a, b", start: 0, score: 10, noneScore: -10 }]]);
});

Deno.test("decodeSpans() takes no span that is backwards, too long, or outside of the context", () => {
  const text = (logits: SpanLogits, options?: DecodeOptions): string =>
    decodeSpans(six, () => logits, options).get("q")!.text;
  assert.equal(text(peaks(10, { 1: 9, 2: 9, 5: 3 }, { 2: 9, 6: 3, 9: 9 })), "b c");
  assert.equal(text(peaks(10, { 6: 5, 3: 3 }, { 5: 5, 7: 1 })), "a, b");
  assert.equal(text(peaks(10, { 3: 5 }, { 7: 5, 4: 1 }), { maxAnswerLength: 5 }), "a, b c d");
  assert.equal(text(peaks(10, { 3: 5 }, { 7: 5, 4: 1 }), { maxAnswerLength: 4 }), "a,");
});

Deno.test("decodeSpans() combines the best nBest starts and ends only", () => {
  const logits = peaks(10, { 1: 9, 4: 5 }, { 1: 9, 5: 5 });
  const answer = (nBest: number) => decodeSpans(six, () => logits, { nBest }).get("q")!;
  assert.equal(answer(2).text, ", b");
  assert.deepEqual(answer(1), { text: "", span: "", start: 0, score: -Infinity, noneScore: Infinity });
});

Deno.test("decodeSpans() takes the best of all windows, and the least score of no answer", () => {
  const many = squadWindows([question(numbered(8), "q0 q1")], words(), { maxLength: 9, stride: 2 });
  assert.equal(many.windows.length, 3);
  const scores = [1, 4, 2];
  const logits = (w: number) => peaks(9, { 0: 9 - w, 4: scores[w] }, { 5: scores[w] });
  const { text, score, noneScore } = decodeSpans(many, logits).get("q")!;
  assert.deepEqual([text, score, noneScore], ["w2 w3", 8, 7 - 8]);
});

Deno.test("decodeSpans() gives no answer where that scores more than the threshold", () => {
  const logits = peaks(10, { 0: 4, 3: 3 }, { 3: 3 });
  const answer = (options: DecodeOptions) => {
    const { text, span, noneScore } = decodeSpans(six, () => logits, options).get("q")!;
    return [text, span, noneScore];
  };
  assert.deepEqual(answer({}), ["a", "a", -2]);
  assert.deepEqual(answer({ allowNone: true }), ["a", "a", -2]);
  assert.deepEqual(answer({ allowNone: true, noneThreshold: -2 }), ["a", "a", -2]);
  assert.deepEqual(answer({ allowNone: true, noneThreshold: -2.5 }), ["", "a", -2]);
});

Deno.test("decodeSpans() looks at no padding, and passes over NaN", () => {
  const padded = peaks(30, { 4: 1, 12: 9, 13: 9 }, { 5: 1, 12: 9 });
  assert.equal(decodeSpans(six, () => padded, { nBest: 1 }).get("q")!.text, ", b");
  const broken = peaks(10, { 3: NaN, 4: 1 }, { 4: NaN, 5: 1 });
  assert.equal(decodeSpans(six, () => broken).get("q")!.text, ", b");
  const first = peaks(10, { 0: NaN, 4: 1 }, { 0: NaN, 5: 1 });
  assert.equal(decodeSpans(six, () => first, { nBest: 1 }).get("q")!.text, ", b");
  const nothing = { starts: new Float32Array(10).fill(NaN), ends: new Float32Array(10).fill(NaN) };
  assert.equal(decodeSpans(six, () => nothing).get("q")!.text, "");
});

Deno.test("decodeSpans() refuses options and logits that do not fit", () => {
  const logits = () => peaks(10, {}, {});
  assert.throws(() => decodeSpans(six, logits, { nBest: 0 }), error(/^nBest 0: use a whole number, 1 or more$/));
  assert.throws(() => decodeSpans(six, logits, { maxAnswerLength: 1.5 }), error(/^maxAnswerLength 1.5: use/));
  assert.throws(() => decodeSpans(six, logits, { noneThreshold: NaN }), error(/^noneThreshold NaN: use/));
  assert.throws(
    () => decodeSpans(six, () => ({ starts: new Float32Array(10), ends: new Float32Array(8) })),
    error(/^window 0: 10 start and 8 end logits for 10 tokens/),
  );
});

/** All combinations, without selecting the best of each side first. */
function exhaustive(made: SquadWindows, logits: readonly SpanLogits[], maxAnswerLength: number): number {
  let best = -Infinity;
  made.windows.forEach(({ offset, count }, w) => {
    for (let from = offset; from < offset + count; from++) {
      for (let to = from; to < Math.min(offset + count, from + maxAnswerLength); to++) {
        best = Math.max(best, logits[w].starts[from] + logits[w].ends[to]);
      }
    }
  });
  return best;
}

Deno.test("decodeSpans() of all logits is the best span there is, and text of the context", () => {
  const sizes = fc.tuple(fc.integer({ min: 1, max: 30 }), fc.nat(4), fc.integer({ min: 1, max: 12 }), fc.nat(5));
  fc.assert(
    fc.property(
      sizes,
      fc.infiniteStream(fc.integer({ min: -9, max: 9 })),
      ([context, query, spare, stride], values) => {
        const one = question(numbered(context), numbered(query, "q"));
        const made = squadWindows([one], words(), { maxLength: query + 3 + stride + spare, stride });
        const take = (count: number): number[] => Array.from({ length: count }, () => values.next().value!);
        const logits = made.windows.map(({ length }) => ({ starts: take(length), ends: take(length) }));
        const maxAnswerLength = 1 + spare;
        const options = { nBest: 100, maxAnswerLength, allowNone: true };
        const { text, span, start, score, noneScore } = decodeSpans(made, (w) => logits[w], options).get("q")!;
        assert.equal(score, exhaustive(made, logits, maxAnswerLength));
        assert.equal(one.context.slice(start, start + span.length), span);
        assert.ok(span !== "" && span.split(" ").length <= maxAnswerLength);
        assert.ok(` ${one.context} `.includes(` ${span} `));
        assert.equal(noneScore, Math.min(...logits.map(({ starts, ends }) => starts[0] + ends[0])) - score);
        assert.equal(text, noneScore > 0 ? "" : span);
      },
    ),
  );
});
