import assert from "node:assert/strict";
import fc from "fast-check";
import { longestFirst, onlySecond } from "../../../models/text/truncate.ts";

const lengths = fc.nat(600);
const rooms = fc.nat(600);

Deno.test("longestFirst() fills the room, keeps what fits, and never cuts the shorter text below the longer", () => {
  fc.assert(fc.property(lengths, lengths, rooms, (first, second, room) => {
    const [a, b] = longestFirst(first, second, room);
    assert.equal(a + b, Math.min(first + second, room));
    assert.ok(a >= 0 && a <= first && b >= 0 && b <= second);
    const [short, long] = first > second ? [b, a] : [a, b];
    if (short < Math.min(first, second)) assert.ok(long - short === 0 || long - short === 1);
    else if (long < Math.max(first, second)) assert.ok(short <= long);
  }));
});

Deno.test("longestFirst() takes token by token from the longer text", () => {
  fc.assert(fc.property(fc.nat(40), fc.nat(40), fc.nat(80), (first, second, room) => {
    // Of two equal texts the one that was shorter gives first, so that the longer keeps an odd token.
    const kept = [first, second];
    const shorter = first > second ? 1 : 0;
    while (kept[0] + kept[1] > room) kept[kept[0] === kept[1] ? shorter : kept[0] > kept[1] ? 0 : 1]--;
    assert.deepEqual(longestFirst(first, second, room), kept);
  }));
});

Deno.test("onlySecond() keeps the first text whole, or refuses", () => {
  fc.assert(fc.property(lengths, lengths, rooms, (first, second, room) => {
    if (first + second > room && first >= room) {
      assert.throws(() => onlySecond(first, second, room), { name: "DataError", message: /may not be cut/ });
    } else {
      assert.deepEqual(onlySecond(first, second, room), [first, Math.min(second, room - first)]);
    }
  }));
});

Deno.test("truncation refuses room that is not a whole number, 0 or more", () => {
  for (const room of [-1, 1.5, NaN, Infinity]) {
    assert.throws(() => longestFirst(1, 1, room), { name: "DataError", message: /^room for/ });
    assert.throws(() => onlySecond(1, 1, room), { name: "DataError", message: /^room for/ });
  }
});
