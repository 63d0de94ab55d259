import assert from "node:assert/strict";
import { duration } from "../../seven/cli/table.ts";

Deno.test("duration() rounds into the next unit", () => {
  const texts: readonly (readonly [seconds: number, text: string])[] = [
    [0, "0.0 s"],
    [59.94, "59.9 s"],
    [59.96, "1 min 0 s"],
    [119.6, "2 min 0 s"],
    [3599.4, "59 min 59 s"],
    [3599.6, "1 h 0 min"],
    [5431, "1 h 31 min"],
    [7199, "2 h 0 min"],
  ];
  for (const [seconds, text] of texts) assert.equal(duration(seconds), text);
});
