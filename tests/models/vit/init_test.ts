import assert from "node:assert/strict";
import { viTConfig, viTShapes } from "../../../models/vit/config.ts";
import { drawViT, initViT } from "../../../models/vit/init.ts";
import { smallViT } from "../../../models/vit/small.ts";

const config = viTConfig(smallViT([1, 16, 16], 10).config, "small");

Deno.test("initViT() makes the model's parameters: deviations as asked for, biases 0, norms the identity", async () => {
  const params = await initViT(config, 1);
  assert.deepEqual(
    Object.fromEntries(Object.entries(params).map(([name, { shape }]) => [name, shape])),
    viTShapes(config),
  );
  for (const [name, { data, dtype }] of Object.entries(params)) {
    assert.equal(dtype, "f32");
    if (name.endsWith(".bias")) assert.ok(data.every((value: number) => value === 0), name);
    else if (name.includes("layernorm")) assert.ok(data.every((value: number) => value === 1), name);
    else {
      const deviation = Math.sqrt((data as Float32Array).reduce((sum, value) => sum + value * value, 0) / data.length);
      const expected = 0.8796 * config.initializer_range; // what cutting at two deviations leaves
      assert.ok(Math.abs(deviation / expected - 1) < 4 / Math.sqrt(data.length), `${name}: ${deviation}`);
      assert.ok(data.every((value: number) => Math.abs(value) <= 2.0001 * config.initializer_range), name);
    }
  }
});

Deno.test("initViT() repeats for a seed, differs for another, and gives each parameter numbers of its own", async () => {
  const [one, again, other] = [await initViT(config, 1), await initViT(config, 1), await initViT(config, 2)];
  assert.deepEqual(again, one);
  const matrices = Object.keys(one).filter((name) => /encoder.*(query|key|value|output\.dense)\.weight$/.test(name));
  const starts = [...matrices.map((name) => one[name]!), ...matrices.map((name) => other[name]!)];
  assert.equal(new Set(starts.map(({ data }) => data.slice(0, 4).join())).size, starts.length);
  await assert.rejects(initViT(config, -1), RangeError);
});

Deno.test("drawViT() draws what is wanted only, the same numbers", async () => {
  const [all, head] = [await initViT(config, 3), await drawViT(config, 3, (name) => name.startsWith("classifier."))];
  assert.deepEqual(head, { "classifier.weight": all["classifier.weight"], "classifier.bias": all["classifier.bias"] });
  assert.deepEqual(await drawViT(config, 3, () => false), {});
});
