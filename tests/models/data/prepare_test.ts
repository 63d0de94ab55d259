import assert from "node:assert/strict";
import fc from "fast-check";
import { crop, fixedSize, prepare, preparedShape } from "../../../models/data/prepare.ts";
import { parsePreprocessor } from "../../../models/data/preprocessor.ts";

const small = { min: 1, max: 9 };

Deno.test("crop() takes pixels where there are some, and black beyond", () => {
  const side = fc.integer(small);
  const start = fc.integer({ min: -12, max: 12 });
  fc.assert(fc.property(side, side, start, start, side, side, (h, w, top, left, height, width) => {
    const planes = Uint8Array.from({ length: 2 * h * w }, (_, i) => i + 1);
    const out = crop(planes, [h, w], { top, left, height, width });
    for (let c = 0; c < 2; c++) {
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const [sy, sx] = [top + y, left + x];
          const inside = sy >= 0 && sy < h && sx >= 0 && sx < w;
          assert.equal(out[(c * height + y) * width + x], inside ? planes[(c * h + sy) * w + sx] : 0);
        }
      }
    }
  }));
});

Deno.test("preparedShape() is the shape of what prepare() gives", () => {
  const side = fc.integer({ min: 1, max: 40 });
  const size = fc.oneof(
    fc.record({ height: side, width: side }),
    fc.record({ shortest_edge: side }),
  );
  const config = fc.record({
    size,
    do_resize: fc.boolean(),
    do_center_crop: fc.boolean(),
    crop_size: side,
    do_convert_rgb: fc.boolean(),
    resample: fc.constantFrom(0, 2, 3),
  });
  fc.assert(fc.property(config, fc.constantFrom(1, 3), side, side, (json, channels, h, w) => {
    const parsed = parsePreprocessor(json, "f");
    const shape = preparedShape([channels, h, w], parsed);
    const out = prepare(new Uint8Array(channels * h * w).fill(9), [channels, h, w], parsed);
    assert.equal(out.length, shape[0] * shape[1] * shape[2]);
    const fixed = fixedSize(parsed);
    if (fixed) assert.deepEqual(shape.slice(1), fixed);
  }));
});

Deno.test("prepare() resizes by the shorter edge and takes the middle", () => {
  const config = parsePreprocessor({ size: { shortest_edge: 4 }, do_center_crop: true, crop_size: [4, 2] }, "f");
  const planes = Uint8Array.from({ length: 4 * 8 }, (_, i) => i % 8);
  assert.deepEqual([...prepare(planes, [1, 4, 8], config)], [3, 4, 3, 4, 3, 4, 3, 4]);
  const wide = prepare(planes, [1, 4, 8], { ...config, crop_size: { height: 5, width: 1 } });
  assert.deepEqual([...wide], [0, 3, 3, 3, 3], "the odd row of black goes first");
});

Deno.test("prepare() cuts a box out and resizes it to the size of the model", () => {
  const config = parsePreprocessor({ size: 2, resample: 0 }, "f");
  const planes = Uint8Array.from({ length: 36 }, (_, i) => i);
  assert.deepEqual([...prepare(planes, [1, 6, 6], config, { top: 1, left: 2, height: 2, width: 4 })], [9, 11, 15, 17]);
});

Deno.test("prepare() refuses a strip that would grow beyond all bounds", () => {
  const config = parsePreprocessor({ size: { shortest_edge: 224 } }, "f");
  assert.throws(() => prepare(new Uint8Array(9000), [1, 1, 9000], config), {
    name: "DataError",
    message: /1 x 9000 pixels become 224 x 2016000 by the shorter edge/,
  });
});
