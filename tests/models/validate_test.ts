import assert from "node:assert/strict";
import { z } from "zod";
import { parseJson, validate } from "../../models/validate.ts";

Deno.test("validate() fills in defaults", () => {
  const schema = z.object({ a: z.number().default(3) });
  assert.deepEqual(validate<{ a: number }>(schema, {}, Error), { a: 3 });
});

Deno.test("validate() lists every fault with its path in one line", () => {
  const schema = z.object({ a: z.number(), b: z.object({ c: z.string() }) });
  assert.throws(() => validate(schema, { a: "x", b: { c: 1 } }, (faults) => new RangeError(faults)), (error: Error) => {
    assert.ok(error instanceof RangeError);
    assert.match(error.message, /expected number.* → at a; .*expected string.* → at b\.c$/);
    return !error.message.includes("\n");
  });
});

Deno.test("parseJson() refuses bytes that are no UTF-8", () => {
  assert.deepEqual(parseJson(new TextEncoder().encode(`{"ä":1}`)), { "ä": 1 });
  assert.throws(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22)), TypeError);
});
