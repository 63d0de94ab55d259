import assert from "node:assert/strict";
import fc from "fast-check";
import { DataError } from "../../../models/data/error.ts";
import { parseSquad, readSquad } from "../../../models/text/squad_read.ts";

const error = (message: RegExp): object => ({ name: "DataError", message });
const bytes = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));

const official = (qas: readonly unknown[], context = "the cat sat"): unknown => ({
  version: "v2.0",
  data: [{ title: "Cats", paragraphs: [{ context, qas }] }],
});
const cat = { id: "a", question: "Who?", answers: [{ text: "cat", answer_start: 4 }] };
const row = {
  id: "a",
  title: "Cats",
  context: "the cat sat",
  question: "Who?",
  answers: { text: ["cat", "the cat"], answer_start: [4, 0] },
};

Deno.test("parseSquad() reads the official form", () => {
  const none = { id: "b", question: "Where?", answers: [], is_impossible: true, plausible_answers: [] };
  assert.deepEqual(parseSquad(official([{ ...cat, is_impossible: false }, none]), "f"), [
    {
      id: "a",
      title: "Cats",
      context: "the cat sat",
      question: "Who?",
      answers: [{ text: "cat", start: 4 }],
      impossible: false,
    },
    { id: "b", title: "Cats", context: "the cat sat", question: "Where?", answers: [], impossible: true },
  ]);
});

Deno.test("parseSquad() reads rows, as a list and under data, positions as bigint too", () => {
  const none = { ...row, id: "b", answers: { text: [], answer_start: [] } };
  const expected = [
    {
      id: "a",
      title: "Cats",
      context: "the cat sat",
      question: "Who?",
      answers: [{ text: "cat", start: 4 }, { text: "the cat", start: 0 }],
      impossible: false,
    },
    { id: "b", title: "Cats", context: "the cat sat", question: "Who?", answers: [], impossible: true },
  ];
  assert.deepEqual(parseSquad([row, none], "f"), expected);
  assert.deepEqual(parseSquad({ data: [row, none] }, "f"), expected);
  const big = { ...row, answers: { text: row.answers.text, answer_start: [4n, 0n] } };
  assert.deepEqual(parseSquad([big, none], "f"), expected);
});

Deno.test("readSquad() reads JSON and JSON Lines", () => {
  const two = { ...row, id: "b" };
  const expected = parseSquad([row, two], "f");
  assert.deepEqual(readSquad(bytes([row, two]), "f"), expected);
  assert.deepEqual(readSquad(bytes(`${JSON.stringify(row)}\r\n\n${JSON.stringify(two)}\n`), "f"), expected);
  assert.deepEqual(readSquad(bytes(`${JSON.stringify(row)}\n`), "f"), expected.slice(0, 1));
  assert.deepEqual(readSquad(bytes(official([cat])), "f"), parseSquad(official([cat]), "f"));
});

Deno.test("parseSquad() counts positions in characters, and gives them in code units", () => {
  const context = "😀😀 the cat 😀 sat";
  const at = (text: string, position: number): number =>
    parseSquad(official([{ ...cat, answers: [{ text, answer_start: position }] }], context), "f")[0].answers[0].start;
  assert.equal(at("the", 3), 5);
  assert.equal(at("😀 sat", 11), 13);
  assert.equal(context.slice(13, 13 + "😀 sat".length), "😀 sat");
});

Deno.test("parseSquad() takes an answer from at most two characters away, the closest", () => {
  const at = (position: number, context = "..aa.aa....."): number =>
    parseSquad(official([{ ...cat, answers: [{ text: "aa", answer_start: position }] }], context), "f")[0].answers[0]
      .start;
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6, 7].map((position) => at(position)), [2, 2, 2, 2, 5, 5, 5, 5]);
  assert.equal(at(2, "aa..aa"), 0);
  assert.throws(
    () => at(8),
    error(/^f: article 1 "Cats", paragraph 1, question "a": the context does not have .*"aa"/),
  );
});

Deno.test("parseSquad() names what is at fault", () => {
  const faults: [unknown, RegExp][] = [
    [7, /^f: is no SQuAD file: there is no list of articles/],
    [{ data: 7 }, /^f: is no SQuAD file/],
    [{ data: [] }, /^f: there are no questions/],
    [{ data: [{}] }, /^f: entry 1 of data has neither paragraphs \(an article\) nor context \(a row\)/],
    [{ data: [{ title: "Cats", paragraphs: [] }] }, /^f: there are no questions/],
    [
      { data: [{ title: "Cats", paragraphs: [] }, { title: "Dogs" }] },
      /^f: article 2 "Dogs": there is no list of para/,
    ],
    [{ data: [{ title: 7, paragraphs: [] }] }, /^f: article 1: title is no text/],
    [{ data: [{ title: "Cats", paragraphs: [{ qas: [] }] }] }, /^f: article 1 "Cats", paragraph 1: context is no text/],
    [
      { data: [{ title: "Cats", paragraphs: [{ context: "" }] }] },
      /^f: article 1 "Cats", paragraph 1: there is no list/,
    ],
    [official([cat, 7]), /^f: article 1 "Cats", paragraph 1, question 2: /],
    [official([{ ...cat, id: undefined }]), /^f: article 1 "Cats", paragraph 1, question 1: .*id/],
    [official([{ ...cat, question: 7 }]), /^f: article 1 "Cats", paragraph 1, question "a": .*string.* question/],
    [official([{ ...cat, answers: [{ text: "cat" }] }]), /question "a": .*answers\[0\].answer_start/],
    [official([{ ...cat, answers: [{ text: "cat", answer_start: -1 }] }]), /question "a": .*answer_start/],
    [official([{ ...cat, answers: [{ text: "", answer_start: 1 }] }]), /question "a": .*text/],
    [
      official([{ ...cat, answers: [{ text: "dog", answer_start: 4 }] }]),
      /question "a": the context does not have .*4/,
    ],
    [official([{ ...cat, is_impossible: true }]), /question "a": is_impossible is true, but there are answers/],
    [official([{ ...cat, answers: [], is_impossible: false }]), /question "a": there is no answer; give one/],
    [official([cat, cat]), /^f: question "a" comes twice; ids must be unique/],
    [[row, { ...row, id: 7 }], /^f: row 2, question 2: .*id/],
    [[row, { ...row, answers: { text: ["cat"], answer_start: [] } }], /^f: row 2, question "a": 1 answers have 0 pos/],
    [[{ ...row, answers: { text: ["dog"], answer_start: [4] } }], /^f: row 1, question "a": the context does not/],
    [[{ ...row, answers: { text: ["cat"], answer_start: [4.5] } }], /^f: row 1, question "a": .*whole number/],
  ];
  for (const [value, message] of faults) assert.throws(() => parseSquad(value, "f"), error(message));
});

Deno.test("readSquad() says where the text is no JSON", () => {
  assert.throws(() => readSquad(bytes("{"), "f"), error(/^f: is no JSON \(.*\); fetch the file again$/));
  assert.throws(
    () => readSquad(bytes(""), "f"),
    error(/^f: there are no questions/),
  );
  assert.throws(() => readSquad(bytes("{\n\n!"), "f"), error(/^f: is no JSON \(.*\); fetch the file again$/));
  assert.throws(() => readSquad(new Uint8Array([0xff, 0xfe]), "f"), error(/^f: is no JSON/));
  assert.throws(() => readSquad(bytes(`${JSON.stringify(row)}\n{"id"`), "f"), error(/^f: line 2 is no JSON/));
});

Deno.test("parseSquad() of anything is questions or a DataError of one line", () => {
  const odd = fc.oneof(fc.jsonValue(), fc.constant(undefined));
  const key = fc.constantFrom("id", "question", "answers", "is_impossible", "context", "title", "qas", "paragraphs");
  const broken = fc.tuple(fc.constantFrom(official([cat]), [row], { data: [row] }), fc.array(fc.tuple(key, odd)))
    .map(([value, changes]) => {
      const copy = structuredClone(value);
      const walk = (node: unknown): void => {
        if (typeof node !== "object" || node === null) return;
        for (const [name, inner] of Object.entries(node)) {
          const change = changes.find(([key]) => key === name);
          if (change) (node as Record<string, unknown>)[name] = change[1];
          else walk(inner);
        }
      };
      walk(copy);
      return copy;
    });
  let good = 0;
  fc.assert(fc.property(fc.oneof(odd, broken), (value) => {
    try {
      for (const { context, answers, impossible } of parseSquad(value, "f")) {
        good++;
        assert.equal(impossible, answers.length === 0);
        for (const { text, start } of answers) assert.equal(context.slice(start, start + text.length), text);
      }
    } catch (fault) {
      assert.ok(fault instanceof DataError, String(fault));
      assert.match(fault.message, /^f: .+$/);
    }
  }));
  assert.ok(good > 0);
});

Deno.test("readSquad() of any bytes is a DataError of one line", () => {
  fc.assert(fc.property(fc.uint8Array(), (content) => {
    assert.throws(() => readSquad(content, "f"), error(/^f: .+$/));
  }));
});

Deno.test("parseSquad() finds answers wherever they are, in any script", () => {
  const context = fc.string({ unit: fc.constantFrom("a", "é", "中", "😀", " "), minLength: 1 });
  fc.assert(fc.property(context, fc.nat(), fc.nat(), (context, first, count) => {
    const characters = [...context];
    const from = first % characters.length;
    const text = characters.slice(from, from + 1 + count % (characters.length - from)).join("");
    const start = characters.slice(0, from).join("").length;
    const [{ answers }] = parseSquad(official([{ ...cat, answers: [{ text, answer_start: from }] }], context), "f");
    assert.deepEqual(answers, [{ text, start }]);
  }));
});
