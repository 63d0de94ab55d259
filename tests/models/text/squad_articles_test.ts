import assert from "node:assert/strict";
import fc from "fast-check";
import { splitByArticle } from "../../../models/text/squad_articles.ts";
import type { Question } from "../../../models/text/squad_read.ts";
import { question } from "./squad_words.ts";

const error = (message: RegExp): object => ({ name: "DataError", message });
const questions = (articles: number, each = 3): Question[] =>
  Array.from(
    { length: articles * each },
    (_, i) => ({ ...question("c", "q", [], `q${i}`), title: `t${i % articles}` }),
  );

Deno.test("splitByArticle() puts every article into one part, in order", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 12 }), fc.double({ min: 0.01, max: 0.9 }), fc.nat(), (n, share, seed) => {
      const all = questions(n);
      const count = Math.max(1, Math.round(share * n));
      fc.pre(count < n);
      const { train, dev } = splitByArticle(all, share, seed);
      const titles = (part: readonly Question[]) => new Set(part.map(({ title }) => title));
      assert.equal(titles(dev).size, count);
      assert.equal(titles(train).size, n - count);
      assert.ok(titles(dev).isDisjointFrom(titles(train)));
      for (const part of [train, dev]) assert.deepEqual(part, all.filter((one) => part.includes(one)));
      assert.deepEqual(splitByArticle(all, count, seed), { train, dev });
    }),
  );
});

Deno.test("splitByArticle() holds out other articles for other seeds, each equally often", () => {
  const all = questions(5, 1);
  const counts = new Map<string, number>();
  for (let seed = 0; seed < 500; seed++) {
    for (const { title } of splitByArticle(all, 2, seed).dev) counts.set(title, (counts.get(title) ?? 0) + 1);
  }
  // 200 each, standard deviation 11.
  for (const count of counts.values()) assert.ok(Math.abs(count - 200) < 45, `${count}`);
  assert.equal(counts.size, 5);
});

Deno.test("splitByArticle() refuses what leaves a part empty", () => {
  for (const held of [0, -1, NaN, 1.5, Infinity]) {
    assert.throws(() => splitByArticle(questions(4), held, 1), error(/^articles to hold out: .* is neither a share/));
  }
  assert.throws(() => splitByArticle(questions(4), 4, 1), error(/^articles to hold out: 4 of 4 leave none/));
  assert.throws(() => splitByArticle(questions(1), 0.5, 1), error(/^articles to hold out: 1 of 1 leave none/));
});
