import assert from "node:assert/strict";
import { OptionError, seven } from "../../../seven/mod.ts";
import { assertClose } from "../../support/assert_close.ts";
import { judge, plainGradients, situation } from "../support/oracle.ts";

const kinds = (["sum", "ema", "last"] as const).flatMap((accumulate) =>
  (["signed", "absolute"] as const).flatMap((moment) =>
    [true, false].map((steadiness) => ({ accumulate, moment, steadiness }))
  )
);

Deno.test("seven() scores |theta g| times the steadiness of the gradients, summed, averaged or last", () => {
  const given = situation();
  const g = plainGradients(given.params, given.batch);
  const earlier = (scale: number) => ({
    w1: g.w1!.map((x, i) => scale * (x + Math.sin(i))),
    w2: g.w2!.map((x) => scale * x),
  });
  const state = {
    m: { w1: earlier(0.2).w1.map(Math.abs), w2: earlier(0.2).w2.map(Math.abs) },
    v: { w1: earlier(0.3).w1.map((x) => x * x), w2: earlier(0.3).w2.map((x) => x * x) },
    score: { w1: g.w1!.map(() => 0.25), w2: g.w2!.map(() => 0.5) },
  };
  const progress = { update: 3, sparsity: 0.5, target: 0.5 };
  for (const { accumulate, moment, steadiness } of kinds) {
    const options = { alpha1: 0.8, alpha2: 0.9, accumulate, moment, steadiness };
    const result = judge(seven(options), { ...given, state, progress });
    for (const name of ["w1", "w2"] as const) {
      const expected = g[name]!.map((grad, i) => {
        const m = 0.8 * state.m[name][i]! + 0.2 * (moment === "absolute" ? Math.abs(grad) : grad);
        const v = 0.9 * state.v[name][i]! + 0.1 * grad ** 2;
        const steady = !steadiness ? 1 : (Math.abs(m) / (1 - 0.8 ** 3)) / (Math.sqrt(v / (1 - 0.9 ** 3)) + 1e-9);
        const now = Math.abs(given.params[name]![i]! * grad) * steady;
        const before = state.score[name][i]!;
        return accumulate === "sum" ? before + now : accumulate === "ema" ? 0.8 * before + 0.2 * now : now;
      });
      assertClose(
        result.score[name]!,
        expected,
        { rtol: 1e-5, atol: 1e-8 },
        `${accumulate}, ${moment} moments, steadiness ${steadiness}: ${name}`,
      );
    }
  }
});

Deno.test("seven() refuses decays outside of [0, 1)", () => {
  assert.throws(() => seven({ alpha1: 1 }), OptionError);
  assert.throws(() => seven({ alpha2: -0.1 }), /alpha2 -0.1 is not in \[0, 1\)/);
});
