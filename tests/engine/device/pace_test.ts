import assert from "node:assert/strict";
import fc from "fast-check";
import { Pace } from "../../../engine/device/pace.ts";
import { onDevices, randoms } from "../suite/support.ts";
import * as o from "../../../engine/ops.ts";
import type { Tensor } from "../../../engine/graph/node.ts";

/** A device that does its work when told to. */
class Worker {
  given = 0;
  done = 0;
  calls = 0;
  #waiting: { readonly at: number; readonly resolve: () => void }[] = [];

  readonly idle = (): Promise<void> => {
    this.calls++;
    return new Promise((resolve) => this.#waiting.push({ at: this.given, resolve }));
  };

  work(steps: number): void {
    this.done = Math.min(this.given, this.done + steps);
    this.#waiting = this.#waiting.filter(({ at, resolve }) => at > this.done || resolve());
  }
}

Deno.test("Pace never lets more than eight steps be under way, and does not wait for a device that keeps up", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 20, maxLength: 60 }), async (speeds) => {
      const worker = new Worker(), pace = new Pace(worker.idle);
      for (const speed of speeds) {
        let waits = true;
        const ready = pace.ready().then(() => void (waits = false));
        // Whoever waits is let go as soon as the device has passed a mark.
        for (let turn = 0; waits; turn++) {
          await new Promise((resolve) => setTimeout(resolve));
          if (waits) worker.work(1);
          assert.ok(turn < 12);
        }
        await ready;
        assert.ok(pace.underWay < 8);
        worker.given++;
        pace.step();
        assert.ok(worker.given - worker.done <= 8);
        worker.work(speed);
      }
      assert.equal(worker.calls, Math.floor(speeds.length / 4));
    }),
    { numRuns: 20 },
  );
});

Deno.test("Pace takes a failed wait for done: the device tells its error itself", async () => {
  const pace = new Pace(() => Promise.reject(new Error("lost")));
  for (let i = 0; i < 20; i++) {
    await pace.ready();
    pace.step();
  }
  assert.ok(pace.underWay <= 8);
});

onDevices("a loop that awaits ready() runs all its steps and lets timers in", async (device) => {
  using state = device.place({ x: randoms([64], 1) });
  const step = ({ x }: { x: Tensor }) => ({ state: { x: o.add(x, 1) }, metrics: {} });
  using program = await device.compile<{ x: Tensor }, Record<never, Tensor>, Record<never, Tensor>>(
    step,
    { state: state.types, batch: {} } as never,
  );
  const before = (await state.read("x")).data[0]!;
  let ticks = 0;
  const timer = setInterval(() => ticks++, 0);
  let runs = 0;
  for (; runs < 50 || (ticks === 0 && runs < 5000); runs++) {
    await device.ready();
    program.run(state, {} as never);
  }
  clearInterval(timer);
  assert.ok(ticks > 0);
  assert.ok(Math.abs((await state.read("x")).data[0]! - before - runs) < 1e-2);
});
