import assert from "node:assert/strict";
import { literal, notEqual } from "../../../engine/mod.ts";
import { interpret } from "../../../engine/reference/interpret.ts";
import { random, shuffleMasks } from "../../../seven/mod.ts";
import { judge, situation } from "../support/oracle.ts";

Deno.test("random() draws scores uniformly, independently in every tensor", () => {
  const { score } = judge(random(), situation());
  const all = [...score.w1!, ...score.w2!];
  assert.ok(all.every((x) => x >= 0 && x < 1));
  assert.equal(new Set(all).size, all.length);
  const mean = all.reduce((a, b) => a + b) / all.length;
  assert.ok(Math.abs(mean - 0.5) < 0.06, `mean ${mean}`);
});

Deno.test("shuffleMasks() keeps the number in every tensor, and moves the places with the key", () => {
  const flags = { a: Array.from({ length: 90 }, (_, i) => Number(i % 3 === 0)), b: [1, 0, 0, 0] };
  const shuffled = (key: number) => {
    const masks = Object.fromEntries(
      Object.entries(flags).map(([name, values]) => [name, notEqual(literal(Uint32Array.from(values)), 0)]),
    );
    return interpret(shuffleMasks(masks, literal(Uint32Array.of(key, 7))), new Map()) as Record<string, Float64Array>;
  };
  const [one, two] = [shuffled(1), shuffled(2)];
  for (const result of [one, two]) {
    assert.equal(result.a!.filter(Boolean).length, 30);
    assert.equal(result.b!.filter(Boolean).length, 1);
  }
  assert.notDeepEqual(one.a, two.a);
  assert.notDeepEqual([...one.a!], flags.a);
});
