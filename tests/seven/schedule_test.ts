import assert from "node:assert/strict";
import fc from "fast-check";
import { keptCount, OptionError, type ScheduleKind, sparsitySchedule } from "../../seven/schedule.ts";

const kinds: ScheduleKind[] = ["one-shot", "linear", "cubic", "exponential"];

Deno.test("sparsitySchedule() reaches exactly the asked sparsity at its last step, for every K", () => {
  fc.assert(fc.property(
    fc.double({ min: 0, max: 0.999, noNaN: true }),
    fc.integer({ min: 1, max: 400 }),
    fc.integer({ min: 1, max: 50 }),
    fc.integer({ min: 1, max: 20 }),
    fc.constantFrom(...kinds),
    (sparsity, steps, start, every, kind) => {
      const schedule = sparsitySchedule({ sparsity, steps, start, every, kind });
      assert.equal(schedule.at(schedule.end), sparsity);
      assert.equal(schedule.at(start - 1), undefined);
      assert.equal(schedule.at(schedule.end + 1), undefined);
    },
  ));
});

Deno.test("sparsitySchedule() never falls, and stays between 0 and the target", () => {
  fc.assert(fc.property(
    fc.double({ min: 0, max: 0.999, noNaN: true }),
    fc.integer({ min: 1, max: 300 }),
    fc.constantFrom(...kinds),
    (sparsity, steps, kind) => {
      const schedule = sparsitySchedule({ sparsity, steps, kind });
      let before = 0;
      for (let t = 1; t <= schedule.end; t++) {
        const now = schedule.at(t)!;
        assert.ok(now >= before && now <= sparsity, `${kind} step ${t}: ${now} after ${before}`);
        before = now;
      }
    },
  ));
});

Deno.test("sparsitySchedule() follows the cubic of equation P = s - s (1 - j/K)^3", () => {
  const schedule = sparsitySchedule({ sparsity: 0.8, steps: 10, start: 3 });
  assert.equal(schedule.end, 12);
  assert.ok(Math.abs(schedule.at(3)! - (0.8 - 0.8 * 0.9 ** 3)) < 1e-15);
  assert.ok(Math.abs(schedule.at(7)! - (0.8 - 0.8 * 0.5 ** 3)) < 1e-15);
});

Deno.test("sparsitySchedule() prunes at every so many steps, and at the last", () => {
  const schedule = sparsitySchedule({ sparsity: 0.5, steps: 10, every: 4 });
  const pruning = Array.from({ length: 12 }, (_, i) => i + 1).filter((t) => schedule.at(t) !== undefined);
  assert.deepEqual(pruning, [4, 8, 10]);
});

Deno.test("sparsitySchedule() refuses what cannot be, naming it", () => {
  for (const sparsity of [1.4, 1, -0.1, NaN]) {
    assert.throws(() => sparsitySchedule({ sparsity, steps: 1 }), OptionError, String(sparsity));
  }
  assert.throws(() => sparsitySchedule({ sparsity: 0.5, steps: 0 }), /steps 0 is not a positive integer/);
  assert.throws(() => sparsitySchedule({ sparsity: 0.5, steps: 5, kind: "square" as ScheduleKind }), /"square"/);
});

Deno.test("keptCount() is N - round(s N)", () => {
  assert.equal(keptCount(491_520, 0.95), 24_576);
  assert.equal(keptCount(85_524_480, 0.6), 34_209_792);
  assert.equal(keptCount(10, 0.25), 7);
});
