import assert from "node:assert/strict";
import { readAhead } from "../../../models/data/read_ahead.ts";

/** Numbers, with a record of what was asked for. */
async function* numbers(asked: number[], count = Infinity, failAt = Infinity): AsyncGenerator<number> {
  try {
    for (let i = 0; i < count; i++) {
      asked.push(i);
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (i === failAt) throw new Error(`no ${i}`);
      yield i;
    }
  } finally {
    asked.push(-1);
  }
}

Deno.test("readAhead() gives the same values in the same order", async () => {
  for (const depth of [0, 1, 3, 20]) {
    const asked: number[] = [];
    assert.deepEqual(await Array.fromAsync(readAhead(numbers(asked, 7), depth)), [0, 1, 2, 3, 4, 5, 6]);
    assert.equal(asked.at(-1), -1, "the source has ended");
  }
});

Deno.test("readAhead() makes the next values while one is used", async () => {
  const asked: number[] = [];
  for await (const value of readAhead(numbers(asked), 2)) {
    const wanted = Array.from({ length: value + 3 }, (_, i) => i);
    for (let wait = 0; wait < 1000 && asked.length < wanted.length; wait++) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    assert.deepEqual(asked, wanted);
    if (value === 4) break;
  }
  assert.equal(asked.at(-1), -1, "ending early ends the source");
});

Deno.test("readAhead() throws an error where its value would have come", async () => {
  const seen: number[] = [];
  await assert.rejects(async () => {
    for await (const value of readAhead(numbers([], 9, 3), 5)) {
      seen.push(value);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }, /no 3/);
  assert.deepEqual(seen, [0, 1, 2]);
  assert.throws(() => readAhead(numbers([]), -1), RangeError);
});
