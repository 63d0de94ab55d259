import assert from "node:assert/strict";
import fc from "fast-check";
import type { Augmentation } from "../../../models/data/augment.ts";
import { digits } from "../../../models/data/digits.ts";
import { imageSplit } from "../../../models/data/image_split.ts";
import { makeImages } from "../../../models/data/images.ts";
import { parsePreprocessor } from "../../../models/data/preprocessor.ts";
import { preprocessImages } from "../../../models/data/preprocess.ts";
import { rng } from "../../../models/data/rng.ts";
import type { Batch } from "../../../models/data/split.ts";

const colour = makeImages(Uint8Array.from({ length: 4 * 3 * 64 }, (_, i) => i * 7), Uint32Array.of(3, 1, 0, 2), [
  3,
  8,
  8,
], "c");
const { test } = digits({ train: 1, test: 12 });
const data = (batch: Batch | Promise<Batch>, name = "images"): ArrayLike<number> => (batch as Batch)[name]!.data;

Deno.test("imageSplit() gathers values, labels and which rows count", () => {
  const split = imageSplit(colour, "c");
  assert.deepEqual([split.name, split.count, split.shape, [...split.labels as Uint32Array]], ["c", 4, [3, 8, 8], [
    3,
    1,
    0,
    2,
  ]]);
  const batch = split.gather([2, 0], 3) as Batch;
  assert.deepEqual(batch.images!.shape, [3, 3, 8, 8]);
  assert.deepEqual([batch.images!.dtype, batch.labels!.dtype, batch.valid!.dtype], ["f32", "u32", "f32"]);
  assert.deepEqual([[...data(batch, "labels") as Uint32Array], [...data(batch, "valid") as Float32Array]], [[0, 3, 0], [
    1,
    1,
    0,
  ]]);
  const pixels = data(batch);
  for (let i = 0; i < 192; i++) {
    assert.equal(pixels[i], Math.fround(colour.images[2 * 192 + i]! / 255));
    assert.equal(pixels[192 + i], Math.fround(colour.images[i]! / 255));
    assert.equal(pixels[384 + i], 0);
  }
});

Deno.test("imageSplit() prepares when it gathers what preprocessImages() prepares at once", () => {
  for (
    const json of [
      { size: 20, image_mean: 0.2, image_std: 0.4 },
      { image_processor_type: "CLIPImageProcessor", size: 9, crop_size: 6 },
      { do_resize: false, image_mean: 0.5, image_std: 1 },
    ]
  ) {
    const config = parsePreprocessor(json, "f");
    for (const images of [colour, test]) {
      if (images === test && !config.do_convert_rgb && config.image_mean.length > 1) continue;
      const late = imageSplit(images, "s", { config });
      const early = imageSplit(preprocessImages(images, config, "s"), "s");
      assert.deepEqual(late.shape, early.shape);
      assert.deepEqual(late.gather([1, 3], 2), early.gather([1, 3], 2));
    }
  }
  const config = parsePreprocessor({ do_convert_rgb: false }, "f");
  assert.throws(() => imageSplit(test, "grey", { config }), {
    name: "DataError",
    message: /^grey: images have 1 channels/,
  });
});

const augment: Augmentation = { padding: 2, flip: 0.5, resizedCrop: true, erase: 0.5 };

Deno.test("imageSplit() changes images by the seed alone, and only where randomness is given", () => {
  const plain = imageSplit(colour, "p");
  const split = imageSplit(colour, "s", { augment });
  const rows = [0, 1, 2, 3];
  assert.deepEqual(split.gather(rows, 4), plain.gather(rows, 4));
  assert.deepEqual(plain.gather(rows, 4, rng(1)), plain.gather(rows, 4), "without augmentation randomness is ignored");
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      assert.deepEqual(split.gather(rows, 4, rng(seed)), split.gather(rows, 4, rng(seed)));
    }),
    { numRuns: 20 },
  );
  assert.notDeepEqual(data(split.gather(rows, 4, rng(1))), data(split.gather(rows, 4, rng(2))));
  assert.notDeepEqual(data(split.gather(rows, 4, rng(1))), data(plain.gather(rows, 4)));
});

Deno.test("imageSplit() flips, moves and erases as it says", () => {
  const one = (
    augment: Augmentation,
    seed: number,
  ) => [...data(imageSplit(colour, "s", { augment }).gather([1], 1, rng(seed))) as Float32Array];
  const plain = one({}, 1);
  const flipped = one({ flip: 1 }, 1);
  plain.forEach((value, i) => assert.equal(flipped[i - i % 8 + 7 - i % 8], value));
  for (let seed = 0; seed < 20; seed++) {
    const moved = one({ padding: 8 }, seed);
    const values = new Set([0, ...plain]);
    assert.ok(moved.every((value) => values.has(value)), "pixels are moved, and black comes in");
    const erased = one({ erase: { probability: 1, scale: [0.2, 0.3], ratio: [0.5, 2] } }, seed);
    const gone = erased.flatMap((value, i) => value === 0 && plain[i] !== 0 ? [i % 64] : []);
    assert.ok(new Set(gone).size >= 8 && new Set(gone).size <= 24, `${new Set(gone).size} of 64 pixels`);
    erased.forEach((value, i) => assert.ok(value === 0 || value === plain[i]));
  }
});
