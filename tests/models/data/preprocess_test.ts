import assert from "node:assert/strict";
import { makeImages } from "../../../models/data/images.ts";
import { parsePreprocessor, preprocess, preprocessImages } from "../../../models/data/preprocess.ts";
import { parseJson } from "../../../models/validate.ts";
import { testWithData } from "../real_data.ts";

const grey = makeImages(Uint8Array.from({ length: 8 }, (_, i) => 30 * i), Uint32Array.of(0, 1), [1, 2, 2], "grey");
const error = (message: RegExp): object => ({ name: "DataError", message });

Deno.test("preprocessImages() makes the table of values, rounding once", () => {
  const config = parsePreprocessor({ do_resize: false, image_mean: 0.1307, image_std: 0.3081 }, "f");
  const { values, images } = preprocessImages(grey, config, "grey");
  assert.equal(images, grey.images);
  for (let byte = 0; byte < 256; byte++) {
    assert.equal(values[byte], Math.fround((byte * (1 / 255) - 0.1307) / 0.3081));
  }
  const raw = preprocessImages(grey, { ...config, do_rescale: false, do_normalize: false }, "grey");
  assert.deepEqual([...raw.values], [...Array(256).keys()]);
});

Deno.test("preprocessImages() normalises each channel by its own mean and deviation", () => {
  const colour = makeImages(new Uint8Array(3), Uint32Array.of(0), [3, 1, 1], "colour");
  const config = parsePreprocessor({ do_resize: false, image_mean: [0, 0.5, 1], image_std: [1, 0.5, 2] }, "f");
  const { values } = preprocessImages(colour, config, "colour");
  assert.deepEqual([0, 1, 2].map((c) => [values[256 * c], values[256 * c + 255]]), [[0, 1], [-1, 1], [-0.5, 0]]);
});

Deno.test("preprocessImages() resizes grey and colour images", () => {
  const config = parsePreprocessor({ size: { height: 4, width: 1 }, image_mean: 0.5, image_std: 0.5 }, "f");
  const resized = preprocessImages(grey, config, "grey");
  assert.deepEqual([resized.shape, resized.count, resized.images.length], [[1, 4, 1], 2, 8]);
  assert.deepEqual([...resized.images.subarray(0, 4)], [15, 30, 60, 75]);
  const colour = makeImages(Uint8Array.of(0, 0, 100, 100, 200, 200), Uint32Array.of(0), [3, 1, 2], "colour");
  const small = preprocessImages(colour, { ...config, size: { height: 1, width: 1 } }, "colour");
  assert.deepEqual([...small.images], [0, 100, 200]);
});

Deno.test("preprocessImages() refuses what would not fit the memory", () => {
  const many = { ...grey, count: 2 ** 16, images: new Uint8Array(2 ** 18), labels: new Uint32Array(2 ** 16) };
  const config = parsePreprocessor({ do_convert_rgb: true }, "f");
  assert.throws(
    () => preprocessImages(many, config, "many"),
    error(/^many: 65536 images of 3 x 224 x 224 take more than/),
  );
});

Deno.test("preprocessImages() makes grey images colour where asked, and else says what does not fit", () => {
  const config = parsePreprocessor({ do_resize: false, do_convert_rgb: true }, "f");
  const { images, shape } = preprocessImages(grey, config, "grey");
  assert.deepEqual(shape, [3, 2, 2]);
  const [a, b] = [[0, 30, 60, 90], [120, 150, 180, 210]];
  assert.deepEqual([...images], [...a, ...a, ...a, ...b, ...b, ...b]);
  assert.throws(
    () => preprocessImages(grey, { ...config, do_convert_rgb: false }, "grey"),
    error(/^grey: images have 1 channels, but image_mean has 3 values; set do_convert_rgb/),
  );
});

testWithData("preprocess() follows the file of vit-mnist", "weights/vit-mnist", async (folder) => {
  const config = parsePreprocessor(parseJson(await folder.read("preprocessor_config.json")), folder.name);
  assert.deepEqual([config.size, config.image_mean, config.image_std], [{ height: 28, width: 28 }, [0.1307], [0.3081]]);
  const dataset = preprocess({ name: "grey", classes: 2, train: grey, test: grey }, config);
  assert.deepEqual(dataset.train.shape, [1, 28, 28]);
  assert.equal(dataset.test.values[255], Math.fround((1 - 0.1307) / 0.3081));
});
