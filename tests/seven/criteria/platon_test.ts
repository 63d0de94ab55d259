import assert from "node:assert/strict";
import { OptionError, platon } from "../../../seven/mod.ts";
import { assertClose } from "../../support/assert_close.ts";
import { judge, type Numbers, plainGradients, situation } from "../support/oracle.ts";

Deno.test("platon() multiplies smoothed sensitivity and uncertainty, both renewed when a window closes", () => {
  const criterion = platon({ beta1: 0.85, beta2: 0.95, window: 2 });
  const given = situation();
  const g = plainGradients(given.params, given.batch);
  let state: Record<string, Numbers> | undefined;
  // Four updates of the same batch: two windows of equal importance.
  for (let update = 1; update <= 4; update++) {
    const progress = { update, sparsity: 0.5, target: 0.5 };
    const result = judge(criterion, { ...given, progress, ...(state ? { state } : {}) });
    state = result.state;
    for (const name of ["w1", "w2"]) {
      const closed = Math.floor(update / 2);
      const expected = g[name]!.map((x, i) => {
        const importance = Math.abs(x * given.params[name]![i]!);
        let j = 0, v = 0;
        for (let window = 0; window < closed; window++) {
          j = 0.85 * j + 0.15 * importance;
          v = 0.95 * v + 0.05 * Math.abs(importance - j);
        }
        return j * v;
      });
      assertClose(result.score[name]!, expected, { rtol: 1e-4, atol: 1e-10 }, `update ${update} ${name}`);
    }
  }
});

Deno.test("platon() refuses what cannot be", () => {
  assert.throws(() => platon({ window: 0 }), OptionError);
  assert.throws(() => platon({ beta2: 1 }), /beta2 1 is not in/);
});
