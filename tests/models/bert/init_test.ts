import assert from "node:assert/strict";
import { bertConfig } from "../../../models/bert/config.ts";
import { drawBert, initBert } from "../../../models/bert/init.ts";
import { bertShapes } from "../../../models/bert/names.ts";

const config = bertConfig({
  model_type: "bert",
  hidden_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  intermediate_size: 64,
  vocab_size: 50,
  max_position_embeddings: 20,
  initializer_range: 0.05,
  pad_token_id: 3,
}, "tiny");

Deno.test("initBert() makes the model's parameters: deviations as asked for, biases 0, norms the identity", async () => {
  for (const head of ["classification", "regression", "span", "none"] as const) {
    const params = await initBert(config, head, 1);
    assert.deepEqual(
      Object.fromEntries(Object.entries(params).map(([name, { shape }]) => [name, shape])),
      bertShapes(config, head),
    );
    for (const [name, { data, dtype }] of Object.entries(params)) {
      assert.equal(dtype, "f32");
      if (name.endsWith(".bias")) assert.ok(data.every((value: number) => value === 0), name);
      else if (name.includes("LayerNorm")) assert.ok(data.every((value: number) => value === 1), name);
      else {
        const words = name.includes("word_embeddings");
        if (words) assert.ok(data.subarray(3 * 32, 4 * 32).every((value: number) => value === 0), "padding");
        const count = data.length - (words ? 32 : 0);
        const deviation = Math.sqrt((data as Float32Array).reduce((sum, value) => sum + value * value, 0) / count);
        assert.ok(Math.abs(deviation / 0.05 - 1) < 3 / Math.sqrt(count), `${name}: ${deviation}`);
        assert.equal(data.filter((value: number) => value === 0).length, words ? 32 : 0, name);
      }
    }
  }
});

Deno.test("initBert() repeats for a seed, differs for another, and gives each parameter numbers of its own", async () => {
  const make = (seed: number) => initBert(config, "classification", seed);
  const [one, again, other] = [await make(1), await make(1), await make(2)];
  assert.deepEqual(again, one);
  const drawn = Object.keys(one).filter((name) => !/LayerNorm|bias/.test(name));
  const starts = [...drawn.map((name) => one[name]!), ...drawn.map((name) => other[name]!)];
  assert.equal(new Set(starts.map(({ data }) => data.slice(0, 4).join())).size, starts.length);
  await assert.rejects(async () => await make(-1), RangeError);
});

Deno.test("drawBert() draws the same numbers when only some are wanted", async () => {
  const all = await initBert(config, "span", 7);
  const some = await drawBert(config, "span", 7, (name) => /qa_outputs|word_embeddings/.test(name));
  assert.deepEqual(some, {
    "bert.embeddings.word_embeddings.weight": all["bert.embeddings.word_embeddings.weight"],
    "qa_outputs.weight": all["qa_outputs.weight"],
    "qa_outputs.bias": all["qa_outputs.bias"],
  });
});
