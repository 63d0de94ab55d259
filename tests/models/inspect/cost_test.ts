/** Multiply-adds of a forward pass, against numbers worked out by hand. */
import assert from "node:assert/strict";
import { networkOf } from "../../../models/families.ts";
import { inspectTensors } from "../../../models/inspect/inspect.ts";
import { forwardCost, tokensOf } from "../../../models/inspect/cost.ts";
import { smallViT } from "../../../models/vit/small.ts";

Deno.test("forwardCost() of a BERT counts every matrix, the pooler for one token, and attention", async () => {
  const config = {
    model_type: "bert",
    hidden_size: 8,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    intermediate_size: 6,
    vocab_size: 9,
    max_position_embeddings: 5,
  };
  const network = await networkOf({ name: "tiny", config, params: {} }, {
    head: "classification",
    labels: ["no", "yes"],
    seed: 1,
  });
  assert.equal(tokensOf(network), 5);
  const params = Object.fromEntries(
    Object.entries(network.params).map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() }]),
  );
  const { groups, isPrunable } = network;
  const cost = async () => forwardCost(await inspectTensors(params, { groups, isPrunable }), groups, 3);
  const matrices = 3 * 2 * (4 * 64 + 2 * 48) + 64;
  // q k^T and weights v: 3 x 3 x 2 for each of 4 heads, twice, in both layers.
  const attention = 2 * 2 * 4 * 3 * 3 * 2;
  const all = (count: number) => ({ dense: count, structured: count, sparse: count });
  assert.deepEqual(await cost(), {
    matrices: all(matrices),
    attention: all(attention),
    total: all(matrices + attention),
  });

  // One head of the first layer, and a single weight elsewhere.
  const layer = "bert.encoder.layer.0";
  for (const part of ["query", "key", "value"]) params[`${layer}.attention.self.${part}.weight`]!.data.fill(0, 0, 16);
  for (let row = 0; row < 8; row++) {
    params[`${layer}.attention.output.dense.weight`]!.data.fill(0, row * 8, row * 8 + 2);
  }
  params["bert.encoder.layer.1.output.dense.weight"]!.data[0] = 0;
  const pruned = await cost();
  assert.deepEqual(pruned.matrices, {
    dense: matrices,
    structured: matrices - 3 * 64,
    sparse: matrices - 3 * 64 - 3,
  });
  assert.deepEqual(pruned.attention, { dense: attention, structured: attention - 36, sparse: attention - 36 });
  assert.equal(pruned.total.structured, pruned.matrices.structured + pruned.attention.structured);
});

Deno.test("tokensOf() an image is its patches and the class token", async () => {
  const { config } = smallViT([1, 28, 28], 10);
  const labels = Array.from({ length: 10 }, (_, i) => `${i}`);
  const network = await networkOf({ name: "small", config, params: {} }, { head: "classification", labels, seed: 1 });
  assert.equal(tokensOf(network), 50);
});
