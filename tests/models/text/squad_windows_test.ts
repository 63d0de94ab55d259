import assert from "node:assert/strict";
import fc from "fast-check";
import { squadWindows } from "../../../models/text/squad_windows.ts";
import { numbered, question, words } from "./squad_words.ts";

const error = (message: RegExp): object => ({ name: "DataError", message });

Deno.test("squadWindows() makes one window where everything fits", () => {
  const { windows } = squadWindows([question("the cat sat", "who sat", ["cat"])], words(), { maxLength: 8, stride: 1 });
  assert.deepEqual(windows, [{ question: 0, first: 0, count: 3, offset: 4, length: 8, start: 5, end: 5 }]);
});

Deno.test("squadWindows() labels the answer in every window that has all of it", () => {
  // Room for four context tokens, of which two are shared.
  const one = question(numbered(8), "q0 q1", ["w3 w4"]);
  const { windows } = squadWindows([one], words(), { maxLength: 9, stride: 2 });
  assert.deepEqual(windows.map(({ first, count, start, end }) => [first, count, start, end]), [
    [0, 4, 0, 0],
    [2, 4, 5, 6],
    [4, 4, 0, 0],
  ]);
});

Deno.test("squadWindows() labels an answer in the last token of a window", () => {
  const { windows } = squadWindows([question("a b c", "q", ["c"])], words());
  assert.deepEqual([windows[0].start, windows[0].end], [5, 5]);
});

Deno.test("squadWindows() labels answers that begin or end inside a token", () => {
  const at = (text: string): number[] => {
    const { windows: [{ start, end }] } = squadWindows([question("1973-74 the oil crisis", "q", [text])], words());
    return [start - 3, end - 3];
  };
  assert.deepEqual(at("73-7"), [0, 2]);
  assert.deepEqual(at("oi"), [4, 4]);
  assert.deepEqual(at(" the "), [2, 4]);
});

Deno.test("squadWindows() labels all pieces of one character", () => {
  const three = { ...words(), pieces: () => ({ ids: [5, 6, 7, 8], starts: [0, 0, 0, 1], ends: [1, 1, 1, 2] }) };
  const { windows: [{ start, end, offset }] } = squadWindows([question("김x", "q", ["김"])], three);
  assert.deepEqual([start - offset, end - offset], [0, 2]);
});

Deno.test("squadWindows() labels a question without an answer, and a context without tokens, with [CLS]", () => {
  const { windows } = squadWindows([question("a b", "q"), question("  ", "q", [" "], "r")], words());
  assert.deepEqual(windows.map(({ count, start, end, length }) => [count, start, end, length]), [
    [2, 0, 0, 6],
    [0, 0, 0, 4],
  ]);
});

Deno.test("squadWindows() cuts off long questions", () => {
  const { windows, queries } = squadWindows([question("a b", numbered(9))], words(), { maxQueryLength: 4 });
  assert.equal(queries[0].length, 4);
  assert.deepEqual([windows[0].offset, windows[0].length], [6, 9]);
});

Deno.test("squadWindows() cuts each context into pieces once", () => {
  const tokenizer = words();
  const made = squadWindows(
    [question("a b", "x", [], "1"), question("c", "y", [], "2"), question("a b", "z")],
    tokenizer,
  );
  assert.deepEqual(Object.fromEntries(tokenizer.calls), { "a b": 1, c: 1, x: 1, y: 1, z: 1 });
  assert.equal(made.contexts[0], made.contexts[2]);
});

Deno.test("squadWindows() refuses lengths that cannot work", () => {
  const one = [question(numbered(20), numbered(5, "q"), [], "id")];
  for (
    const [options, message] of [
      [{ maxLength: 3 }, /^maxLength 3: use a whole number, 4 or more/],
      [{ stride: -1 }, /^stride -1: use/],
      [{ maxQueryLength: 0.5 }, /^maxQueryLength 0.5: use/],
      [
        { maxLength: 18, stride: 10 },
        /^question "id": 5 tokens leave 10 of 18 for the context, too few for a stride of 10;/,
      ],
      [{ maxLength: 7, stride: 0 }, /^question "id": 5 tokens leave -1 of 7 for the context/],
    ] as const
  ) assert.throws(() => squadWindows(one, words(), options), error(message));
  assert.equal(squadWindows(one, words(), { maxLength: 18, stride: 9 }).windows.length, 11);
  // A context that fits needs no steps.
  for (const stride of [20, 21, 30]) {
    assert.equal(squadWindows(one, words(), { maxLength: 28, stride }).windows.length, 1);
  }
});

Deno.test("squadWindows() covers every context token, overlaps as asked, and never exceeds the length", () => {
  const sizes = fc.record({
    context: fc.nat(60),
    query: fc.nat(12),
    maxQueryLength: fc.integer({ min: 1, max: 12 }),
    stride: fc.nat(10),
    spare: fc.integer({ min: 1, max: 30 }),
    answer: fc.tuple(fc.nat(), fc.nat(5)),
  });
  fc.assert(fc.property(sizes, ({ context, query, maxQueryLength, stride, spare, answer }) => {
    const from = answer[0] % Math.max(1, context);
    const to = Math.min(context - 1, from + answer[1]);
    const text = numbered(context).split(" ").slice(from, to + 1).join(" ");
    const one = question(numbered(context), numbered(query, "q"), context === 0 ? [] : [text]);
    // `w1` also occurs inside `w10`: the position is the token's.
    const start = numbered(from).length + (from > 0 ? 1 : 0);
    const placed = { ...one, answers: one.answers.map(({ text }) => ({ text, start })) };
    const room = stride + spare;
    const asked = Math.min(query, maxQueryLength);
    const maxLength = room + asked + 3;
    const { windows } = squadWindows([placed], words(), { maxLength, stride, maxQueryLength });
    assert.equal(windows[0].first, 0);
    assert.equal(windows.at(-1)!.first + windows.at(-1)!.count, context);
    windows.forEach(({ first, count, offset, length, start, end }, i) => {
      assert.equal(offset, asked + 2);
      assert.equal(length, offset + count + 1);
      assert.ok(length <= maxLength);
      const inside = context > 0 && from >= first && to < first + count;
      assert.deepEqual([start, end], inside ? [from - first + offset, to - first + offset] : [0, 0]);
      if (i === 0) return;
      assert.equal(windows[i - 1].count, room);
      assert.equal(windows[i - 1].first + windows[i - 1].count - first, stride);
      assert.ok(count > stride); // something new in each
    });
    if (stride > answer[1]) assert.ok(context === 0 || windows.some(({ start }) => start > 0));
  }));
});
