import assert from "node:assert/strict";
import { firstNonFinite, withFiniteChecks } from "../../../engine/compile/finite.ts";
import { trace } from "../../../engine/compile/trace.ts";
import type { Tensor } from "../../../engine/graph/node.ts";
import * as o from "../../../engine/ops.ts";
import { type } from "./support.ts";

Deno.test("withFiniteChecks() counts inputs, telling operations and outputs, in the order of computation", () => {
  const traced = trace(
    (s: { w: Tensor }, { x }: { x: Tensor }) => ({ state: { w: o.add(s.w, o.exp(x)) }, metrics: { loss: o.sum(x) } }),
    { state: { w: type([3]) }, batch: { x: type([3]) } },
  );
  const labels = withFiniteChecks(traced).metrics.slice(1).map(({ path }) =>
    path.replace(/^taps\/non-finite \d+ /, "")
  );
  assert.deepEqual(labels, ["w f32[3]", "x f32[3]", "exp f32[3] over x", "add f32[3] over w, x", "sum f32[] over x"]);
});

Deno.test("firstNonFinite() gives the first in order of computation, or nothing", () => {
  const taps = {
    "non-finite 000002 log f32[4]": 3,
    "non-finite 000001 exp f32[4]": 1,
    "non-finite 000000 x": 0,
    mine: 7,
  };
  assert.equal(firstNonFinite(taps), "exp f32[4] (1 non-finite elements)");
  assert.equal(firstNonFinite({ "non-finite 000000 x": 0, mine: 7 }), undefined);
});
