/** What `sensitivity` is made of: ranks, groups, scores, advice, lines. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { cast, constant, grad, type HostTensor, keepTopK, literal, openDevice } from "../../../engine/mod.ts";
import { type Batch, taskNamed } from "../../../models/mod.ts";
import { headLoss, parsePreprocessor, type Split, trainingBatches } from "../../../models/mod.ts";
import { rankWeights } from "../../../seven/cli/sensitivity/cut.ts";
import { weightGroups } from "../../../seven/cli/sensitivity/groups.ts";
import { criterionNames, weightScores } from "../../../seven/cli/sensitivity/scores.ts";
import { limitsAdvised, type Measured, sensitivityLines } from "../../../seven/cli/sensitivity/table.ts";
import { tinyPrunable } from "../support.ts";
import { tinyNetwork } from "./support.ts";

/** Scores as they may come: many equal ones, both zeros, NaN, infinities. */
const score = fc.constantFrom(0, -0, 1, 2, 0.5, -1, 1e-40, NaN, Infinity, -Infinity);
const weight = fc.constantFrom(0, -0, 1, -2, 1e-40);

Deno.test("rankWeights() keeps what the engine's selection keeps, ties and all", async () => {
  using device = await openDevice("cpu");
  const shapes = { a: [2, 3], b: [5], c: [1, 7] } as const;
  const size = 18;
  const arrays = (values: readonly number[]) => ({
    a: Float32Array.from(values.slice(0, 6)),
    b: Float32Array.from(values.slice(6, 11)),
    c: Float32Array.from(values.slice(11)),
  });
  const rows = { minLength: size, maxLength: size };
  await fc.assert(
    fc.asyncProperty(fc.array(weight, rows), fc.array(score, rows), fc.nat(size), async (weights, scores, removed) => {
      const own = arrays(weights), ranks = arrays(scores);
      const ranked = rankWeights(own, ranks);
      assert.equal(ranked.size, size);
      const cut = ranked.cut(removed);
      const named = <T>(of: (name: keyof typeof shapes) => T) => ({ a: of("a"), b: of("b"), c: of("c") });
      const kept = await device.read(() => {
        const tensors = named((name) => literal(ranks[name], shapes[name]));
        const eligible = named((name) =>
          cast(literal(Uint32Array.from(own[name], (w) => Number(w !== 0)), shapes[name]), "bool")
        );
        const masks = keepTopK(tensors, constant(size - removed, [], "u32"), eligible);
        return named((name) => cast(masks[name]!, "u32"));
      }) as unknown as Record<keyof typeof shapes, HostTensor>;
      for (const name of ["a", "b", "c"] as const) {
        const expected = own[name].map((value, i) => kept[name].data[i] ? value : 0);
        // What is 0 stays 0, of either sign.
        assert.deepEqual(cut[name]!.map((x) => x + 0), expected.map((x) => x + 0));
      }
      assert.deepEqual(own, arrays(weights), "the weights themselves do not change");
    }),
    { numRuns: 40 },
  );
});

Deno.test("rankWeights() removes exactly the number, and those of equal scores at the end", () => {
  const weights = { a: Float32Array.of(1, 1, 1), b: Float32Array.of(1, 1) };
  const cut = rankWeights(weights, weights).cut(2);
  assert.deepEqual([...cut.a!, ...cut.b!], [1, 1, 1, 0, 0]);
  const all = rankWeights(weights, weights);
  for (let removed = 0; removed <= 5; removed++) {
    const zeros = Object.values(all.cut(removed)).flatMap((values) => [...values]).filter((x) => x === 0).length;
    assert.equal(zeros, removed);
  }
});

Deno.test("weightGroups() puts weights together by layer, tensor and kind, under patterns of prune", async () => {
  const network = await tinyNetwork();
  const names = Object.keys(network.params).filter(network.isPrunable);
  const by = (how: "layer" | "tensor" | "kind") => weightGroups(how, network, names);
  assert.deepEqual(by("layer").map(({ pattern }) => pattern), ["vit.encoder.layer.0.*", "vit.encoder.layer.1.*"]);
  assert.deepEqual(by("tensor").map(({ pattern }) => pattern), names);
  const kinds = by("kind");
  assert.equal(kinds.length, 6);
  assert.deepEqual(kinds[0], {
    pattern: "vit.encoder.layer.*.attention.attention.query.weight",
    tensors: [0, 1].map((layer) => `vit.encoder.layer.${layer}.attention.attention.query.weight`),
  });
  for (const how of ["layer", "tensor", "kind"] as const) {
    assert.deepEqual(by(how).flatMap(({ tensors }) => tensors).sort(), names.toSorted());
  }
  assert.deepEqual(weightGroups("layer", network, ["pooler.dense.weight"]), [
    { pattern: "pooler.dense.weight", tensors: ["pooler.dense.weight"] },
  ]);
});

/** The generated digits as the tiny ViT takes them. */
async function digitsSplit(): Promise<Split> {
  const data = await taskNamed("digits").load();
  const preprocessor = parsePreprocessor({ size: 16, image_mean: [0.25], image_std: [0.25] }, "tiny");
  return data.prepare({ name: "tiny", preprocessor, channels: 1 }).train;
}

async function* some(split: Split, number: number): AsyncGenerator<Batch, void, void> {
  for await (const batch of trainingBatches(split, 8, 1)) {
    if (number-- === 0) return;
    yield batch;
  }
}

Deno.test("weightScores() has magnitudes, and SNIP's |theta g| of all batches together", async () => {
  const network = await tinyNetwork();
  const names = Object.keys(network.params).filter(network.isPrunable);
  const split = await digitsSplit();
  using device = await openDevice("cpu");
  const options = { network, names, device, seed: 1 };
  const magnitudes = await weightScores("magnitude", { ...options, batches: some(split, 0) });
  assert.deepEqual(Object.keys(magnitudes), names);
  assert.deepEqual(magnitudes[names[3]!], Float32Array.from(network.params[names[3]!]!.data, Math.abs));
  const snip = await weightScores("snip", { ...options, batches: some(split, 2) });
  const gradients: Record<string, HostTensor>[] = [];
  for await (const batch of some(split, 2)) {
    const read = await device.read(() => {
      const tensor = ({ data, shape }: HostTensor) => literal(data as Float32Array, shape);
      const params = Object.fromEntries(Object.entries(network.params).map(([name, one]) => [name, tensor(one)]));
      const inputs = Object.fromEntries(Object.entries(batch).map(([name, one]) => [name, tensor(one)]));
      return grad(headLoss("classification", network.outputs(params, inputs), inputs), params);
    });
    gradients.push(read as unknown as Record<string, HostTensor>);
  }
  for (const name of names) {
    const theta = network.params[name]!.data;
    const [first, second] = gradients.map((one) => one[name]!.data) as [Float32Array, Float32Array];
    snip[name]!.forEach((value, i) => {
      const expected = Math.abs(theta[i]! * (first[i]! + second[i]!));
      assert.ok(Math.abs(value - expected) <= 1e-6 + 1e-4 * expected, `${name} ${i}: ${value}, ${expected}`);
    });
  }
});

Deno.test("weightScores() has finite scores that differ by every criterion, and leaves the model alone", async () => {
  const network = await tinyNetwork();
  const names = Object.keys(network.params).filter(network.isPrunable);
  const before = structuredClone(network.params);
  const split = await digitsSplit();
  using device = await openDevice("cpu");
  const seen = new Set<string>();
  for (const name of criterionNames) {
    const scores = await weightScores(name, { network, names, device, batches: some(split, 2), seed: 1 });
    const values = names.flatMap((name) => [...scores[name]!]);
    assert.equal(values.length, 2 * tinyPrunable);
    assert.ok(values.every(Number.isFinite) && new Set(values).size > values.length / 2, name);
    const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!).join();
    assert.ok(!seen.has(order), `${name} ranks as another does`);
    seen.add(order);
  }
  assert.deepEqual(network.params, before);
});

const measured: Measured = {
  metric: "accuracy",
  greaterIsBetter: true,
  dense: { accuracy: 0.9 },
  groups:
    ([["a", [0.9, 0.895, 0.88]], ["b", [0.91, 0.9, 0.895]], ["c", [0.5, 0.9, 0.1]], ["d", [0.9, 0.9, NaN]]] as const)
      .map(([pattern, values]) => ({
        pattern,
        weights: 1000,
        points: values.map((accuracy, i) => ({ sparsity: [0.25, 0.5, 1][i]!, removed: 0, metrics: { accuracy } })),
      })),
};

Deno.test("limitsAdvised() stays below the first sparsity that loses too much", () => {
  const advice = limitsAdvised(measured, 0.01).map(({ pattern, sparsity }) => [pattern, sparsity]);
  assert.deepEqual(advice, [["d", 0.5], ["c", 0], ["a", 0.5]]);
  assert.ok(0.9 - 0.88 > 0.02, "as much as is tolerated, but for rounding");
  assert.deepEqual(limitsAdvised(measured, 0.02).map(({ pattern }) => pattern), ["d", "c"]);
  const loss: Measured = { ...measured, greaterIsBetter: false };
  assert.deepEqual(limitsAdvised(loss, 0.005).map(({ pattern }) => pattern), ["d", "b"]);
});

Deno.test("sensitivityLines() puts the most sensitive first", () => {
  assert.deepEqual(sensitivityLines(measured, [0.25, 0.5, 1]), [
    "group   weights      25 %      50 %     100 %",
    "d         1,000   90.00 %   90.00 %     NaN %",
    "c         1,000   50.00 %   90.00 %   10.00 %",
    "a         1,000   90.00 %   89.50 %   88.00 %",
    "b         1,000   91.00 %   90.00 %   89.50 %",
  ]);
});
