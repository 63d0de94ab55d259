import assert from "node:assert/strict";
import {
  add,
  constant,
  crossEntropy,
  Device,
  grad,
  type HostTensor,
  literal,
  mul,
  ShapeError,
  slice,
  sum,
  type Tensor,
  transpose,
} from "../../../engine/mod.ts";
import { openCpu } from "../../../engine/device/cpu.ts";
import { clipImage, clipLogits, clipText, unitLength } from "../../../models/clip/clip.ts";
import { clipVisionClassifier } from "../../../models/clip/classifier.ts";
import { type ClipConfig, clipConfig } from "../../../models/clip/config.ts";
import { initClip, initClipClassifier } from "../../../models/clip/init.ts";
import { contrastiveLoss } from "../../../models/clip/loss.ts";
import { clipClassEmbeddings, clipPrompts, clipZeroShot } from "../../../models/clip/zero_shot.ts";
import { DataError } from "../../../models/data/error.ts";
import { assertClose } from "../../support/assert_close.ts";
import { uniformArray } from "../../support/values.ts";

const tower = { hidden_size: 16, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 20 };
const config = clipConfig({
  model_type: "clip",
  projection_dim: 8,
  text_config: { ...tower, vocab_size: 12, max_position_embeddings: 6, eos_token_id: 10 },
  vision_config: { ...tower, image_size: 8, patch_size: 4, num_channels: 1 },
}, "tiny");
const pixels = Float32Array.from(uniformArray(2 * 64, 1));
const images = (): Tensor => literal(pixels, [2, 1, 8, 8]);
const ids = (...rows: number[][]): Tensor => literal(Uint32Array.from(rows.flat()), [rows.length, rows[0]!.length]);

/** Reads tensors made of parameters. */
async function read<T>(params: Readonly<Record<string, HostTensor>>, f: (params: Record<string, Tensor>) => T) {
  using device = new Device(openCpu());
  return await device.read(() =>
    f(Object.fromEntries(
      Object.entries(params).map(([name, { data, shape }]) => [name, literal(data as Float32Array, shape)]),
    ))
  ) as unknown as { [K in keyof T]: T[K] extends Tensor ? HostTensor : never };
}

const numbers = (x: HostTensor | number): number[] => typeof x === "number" ? [x] : [...x.data];

Deno.test("clipText() reads the first end of a text, and nothing that comes after it", async () => {
  const params = await initClip(config, 1);
  const text = (p: Record<string, Tensor>, ...rows: number[][]) => clipText(p, config, ids(...rows));
  const given = await read(params, (p) => ({
    padded: text(p, [9, 3, 10, 1, 1], [9, 3, 10, 10, 11]),
    short: text(p, [9, 3, 10]),
    other: text(p, [9, 4, 10]),
  }));
  const [first, second] = [numbers(given.padded).slice(0, 8), numbers(given.padded).slice(8)];
  assertClose(first!, numbers(given.short), { rtol: 1e-5, atol: 1e-6 });
  assertClose(second!, numbers(given.short), { rtol: 1e-5, atol: 1e-6 });
  assert.notDeepEqual(numbers(given.other), numbers(given.short));
  assertClose([Math.hypot(...first!)], [1], { rtol: 1e-5 }, "length");
});

Deno.test("clipText() and clipImage() drop out attention weights only with a key, at the rates of their towers", async () => {
  const params = await initClip(config, 1);
  const dropped: ClipConfig = {
    ...config,
    text_config: { ...config.text_config, attention_dropout: 0.5 },
    vision_config: { ...config.vision_config, attention_dropout: 0.5 },
  };
  const embed = (p: Record<string, Tensor>, config: ClipConfig, seed?: number) => {
    const options = seed === undefined ? {} : { key: literal(Uint32Array.of(seed, 0)) };
    return { text: clipText(p, config, ids([9, 3, 4, 10]), options), image: clipImage(p, config, images(), options) };
  };
  const results = await Promise.all(
    [embed, (p: Record<string, Tensor>) => embed(p, dropped), (p: Record<string, Tensor>) => embed(p, dropped, 1)].map(
      (f) => read(params, (p) => f(p, config)),
    ),
  );
  const [plain, noKey, keyed] = results;
  assert.deepEqual(noKey, plain);
  assert.notDeepEqual(keyed!.text, plain!.text);
  assert.notDeepEqual(keyed!.image, plain!.image);
  assert.deepEqual(await read(params, (p) => embed(p, config, 1)), plain, "rates of 0");
  // The tower of images draws behind that of texts: with another number of text layers it draws elsewhere.
  const moved: ClipConfig = { ...dropped, text_config: { ...dropped.text_config, num_hidden_layers: 2 } };
  const elsewhere = await read(params, (p) => ({
    image: clipImage(p, moved, images(), { key: literal(Uint32Array.of(1, 0)) }),
  }));
  assert.notDeepEqual(elsewhere.image, keyed!.image);
});

Deno.test("clipVisionClassifier() pools patches, or takes the class token", async () => {
  const params = await initClipClassifier(config, 1);
  const given = await read(params, (p) => ({
    patches: clipVisionClassifier(p, config, images()),
    first: clipVisionClassifier(p, config, images(), { pool: "class" }),
    // The mean of patches does not pass the last norm, the class token does.
    unseen: grad(sum(clipVisionClassifier(p, config, images())), p["vision_model.post_layernorm.bias"]!),
    seen: grad(
      sum(clipVisionClassifier(p, config, images(), { pool: "class" })),
      p["vision_model.post_layernorm.bias"]!,
    ),
  }));
  assert.deepEqual([given.patches.shape, given.first.shape], [[2, 2], [2, 2]]);
  assert.notDeepEqual(given.patches, given.first);
  assert.ok(numbers(given.unseen).every((x) => x === 0) && numbers(given.seen).some((x) => x !== 0));
});

Deno.test("contrastiveLoss() is the mean of both directions, and pairs of weight 0 are not there", async () => {
  const logits = Float32Array.from(uniformArray(16, 2, -3, 3));
  const given = await read({}, () => {
    const all = literal(logits, [4, 4]);
    const few = slice(slice(all, 0, 0, 3), 1, 0, 3);
    const labels = literal(Uint32Array.of(0, 1, 2));
    return {
      few: contrastiveLoss(few),
      byHand: mul(add(crossEntropy(few, labels), crossEntropy(transpose(few), labels)), 0.5),
      padded: contrastiveLoss(all, { weights: literal(Float32Array.of(1, 1, 1, 0)) }),
      none: contrastiveLoss(all, { weights: constant(0, [4]) }),
      gradient: grad(contrastiveLoss(all, { weights: literal(Float32Array.of(1, 1, 1, 0)) }), all),
    };
  });
  const [few] = numbers(given.few);
  assertClose(numbers(given.byHand), [few!], { rtol: 1e-6 });
  assertClose(numbers(given.padded), [few!], { rtol: 1e-6 });
  assert.deepEqual(numbers(given.none), [0]);
  const gradient = numbers(given.gradient);
  assert.ok(gradient.every((x, i) => (i % 4 === 3 || i >= 12) ? x === 0 : x !== 0), String(gradient));
  assert.throws(() => contrastiveLoss(literal(logits, [2, 8])), ShapeError);
});

Deno.test("unitLength() has finite gradients where a row is 0", async () => {
  const given = await read({}, () => {
    const x = literal(Float32Array.of(3, 4, 0, 0), [2, 2]);
    return { y: unitLength(x), gradient: grad(sum(unitLength(x)), x) };
  });
  assertClose(numbers(given.y), [0.6, 0.8, 0, 0], { rtol: 1e-6 });
  assert.ok(numbers(given.gradient).every(Number.isFinite));
});

Deno.test("clipPrompts(), clipClassEmbeddings() and clipZeroShot(): classes by their names alone", async () => {
  assert.deepEqual(clipPrompts(["cat", "{}"], ["a {}.", "{} and {}"]), ["a cat.", "cat and cat", "a {}.", "{} and {}"]);
  assert.deepEqual(clipPrompts(["$&"]), ["a photo of a $&."]);
  assert.throws(() => clipPrompts(["cat"], ["a cat"]), DataError);
  assert.throws(() => clipPrompts([]), DataError);

  const params = await initClip(config, 1);
  const given = await read(params, (p) => {
    const prompts = literal(Float32Array.of(1, 0, 0, 1, 0, 1, 0, 1), [4, 2]);
    const classes = clipClassEmbeddings(clipText(p, config, ids([9, 1, 10], [9, 2, 10], [9, 3, 10], [9, 4, 10])), 2);
    return {
      means: clipClassEmbeddings(prompts, 2),
      zeroShot: clipZeroShot(p, config, images(), classes),
      logits: clipLogits(p, clipImage(p, config, images()), classes),
    };
  });
  assertClose(numbers(given.means), [Math.SQRT1_2, Math.SQRT1_2, 0, 1], { rtol: 1e-6, atol: 1e-7 });
  assert.deepEqual(given.zeroShot, given.logits);
  assert.deepEqual(given.logits.shape, [2, 2]);
  assert.throws(() => clipClassEmbeddings(literal(pixels, [16, 8]), 3), ShapeError);
});

Deno.test("clip functions name what does not fit", async () => {
  const params = await initClip(config, 1);
  const attempt = (f: (p: Record<string, Tensor>) => Tensor, message: RegExp) =>
    assert.rejects(read(params, (p) => ({ y: f(p) })), (error) => {
      assert.ok(error instanceof ShapeError, String(error));
      assert.match(error.message, message);
      return true;
    });
  await attempt((p) => clipText(p, config, ids([1, 2, 3, 4, 5, 6, 7])), /ids u32\[1,7\]; give .* of at most 6 tokens/);
  await attempt((p) => clipText(p, config, literal(Uint32Array.of(1, 2))), /ids u32\[2\]/);
  await attempt(
    (p) => clipImage(p, config, literal(pixels, [1, 2, 8, 8])),
    /images f32\[1,2,8,8\]; give \[images, 1, 8, 8\]/,
  );
  await attempt((p) => clipLogits({ x: p.logit_scale! }, images(), images()), /no parameter "logit_scale"/);
});
