/** Shared slots when memory does not suffice. */

import assert from "node:assert/strict";
import { type Backend, DeviceError, type Storage } from "../../../engine/device/backend.ts";
import { SharedSlots } from "../../../engine/device/slots.ts";

/** A backend that only allocates, as much as it has. */
function small(limit: number): { backend: Backend; used(): number } {
  let used = 0;
  const allocate = (bytes: number, label: string): Storage => {
    if (used + bytes > limit) throw new DeviceError(`${label}: ${bytes} bytes are not there`);
    used += bytes;
    let alive = true;
    return {
      bytes,
      label,
      [Symbol.dispose]() {
        if (alive) used -= bytes;
        alive = false;
      },
    };
  };
  return { backend: { allocate } as unknown as Backend, used: () => used };
}

/** Slots 0, 1, ... of so many bytes. */
const sizes = (...bytes: number[]): Map<number, number> => new Map(bytes.entries());

Deno.test("the i-th largest slots share a storage, whatever their order", () => {
  const { backend, used } = small(1000);
  const shared = new SharedSlots(backend);
  using one = shared.reserve(sizes(10, 100, 40));
  const before = shared.generation;
  using two = shared.reserve(sizes(30, 90));
  assert.equal(shared.generation, before, "all fit into what was there");
  assert.equal(two.storage(1), one.storage(1));
  assert.equal(two.storage(0), one.storage(2));
  assert.deepEqual([shared.bytes, used()], [150, 150]);
  const old = one.storage(2);
  using three = shared.reserve(sizes(60, 60, 60, 60));
  assert.notEqual(shared.generation, before);
  assert.notEqual(one.storage(2), old);
  assert.deepEqual([0, 1, 2, 3].map((slot) => three.storage(slot).bytes), [100, 60, 60, 60]);
  assert.equal(used(), 280);
});

Deno.test("what does not fit leaves the other programs what they have", () => {
  const { backend, used } = small(200);
  const shared = new SharedSlots(backend);
  {
    using one = shared.reserve(sizes(100, 40));
    assert.throws(() => shared.reserve(sizes(100, 120)), DeviceError);
    assert.throws(() => shared.reserve(sizes(250)), DeviceError);
    assert.ok(one.storage(0).bytes >= 100 && one.storage(1).bytes >= 40);
    assert.equal(used(), shared.bytes);
  }
  assert.equal(used(), 0);
  assert.throws(() => shared.reserve(sizes(100, 120)), DeviceError);
  assert.equal(used(), 0, "nothing is left of what was begun");
});

Deno.test("slots are released once", () => {
  const { backend, used } = small(200);
  const shared = new SharedSlots(backend);
  const one = shared.reserve(sizes(100)), two = shared.reserve(sizes(50));
  one[Symbol.dispose]();
  one[Symbol.dispose]();
  assert.equal(used(), 100);
  two[Symbol.dispose]();
  assert.equal(used(), 0);
});
