/** ViTs whose layers are of different sizes. */
import assert from "node:assert/strict";
import { Device } from "../../../engine/mod.ts";
import { openCpu } from "../../../engine/device/cpu.ts";
import { shrink } from "../../../models/shrink/shrink.ts";
import { viTConfig } from "../../../models/vit/config.ts";
import { assertClose } from "../../support/assert_close.ts";
import { deiTJson, loaded, logitsOf, pruneAtRandom, randomNetwork, viTJson } from "./support.ts";

const close = { rtol: 0, atol: 1e-4 };

Deno.test("shrink() of ViTs pruned at random leaves their logits, whatever the layout", async () => {
  using device = new Device(openCpu());
  let uneven = 0;
  for (const [i, json] of [viTJson, deiTJson, { ...viTJson, qkv_bias: false }].entries()) {
    const network = await randomNetwork(json, i);
    const pruned = pruneAtRandom(network, i + 20);
    const logits = await logitsOf(device, network);
    for (const layout of ["smallest", "pruned_heads", "transformers"] as const) {
      const shrunk = await shrink(network, { layout });
      if (layout === "smallest") {
        assert.deepEqual(Object.values(shrunk.layers).map(({ heads }) => heads.removed), Object.values(pruned.head));
        assert.deepEqual(
          Object.values(shrunk.layers).map(({ neurons }) => neurons.removed),
          Object.values(pruned.neuron),
        );
        if (shrunk.reader === "this library") uneven++;
      }
      const after = await loaded(shrunk);
      assert.deepEqual(after.fresh, []);
      assertClose(await logitsOf(device, after), logits, close, `${json.model_type}, ${layout}`);
    }
  }
  assert.equal(uneven, 3);
});

Deno.test("viTConfig() refuses layers and heads that there are not", () => {
  const refuses = (changed: Record<string, unknown>, message: RegExp) =>
    assert.throws(() => viTConfig({ ...viTJson, ...changed }, "f"), { name: "CheckpointError", message });
  refuses({ pruned_heads: { "3": [0] } }, /^f: pruned_heads has "3", which is no layer of 0 to 2/);
  refuses({ intermediate_sizes: [10, 10] }, /^f: intermediate_sizes has 2 sizes for 3 layers/);
  assert.deepEqual(viTConfig({ ...viTJson, pruned_heads: {} }, "f"), viTConfig(viTJson, "f"));
});
