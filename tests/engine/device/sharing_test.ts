import assert from "node:assert/strict";
import { Sharing } from "../../../engine/device/sharing.ts";

/** Runs kernels that take one unit alone, `shared` units shared; gives how many were shared and the time in all. */
function simulate(sharing: Sharing, kernels: number, shared: number, alone = 1): { shares: number; time: number } {
  let shares = 0, time = 0;
  for (let i = 0; i < kernels; i++) {
    const took = sharing.pays ? shared : alone;
    if (sharing.pays) shares++;
    time += took;
    sharing.record(took, 1);
  }
  return { shares, time };
}

Deno.test("Sharing never stops where workers help", () => {
  const sharing = new Sharing();
  assert.equal(simulate(sharing, 5000, 0.55).shares, 5000);
  assert.ok(!sharing.crowded);
});

Deno.test("Sharing stops where workers are waited for, and costs little to find out again and again", () => {
  const sharing = new Sharing();
  assert.ok(simulate(sharing, 400, 1.8).time < 400 * 1.2);
  assert.ok(simulate(sharing, 5000, 1.8).time < 5000 * 1.06);
  assert.ok(sharing.crowded);
});

Deno.test("Sharing begins again once the machine is free, and prefers it where one thread is disturbed as well", () => {
  const sharing = new Sharing();
  simulate(sharing, 5000, 1.8);
  simulate(sharing, 1000, 0.55);
  assert.equal(simulate(sharing, 1000, 0.55).shares, 1000);
  const busy = new Sharing();
  simulate(busy, 500, 1.5, 2.5);
  assert.ok(simulate(busy, 2000, 1.5, 2.5).shares > 1850);
});
