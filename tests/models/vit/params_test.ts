import assert from "node:assert/strict";
import fc from "fast-check";
import { type HostTensor, hostTensor } from "../../../engine/mod.ts";
import { CheckpointError } from "../../../models/checkpoint.ts";
import { type ViTConfig, viTConfig, viTShapes } from "../../../models/vit/config.ts";
import { initViT } from "../../../models/vit/init.ts";
import { viTParams } from "../../../models/vit/params.ts";
import { interpolatePositions } from "../../../models/vit/positions.ts";

const tiny = {
  model_type: "vit",
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 12,
  image_size: 8,
  patch_size: 4,
  num_channels: 1,
  num_labels: 3,
};
const vit = viTConfig(tiny, "tiny");
const deit = viTConfig({ ...tiny, model_type: "deit" }, "tiny");
const taught = viTConfig(
  { ...tiny, model_type: "deit", architectures: ["DeiTForImageClassificationWithTeacher"] },
  "tiny",
);
type Named = Record<string, HostTensor>;

const without = (params: Named, pattern: RegExp): Named =>
  Object.fromEntries(Object.entries(params).filter(([name]) => !pattern.test(name)));
const zeros = (...shape: number[]): HostTensor => hostTensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);

Deno.test("viTParams() of a checkpoint of the very class changes nothing and says nothing", async () => {
  for (const config of [vit, deit, taught]) {
    const params = await initViT(config, 1);
    const reversed = Object.fromEntries(Object.entries(params).reverse());
    const loaded = await viTParams(reversed, config, "c");
    assert.deepEqual(loaded, { params, fresh: [], renamed: {}, notes: [] });
    assert.deepEqual(Object.keys(loaded.params), Object.keys(reversed), "the checkpoint's order");
    assert.ok(Object.keys(params).every((name) => loaded.params[name] === params[name]), "no copies");
  }
});

Deno.test("viTParams() reads ViTModel: names without prefix, a pooler, no classifier", async () => {
  const model = await initViT(vit, 1);
  const bare: Named = {
    ...Object.fromEntries(
      Object.entries(without(model, /^classifier/)).map(([name, x]) => [name.replace(/^vit\./, ""), x]),
    ),
    "pooler.dense.weight": zeros(8, 8),
    "pooler.dense.bias": zeros(8),
  };
  const loaded = await viTParams(bare, vit, "c", 5);
  const fresh = await initViT(vit, 5);
  const head = { "classifier.weight": fresh["classifier.weight"], "classifier.bias": fresh["classifier.bias"] };
  assert.deepEqual(loaded.params, { ...model, ...head });
  assert.deepEqual(loaded.fresh, ["classifier.weight", "classifier.bias"]);
  assert.equal(loaded.renamed["vit.embeddings.cls_token"], "embeddings.cls_token");
  assert.equal(Object.keys(loaded.renamed).length, Object.keys(model).length - 2);
  assert.deepEqual(loaded.notes, [
    "c: classifier is new, drawn from seed 5: the checkpoint has none",
    `c: the prefix vit. is added (${Object.keys(model).length - 2} names)`,
    "c: 2 tensors left out, not used here: pooler.dense.weight, pooler.dense.bias",
  ]);
});

Deno.test("viTParams() makes a new classifier for other labels, and stretches positions to another size", async () => {
  const params = await initViT(vit, 1);
  const wanted: ViTConfig = { ...vit, num_labels: 4, image_size: 12 };
  const loaded = await viTParams(params, wanted, "c", 2);
  const fresh = await initViT(wanted, 2);
  const positions = "vit.embeddings.position_embeddings";
  assert.deepEqual(loaded.params["classifier.weight"], fresh["classifier.weight"]);
  assert.deepEqual(loaded.params[positions], interpolatePositions(params[positions]!, 1, 3));
  assert.deepEqual(
    loaded.params[positions]!.data.slice(0, 8),
    params[positions]!.data.slice(0, 8),
    "the class token's",
  );
  assert.deepEqual(
    Object.fromEntries(Object.entries(loaded.params).map(([name, { shape }]) => [name, shape])),
    viTShapes(wanted),
  );
  assert.deepEqual(loaded.notes, [
    "c: classifier is new, drawn from seed 2: the checkpoint's is for 3 labels, not for 4",
    "c: positions of 2 x 2 patches are stretched to 3 x 3 (bicubic)",
  ]);
  assert.equal(params[positions]!.shape[1], 5, "what was given stays as it is");
});

Deno.test("viTParams() of DeiT: heads of the other class are left out, the model's are drawn", async () => {
  const params = await initViT(taught, 1);
  const loaded = await viTParams(params, deit, "c");
  assert.deepEqual(loaded.fresh, ["classifier.weight", "classifier.bias"]);
  assert.equal(loaded.notes.length, 2);
  assert.match(loaded.notes[1]!, /^c: 4 tensors left out, not used here: cls_classifier.weight, .*, and 1 more$/);
  const relabelled = await viTParams(params, { ...taught, num_labels: 2, image_size: 4 }, "c");
  assert.equal(relabelled.fresh.length, 4);
  assert.deepEqual(relabelled.params["deit.embeddings.position_embeddings"]!.shape, [1, 3, 8]);
});

Deno.test("viTParams() names real faults", async () => {
  const params = await initViT(vit, 1);
  const cases: readonly (readonly [params: Named, config: ViTConfig, message: RegExp])[] = [
    [without(params, /layernorm_after/), vit, /^c: the parameters are not those of the model; 4 missing: vit\.encoder/],
    [{ ...params, "vit.extra": zeros(1) }, vit, /^c: .*; 1 surplus: vit\.extra$/],
    [{ ...params, "vit.embeddings.position_embeddings": zeros(1, 7, 8) }, vit, /do not fit .*f32\[1,7,8\]/],
    [{ ...params, "embeddings.cls_token": zeros(1, 1, 8) }, vit, /^c: vit\.embeddings\.cls_token and embeddings\.cls/],
    [
      { ...params, "classifier.weight": zeros(5, 7), "classifier.bias": zeros(5) },
      vit,
      /classifier\.weight is f32\[5,7\]/,
    ],
    [without(params, /classifier\.bias/), vit, /1 missing: classifier\.bias/],
    [params, { ...vit, image_size: 10 }, /^c: image_size 10 is no multiple of patch_size 4/],
    [params, deit, /^c: this looks like a checkpoint of another model/],
  ];
  for (const [params, config, message] of cases) {
    await assert.rejects(viTParams(params, config, "c"), (error) => {
      assert.ok(error instanceof CheckpointError);
      assert.match(error.message, message);
      return true;
    });
  }
  await assert.rejects(viTParams(without(params, /^classifier/), vit, "c", -1), RangeError);
});

Deno.test("interpolatePositions() keeps constants and, inside, slopes; the tokens that are no patches stay", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 2 }), (
      from,
      to,
      special,
    ) => {
      const rows = special + from * from;
      const data = Float32Array.from({ length: rows * 2 }, (_, i) => {
        const patch = Math.floor(i / 2) - special;
        return patch < 0 ? 100 + i : i % 2 === 0 ? 3 : Math.floor(patch / from) - 2 * (patch % from);
      });
      const result = interpolatePositions(hostTensor(data, [rows, 2]), special, to);
      assert.deepEqual(result.shape, [special + to * to, 2]);
      assert.deepEqual(result.data.slice(0, special * 2), data.slice(0, special * 2));
      for (let patch = 0; patch < to * to; patch++) {
        const at = (special + patch) * 2;
        assert.ok(Math.abs(result.data[at]! - 3) < 1e-5);
        const [y, x] = [Math.floor(patch / to), patch % to].map((i) => ((i + 0.5) * from) / to - 0.5);
        const inside = [y!, x!].every((place) => place >= 1 && place <= from - 2);
        // A cubic kernel with a = -0.75 does not keep slopes exactly between the points, but within this.
        if (inside) assert.ok(Math.abs(result.data[at + 1]! - (y! - 2 * x!)) < 0.2);
      }
    }),
    { numRuns: 200 },
  );
});
