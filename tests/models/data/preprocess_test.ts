import assert from "node:assert/strict";
import { makeSplit } from "../../../models/data/dataset.ts";
import { parsePreprocessor, preprocess, preprocessSplit } from "../../../models/data/preprocess.ts";
import { parseJson } from "../../../models/validate.ts";
import { testWithData } from "../real_data.ts";

const grey = makeSplit(Uint8Array.from({ length: 8 }, (_, i) => 30 * i), Uint32Array.of(0, 1), [1, 2, 2], "grey");
const error = (message: RegExp): object => ({ name: "DataError", message });

Deno.test("parsePreprocessor() has the defaults of ViTImageProcessor", () => {
  assert.deepEqual(parsePreprocessor({}, "f"), {
    do_resize: true,
    size: { height: 224, width: 224 },
    resample: 2,
    do_convert_rgb: false,
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: [0.5, 0.5, 0.5],
    image_std: [0.5, 0.5, 0.5],
  });
});

Deno.test("parsePreprocessor() takes the short forms of the files in use", () => {
  const config = parsePreprocessor({ size: 28, image_mean: 0.1, image_std: 0.3, do_convert_rgb: null, extra: 1 }, "f");
  assert.deepEqual([config.size, config.image_mean, config.image_std], [{ height: 28, width: 28 }, [0.1], [0.3]]);
  assert.equal(config.do_convert_rgb, false);
});

Deno.test("parsePreprocessor() lists all faults in one line", () => {
  assert.throws(
    () => parsePreprocessor({ do_resize: "yes", image_std: [0], size: { shortest_edge: 224 } }, "f"),
    (fault: Error) => {
      assert.equal(fault.name, "DataError");
      for (const key of ["do_resize", "image_std", "size"]) {
        assert.ok(fault.message.includes(`at ${key}`), fault.message);
      }
      return fault.message.startsWith("f: ") && !fault.message.includes("\n");
    },
  );
  assert.throws(() => parsePreprocessor({ resample: 3 }, "f"), error(/only 2 \(bilinear\).* → at resample/));
  assert.equal(parsePreprocessor({ resample: 3, do_resize: false }, "f").resample, 3);
  assert.throws(() => parsePreprocessor(null, "f"), error(/^f: .*expected object/));
});

Deno.test("preprocessSplit() makes the table of values, rounding once", () => {
  const config = parsePreprocessor({ do_resize: false, image_mean: 0.1307, image_std: 0.3081 }, "f");
  const { values, images } = preprocessSplit(grey, config, "grey");
  assert.equal(images, grey.images);
  for (let byte = 0; byte < 256; byte++) {
    assert.equal(values[byte], Math.fround((byte * (1 / 255) - 0.1307) / 0.3081));
  }
  const raw = preprocessSplit(grey, { ...config, do_rescale: false, do_normalize: false }, "grey");
  assert.deepEqual([...raw.values], [...Array(256).keys()]);
});

Deno.test("preprocessSplit() normalises each channel by its own mean and deviation", () => {
  const colour = makeSplit(new Uint8Array(3), Uint32Array.of(0), [3, 1, 1], "colour");
  const config = parsePreprocessor({ do_resize: false, image_mean: [0, 0.5, 1], image_std: [1, 0.5, 2] }, "f");
  const { values } = preprocessSplit(colour, config, "colour");
  assert.deepEqual([0, 1, 2].map((c) => [values[256 * c], values[256 * c + 255]]), [[0, 1], [-1, 1], [-0.5, 0]]);
});

Deno.test("preprocessSplit() resizes grey and colour images", () => {
  const config = parsePreprocessor({ size: { height: 4, width: 1 }, image_mean: 0.5, image_std: 0.5 }, "f");
  const resized = preprocessSplit(grey, config, "grey");
  assert.deepEqual([resized.shape, resized.count, resized.images.length], [[1, 4, 1], 2, 8]);
  assert.deepEqual([...resized.images.subarray(0, 4)], [15, 30, 60, 75]);
  const colour = makeSplit(Uint8Array.of(0, 0, 100, 100, 200, 200), Uint32Array.of(0), [3, 1, 2], "colour");
  const small = preprocessSplit(colour, { ...config, size: { height: 1, width: 1 } }, "colour");
  assert.deepEqual([...small.images], [0, 100, 200]);
});

Deno.test("preprocessSplit() makes grey images colour where asked, and else says what does not fit", () => {
  const config = parsePreprocessor({ do_resize: false, do_convert_rgb: true }, "f");
  const { images, shape } = preprocessSplit(grey, config, "grey");
  assert.deepEqual(shape, [3, 2, 2]);
  const [a, b] = [[0, 30, 60, 90], [120, 150, 180, 210]];
  assert.deepEqual([...images], [...a, ...a, ...a, ...b, ...b, ...b]);
  assert.throws(
    () => preprocessSplit(grey, { ...config, do_convert_rgb: false }, "grey"),
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
