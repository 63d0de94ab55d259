import assert from "node:assert/strict";
import {
  add,
  concat,
  constant,
  Device,
  dropout,
  type HostTensor,
  hostTensor,
  literal,
  type Tensor,
} from "../../../engine/mod.ts";
import { openCpu } from "../../../engine/device/cpu.ts";
import { viT, type ViTConfig, viTConfig } from "../../../models/vit/vit.ts";
import { initViT } from "../../../models/vit/init.ts";
import { assertClose } from "../../support/assert_close.ts";

const json = {
  model_type: "vit",
  hidden_size: 8,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 12,
  image_size: 8,
  patch_size: 4,
  num_channels: 1,
  initializer_range: 0.5,
};
const images = Float32Array.from({ length: 4 * 64 }, (_, i) => Math.sin(i));

const tensorOf = ({ data, shape }: HostTensor): Tensor => literal(data, shape);

async function logits(config: ViTConfig, seed?: number): Promise<readonly number[]> {
  const params = await initViT(config, 1);
  using device = new Device(openCpu());
  const read = await device.read(() =>
    viT(
      Object.fromEntries(Object.entries(params).map(([name, x]) => [name, tensorOf(x)])),
      config,
      literal(images, [4, 1, 8, 8]),
      seed === undefined ? {} : { key: literal(Uint32Array.of(seed, 0)) },
    )
  );
  return [...(read as unknown as HostTensor).data];
}

Deno.test("viT() drops out only with a key, by the key, and at each rate", async () => {
  const plain = viTConfig(json, "c");
  const kept = await logits(plain);
  assert.deepEqual(await logits(plain, 1), kept, "rates of 0");
  for (const rate of ["hidden_dropout_prob", "attention_probs_dropout_prob"] as const) {
    const config: ViTConfig = { ...plain, [rate]: 0.5 };
    assert.deepEqual(await logits(config), kept, "no key");
    assert.notDeepEqual(await logits(config, 1), kept);
    assert.deepEqual(await logits(config, 1), await logits(config, 1));
    assert.notDeepEqual(await logits(config, 1), await logits(config, 2));
  }
});

Deno.test("viT() drops out embeddings, attention output and feed-forward output at sites of their own", async () => {
  const config: ViTConfig = { ...viTConfig(json, "c"), hidden_dropout_prob: 0.25 };
  // Both parts of the layer add ones, whatever they read: what is left is the pattern of dropout.
  const ones = (name: string): HostTensor => hostTensor(new Float32Array(8).fill(name.endsWith(".bias") ? 1 : 0));
  const drawn = await initViT(config, 1);
  const params = Object.fromEntries(
    Object.entries(drawn).map(([name, x]) => [
      name,
      !/output\.dense/.test(name)
        ? x
        : name.endsWith(".bias")
        ? ones(name)
        : hostTensor(new Float32Array(x.data.length), x.shape),
    ]),
  );
  using device = new Device(openCpu());
  const read = await device.read(() => {
    const key = literal(Uint32Array.of(7, 9));
    const tensors = Object.fromEntries(Object.entries(params).map(([name, x]) => [name, tensorOf(x)]));
    const seen = (key?: Tensor): Tensor[] => {
      const hidden: Tensor[] = [];
      const onLayer = (x: Tensor) => void hidden.push(x);
      viT(tensors, config, literal(images, [4, 1, 8, 8]), key ? { key, onLayer } : { onLayer });
      return hidden;
    };
    const [embedded, last] = seen(key);
    const dropped = dropout(seen()[0]!, 0.25, key, 0);
    const one = constant(1, dropped.shape);
    const expected = add(add(dropped, dropout(one, 0.25, key, 2)), dropout(one, 0.25, key, 3));
    return { given: concat([embedded!, last!], 0), expected: concat([dropped, expected], 0) };
  }) as unknown as { given: HostTensor; expected: HostTensor };
  assertClose(read.given.data, read.expected.data, { rtol: 1e-5, atol: 1e-5 }, "hidden states");
  assert.ok(read.given.data.some((x) => x === 0));
});
