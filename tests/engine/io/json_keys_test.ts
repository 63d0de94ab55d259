import assert from "node:assert/strict";
import fc from "fast-check";
import { duplicateKey } from "../../../engine/io/json_keys.ts";

Deno.test("duplicateKey() finds none in what JSON.stringify writes", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    assert.equal(duplicateKey(JSON.stringify(value, undefined, 1)), undefined);
  }));
});

Deno.test("duplicateKey() finds a key that is stated twice, however it is escaped", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), fc.jsonValue(), fc.jsonValue(), (key, first, second) => {
    const escaped = [...Array(key.length).keys()].map((i) => "\\u" + key.charCodeAt(i).toString(16).padStart(4, "0"))
      .join("");
    const json = `[{"nested" :{${JSON.stringify(key)}:${JSON.stringify(first)},\n"${escaped}" : ${
      JSON.stringify(second)
    }}}]`;
    assert.equal(duplicateKey(json), key);
  }));
});

Deno.test("duplicateKey() lets equal keys of different objects be, and equal strings that are no keys", () => {
  assert.equal(duplicateKey(`{"a":{"b":1},"b":{"a":["a","a",":"]},"c":"a"}`), undefined);
});
