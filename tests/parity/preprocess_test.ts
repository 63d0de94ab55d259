/** Pixels of the real pictures against those of Pillow and of Hugging Face's image processors. */

import assert from "node:assert/strict";
import { crc32 } from "node:zlib";
import { loadCifar } from "../../models/data/cifar.ts";
import { prepare, preparedShape } from "../../models/data/prepare.ts";
import { parsePreprocessor, valueTable } from "../../models/data/preprocessor.ts";
import { resize, type ResizeFilter } from "../../models/data/resize.ts";
import { readIdx } from "../../models/data/idx.ts";
import { decodeImage } from "../../models/image/decode.ts";
import type { Folder } from "../../models/folder.ts";
import type { Picture } from "../../models/image/picture.ts";
import { planesOf } from "../../models/image/prepare_file.ts";
import { dataFolder, testWithData } from "../models/real_data.ts";
import numbers from "./preprocess.json" with { type: "json" };

interface Stored {
  readonly shape: readonly number[];
  readonly crc: number;
  readonly sample: string;
}

const sampled = (values: ArrayLike<number>): number[] =>
  Array.from({ length: 64 }, (_, k) => values[Math.floor(k * (values.length - 1) / 63)]!);

/** Every byte, by the checksum; the sample says where to look when it differs. */
function checkBytes(actual: Uint8Array, stored: Stored, name: string): void {
  assert.equal(actual.length, stored.shape.reduce((a, b) => a * b), name);
  assert.equal(sampled(actual).join(" "), stored.sample, name);
  assert.equal(crc32(actual), stored.crc, name);
}

const samples = "imagenet-samples";
const decoded = new Map<string, Promise<Picture>>();

/** A decoded file; each is decoded once. */
function decode(folder: Folder, file: string): Promise<Picture> {
  const known = decoded.get(file) ?? folder.read(file).then((bytes) => decodeImage(bytes, file));
  decoded.set(file, known);
  return known;
}

testWithData("decodeImage() gives Pillow's bytes of real JPEG files", samples, async (folder) => {
  for (const [file, stored] of Object.entries(numbers.decoded)) {
    const picture = await decode(folder, file);
    assert.deepEqual([3, picture.height, picture.width], stored.shape);
    checkBytes(planesOf(picture, 3), stored, file);
    const grey = (numbers.grey as Readonly<Record<string, Stored>>)[file];
    if (grey) checkBytes(planesOf(picture, 1), grey, `${file} grey`);
  }
});

for (const { name, config, files } of numbers.processors) {
  testWithData(`prepare() gives the pixels of the processor of Hugging Face: ${name}`, samples, async (folder) => {
    const parsed = parsePreprocessor(config, name);
    for (const [file, stored] of Object.entries(files)) {
      const picture = await decode(folder, file);
      const shape = [3, picture.height, picture.width] as const;
      assert.deepEqual(preparedShape(shape, parsed), stored.shape, file);
      const bytes = prepare(planesOf(picture, 3), shape, parsed);
      checkBytes(bytes, stored, file);
      const table = valueTable(3, parsed, file);
      const area = bytes.length / 3;
      const values = Float64Array.from(bytes, (byte, i) => table[256 * Math.floor(i / area) + byte]!);
      stored.values.split(" ").map(Number).forEach((expected, k) => {
        const actual = sampled(values)[k]!;
        // Both round to f32, at different points of the same arithmetic.
        assert.ok(
          Math.abs(actual - expected) <= 4e-7 * Math.max(1, Math.abs(expected)),
          `${file} ${actual} ${expected}`,
        );
      });
    }
  });
}

Deno.test({
  name: "resize() gives Pillow's bytes of CIFAR and MNIST images",
  ignore: !dataFolder("cifar10") || !dataFolder("mnist"),
  fn: async () => {
    const cifar = await loadCifar({
      name: "cifar10",
      read: (file) => Deno.readFile(`${dataFolder("cifar10")}/${file}`),
      exists: (file) => Deno.stat(`${dataFolder("cifar10")}/${file}`).then(() => true, () => false),
    });
    const mnist = await readIdx(await Deno.readFile(`${dataFolder("mnist")}/t10k-images-idx3-ubyte.gz`), 3, "mnist");
    const sources = {
      cifar: { data: cifar.train.images, bytes: 3072, side: 32 },
      mnist: { data: mnist.data, bytes: 784, side: 28 },
    };
    for (const { source, index, size, filter, ...stored } of numbers.resized) {
      const { data, bytes, side } = sources[source as keyof typeof sources];
      const [height, width] = size as [number, number];
      const image = data.subarray(index * bytes, (index + 1) * bytes);
      const actual = resize(image, [side, side], [height, width], filter as ResizeFilter);
      checkBytes(actual, stored, `${source} ${index} ${size} ${filter}`);
    }
  },
});
