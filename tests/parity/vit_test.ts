/** Our ViT and DeiT and the classes of transformers: outputs, hidden states, loss, all gradients, steps of AdamW. */
import assert from "node:assert/strict";
import { crossEntropy, type HostTensor, hostTensor, slice, type Tensor } from "../../engine/mod.ts";
import { viT, viTConfig, viTEncoder, viTLogits, viTShapes } from "../../models/vit/vit.ts";
import { interpolatePositions } from "../../models/vit/positions.ts";
import { onDevices } from "../engine/suite/support.ts";
import { assertClose } from "../support/assert_close.ts";
import { assertAgree, assertTraining, decode, evaluateOn, generated, generatedParams } from "./vit_support.ts";
import numbers from "./vit.json" with { type: "json" };

const images: HostTensor = generated([3, 3, 16, 16], 1000, -2, 2);

onDevices("ViT learns as transformers' ViT: loss, gradients, parameters after AdamW", async (device) => {
  const config = viTConfig(numbers.training.config, "config.json");
  const labels = hostTensor(Uint32Array.from(numbers.labels));
  await assertTraining(
    device,
    viTShapes(config),
    { images, labels },
    (params, { images, labels }) => crossEntropy(viT(params, config, images!), labels!),
    numbers.training,
  );
});

for (const model of ["vit", "deit", "deit with teacher"] as const) {
  onDevices(`${model}: logits and hidden states are those of transformers`, async (device) => {
    const expected = numbers[model];
    const config = viTConfig(expected.config, "config.json");
    const heads = "heads" in expected ? expected.heads : [expected.logits];
    const given = await evaluateOn(device, generatedParams(viTShapes(config)), { images }, (params, { images }) => {
      const hidden: Record<string, Tensor> = {};
      const onLayer = (x: Tensor, layer: number) => void (hidden[`hidden ${layer}`] = slice(x, 1, 0, 2));
      const logits = viT(params, config, images!, { onLayer });
      const each = viTLogits(params, config, viTEncoder(params, config, images!));
      return { logits, ...hidden, ...Object.fromEntries(each.map((x, i) => [`head ${i}`, x])) };
    });
    assert.equal(Object.keys(given).length, 1 + expected.hidden.length + heads.length);
    assertAgree(given.logits!, decode(expected.logits), "logits");
    expected.hidden.forEach((text, i) => assertAgree(given[`hidden ${i}`]!, decode(text), `hidden ${i}`));
    heads.forEach((text, i) => assertAgree(given[`head ${i}`]!, decode(text), `head ${i}`));
  });
}

for (const { from, to, width, seed, result } of numbers.interpolation) {
  Deno.test(`interpolatePositions() of ${from} x ${from} to ${to} x ${to} is PyTorch's bicubic`, () => {
    const positions = interpolatePositions(generated([1, from * from + 1, width], seed, -1, 1), 1, to);
    assert.deepEqual(positions.shape, [1, to * to + 1, width]);
    assertClose(positions.data, decode(result), { rtol: 1e-6, atol: 1e-7 }, "positions");
  });
}
