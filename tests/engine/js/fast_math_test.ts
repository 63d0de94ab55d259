import assert from "node:assert/strict";
import { scalarOps } from "../../../engine/graph/scalar_ops.ts";
import { fastMath } from "../../../engine/js/fast_math.ts";

function functionOf(js: string, helpers: readonly { readonly js: string }[]): (x: number) => number {
  return new Function(`${helpers.map((helper) => helper.js).join("\n")}\nreturn (x) => ${js};`)();
}
const fast = (name: string) => functionOf(fastMath[name]!.js(["x"]), fastMath[name]!.helpers);
const exact = (name: string) =>
  functionOf(scalarOps[name]!.js(["x"], { input: "f32", output: "f32", params: {} }), scalarOps[name]!.helpers ?? []);

for (
  const [name, low, high] of [["exp", -87, 88], ["tanh", -12, 12], ["erf", -6, 6], ["tanh", -1e-2, 1e-2], [
    "erf",
    -1e-2,
    1e-2,
  ]] as const
) {
  Deno.test(`fast ${name} agrees with the f64 one on ${low} .. ${high} below half a unit of f32`, () => {
    const [approximate, reference] = [fast(name), exact(name)];
    for (let i = 0; i <= 200000; i++) {
      const x = low + (high - low) * i / 200000, want = reference(x);
      const error = Math.abs(approximate(x) - want) / Math.abs(want || 1);
      assert.ok(error < 5e-8, `${name}(${x}): relative error ${error}`);
    }
  });
}

Deno.test("fast functions have the exact special values", () => {
  const values = (name: string) => [0, Infinity, -Infinity, NaN, 1e30, -1e30].map(fast(name));
  assert.deepEqual(values("exp"), [1, Infinity, 0, NaN, Infinity, 0]);
  assert.deepEqual(values("tanh"), [0, 1, -1, NaN, 1, -1]);
  assert.deepEqual(values("erf"), [0, 1, -1, NaN, 1, -1]);
  assert.equal(Math.fround(fast("exp")(88.73)), Infinity);
  assert.equal(Math.fround(fast("exp")(-103.9)), Math.fround(Math.exp(-103.9)));
  assert.equal(Math.fround(fast("exp")(-104)), 0);
  assert.ok(Object.is(fast("tanh")(-0), -0));
  assert.ok(Math.abs(fast("erf")(1e-12) / (2e-12 / Math.sqrt(Math.PI)) - 1) < 1e-9);
});
