/** The stopwatch runs the model as often as it says, on batches of the size that is asked for. */
import assert from "node:assert/strict";
import { Device } from "../../../engine/mod.ts";
import { openCpu } from "../../../engine/device/cpu.ts";
import type { Network } from "../../../models/network.ts";
import { forwardTime } from "../../../models/shrink/speed.ts";
import { bertJson, randomNetwork, viTJson } from "./support.ts";

Deno.test("forwardTime() measures as often as it is told, on batches of the model's input", async () => {
  using device = new Device(openCpu());
  for (const json of [bertJson, viTJson]) {
    const network = await randomNetwork(json, 1);
    const seen: Record<string, readonly number[]>[] = [];
    const watched: Network = {
      ...network,
      outputs: (params, batch, options) => {
        seen.push(Object.fromEntries(Object.entries(batch).map(([name, { shape }]) => [name, shape])));
        return network.outputs(params, batch, options);
      },
    };
    const { median, least, all } = await forwardTime(watched, { device, rows: 3, tokens: 5, repeats: 4 });
    assert.equal(all.length, 4);
    assert.ok(all.every((time) => time > 0) && least === Math.min(...all) && all.includes(median));
    const shapes = network.image ? { images: [3, 1, 8, 8] } : { ids: [3, 5], typeIds: [3, 5], mask: [3, 5] };
    assert.deepEqual(seen[0], shapes);
  }
});
