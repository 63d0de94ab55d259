import assert from "node:assert/strict";
import { parsePreprocessor } from "../../../models/data/preprocessor.ts";

const error = (message: RegExp): object => ({ name: "DataError", message });

Deno.test("parsePreprocessor() has the defaults of ViTImageProcessor", () => {
  const defaults = {
    do_convert_rgb: false,
    do_resize: true,
    size: { height: 224, width: 224 },
    resample: 2,
    do_center_crop: false,
    crop_size: { height: 224, width: 224 },
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: [0.5, 0.5, 0.5],
    image_std: [0.5, 0.5, 0.5],
  };
  for (const type of [undefined, "ViTImageProcessor", "ViTImageProcessorFast", "ViTImageProcessorPil"]) {
    assert.deepEqual(parsePreprocessor(type ? { image_processor_type: type } : {}, "f"), defaults);
  }
  assert.deepEqual(parsePreprocessor({ feature_extractor_type: "ViTFeatureExtractor" }, "f"), defaults);
});

Deno.test("parsePreprocessor() has the defaults of the processor that is named", () => {
  const deit = parsePreprocessor({ image_processor_type: "DeiTImageProcessor" }, "f");
  assert.deepEqual([deit.size, deit.resample, deit.do_center_crop, deit.image_mean], [
    { height: 256, width: 256 },
    3,
    true,
    [0.5, 0.5, 0.5],
  ]);
  const clip = parsePreprocessor({ feature_extractor_type: "CLIPFeatureExtractor", size: 336, crop_size: 336 }, "f");
  assert.deepEqual([clip.size, clip.crop_size, clip.resample, clip.do_convert_rgb, clip.image_std[0]], [
    { shortest_edge: 336 },
    { height: 336, width: 336 },
    3,
    true,
    0.26862954,
  ]);
});

Deno.test("parsePreprocessor() takes the short forms of the files in use", () => {
  const config = parsePreprocessor({ size: 28, image_mean: 0.1, image_std: 0.3, do_convert_rgb: null, extra: 1 }, "f");
  assert.deepEqual([config.size, config.image_mean, config.image_std], [{ height: 28, width: 28 }, [0.1], [0.3]]);
  assert.equal(config.do_convert_rgb, false);
  assert.deepEqual(parsePreprocessor({ size: [20, 30] }, "f").size, { height: 20, width: 30 });
  assert.deepEqual(parsePreprocessor({ size: { shortest_edge: 30 } }, "f").size, { shortest_edge: 30 });
});

Deno.test("parsePreprocessor() lists all faults in one line", () => {
  const size = { shortest_edge: 224, longest_edge: 300 };
  assert.throws(
    () => parsePreprocessor({ do_resize: "yes", image_std: [0], size, crop_size: "all" }, "f"),
    (fault: Error) => {
      assert.equal(fault.name, "DataError");
      for (const key of ["do_resize", "image_std", "size", "crop_size"]) {
        assert.ok(fault.message.includes(`at ${key}`), fault.message);
      }
      return fault.message.startsWith("f: ") && !fault.message.includes("\n");
    },
  );
  assert.throws(() => parsePreprocessor({ resample: 1 }, "f"), error(/only 0 \(nearest\).* → at resample/));
  assert.equal(parsePreprocessor({ resample: 1, do_resize: false }, "f").resample, 1);
  for (const config of [null, "x", 3]) {
    assert.throws(() => parsePreprocessor(config, "f"), error(/^f: .*expected object/));
  }
});

Deno.test("parsePreprocessor() refuses a processor that means something else by the same names", () => {
  assert.throws(
    () =>
      parsePreprocessor({ image_processor_type: "ConvNextImageProcessor", size: 224 }, "m/preprocessor_config.json"),
    error(/^m\/preprocessor_config.json: image_processor_type "ConvNextImageProcessor" is not known, only ViTImage/),
  );
  assert.throws(
    () => parsePreprocessor({ image_processor_type: "toStringFeatureExtractor" }, "f"),
    error(/is not known/),
  );
});
