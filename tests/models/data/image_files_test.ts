import assert from "node:assert/strict";
import { trainingBatches } from "../../../models/data/batches.ts";
import { fileSplit, type FileSplitOptions, type ImageFiles } from "../../../models/data/image_files.ts";
import { prepare } from "../../../models/data/prepare.ts";
import { parsePreprocessor, valueTable } from "../../../models/data/preprocessor.ts";
import { readAhead } from "../../../models/data/read_ahead.ts";
import { rng } from "../../../models/data/rng.ts";
import { memoryFolder } from "../../../models/folder.ts";
import { openDecoder } from "../../../models/image/decoder.ts";
import { decodeImage } from "../../../models/image/decode.ts";
import { planesOf } from "../../../models/image/prepare_file.ts";
import { pictures } from "../image/pictures.ts";

const config = parsePreprocessor({ size: 8 }, "f");
const error = (message: RegExp): object => ({ name: "DataError", message });

const files: ImageFiles = {
  name: "stored",
  folder: memoryFolder(Object.fromEntries(pictures.map(({ name, file }) => [name, file])), "d"),
  files: pictures.map(({ name }) => name),
  labels: Uint32Array.from(pictures, (_, i) => i % 3),
};

/** The same with broken files at rows 1 and 3, and a missing one at row 5. */
const damaged: ImageFiles = {
  ...files,
  name: "damaged",
  folder: memoryFolder(
    Object.fromEntries(pictures.flatMap(({ name, file }, i) => {
      if (i === 5) return [];
      return [[name, i === 1 || i === 3 ? file.subarray(0, 200) : file]];
    })),
    "d",
  ),
};

Deno.test("fileSplit() decodes, prepares and normalises pictures", async () => {
  const split = fileSplit(files, config);
  assert.deepEqual([split.name, split.count, split.shape, split.labels], [
    "stored",
    pictures.length,
    [3, 8, 8],
    files.labels,
  ]);
  const { images, labels, valid } = await split.gather([4, 9], 3);
  assert.deepEqual([images!.shape, [...labels!.data], [...valid!.data]], [[3, 3, 8, 8], [1, 0, 0], [1, 1, 0]]);
  const picture = await decodeImage(pictures[9]!.file, "p");
  const bytes = prepare(planesOf(picture, 3), [3, picture.height, picture.width], config);
  const table = valueTable(3, config, "f");
  bytes.forEach((byte, i) => assert.equal(images!.data[192 + i], table[256 * Math.floor(i / 64) + byte]));
});

Deno.test("fileSplit() gives the same batches from workers, with augmentation by the seed alone", async () => {
  const augment = { resizedCrop: true, flip: 0.5, erase: 0.5 } as const;
  using decoder = openDecoder(2);
  const [here, there] = [fileSplit(files, config, { augment }), fileSplit(files, config, { augment, decoder })];
  const rows = [0, 3, 6, 9, 12];
  const batch = await here.gather(rows, 5, rng(1));
  assert.deepEqual(await there.gather(rows, 5, rng(1)), batch);
  assert.notDeepEqual(await here.gather(rows, 5, rng(2)), batch);
  assert.deepEqual(await here.gather(rows, 5), await fileSplit(files, config).gather(rows, 5));
  const ahead = readAhead(trainingBatches(there, 4, 3), 2);
  const plain = trainingBatches(here, 4, 3);
  for (let i = 0; i < 8; i++) assert.deepEqual((await ahead.next()).value, (await plain.next()).value);
  await ahead.return();
  assert.equal(decoder.trouble, undefined);
});

Deno.test("fileSplit() reads grey pictures for a model of grey pictures, and leaves labels out where there are none", async () => {
  const grey = parsePreprocessor({ size: 8, image_mean: 0.5, image_std: 0.5 }, "f");
  const split = fileSplit({ ...files, labels: new Uint32Array(0) }, grey, { channels: 1 });
  const batch = await split.gather([0], 1);
  assert.deepEqual([batch.images!.shape, Object.keys(batch)], [[1, 1, 8, 8], ["images", "valid"]]);
  const colour = await fileSplit(files, { ...grey, do_convert_rgb: true }, { channels: 1 }).gather([0], 1);
  assert.deepEqual(colour.images!.shape, [1, 3, 8, 8]);
  assert.deepEqual(colour.images!.data.slice(64, 128), batch.images!.data);
});

Deno.test("fileSplit() names the broken picture", async () => {
  const split = fileSplit(damaged, config);
  const name = pictures[1]!.name;
  await assert.rejects(
    async () => await split.gather([0, 1, 2], 3),
    error(new RegExp(`^d/${name}: the JPEG is cut off`)),
  );
  await assert.rejects(
    async () => await split.gather([5], 1),
    error(new RegExp(`^d/${pictures[5]!.name}: cannot be read`)),
  );
  const small = fileSplit(files, config, { pixelLimit: 100 });
  const large = files.files.indexOf("rgb.png");
  await assert.rejects(
    async () => await small.gather([large], 1),
    error(/^d\/rgb.png: the picture is 23 x 14, more than 100/),
  );
});

Deno.test("fileSplit() leaves broken pictures out where asked to, and counts them", async () => {
  const options: FileSplitOptions = { skipBroken: true };
  const split = fileSplit(damaged, config, options);
  const whole = fileSplit(files, config);
  const rows = [0, 1, 2, 3, 5];
  const batch = await split.gather(rows, 6);
  assert.deepEqual([...batch.valid!.data], [1, 0, 1, 0, 0, 0]);
  const expected = (await whole.gather(rows, 6)).images!.data;
  assert.deepEqual(batch.images!.data.slice(0, 192), expected.slice(0, 192));
  assert.ok(batch.images!.data.slice(192, 384).every((value) => value === 0));
  assert.deepEqual([...split.broken.keys()].sort(), [1, 3, 5].map((i) => pictures[i]!.name).sort());
  assert.match(split.broken.get(pictures[5]!.name)!, /cannot be read/);

  const training = await split.gather(rows, 5, rng(4));
  assert.deepEqual([...training.valid!.data], [1, 1, 1, 1, 1], "another row stands in");
  const again = await fileSplit(damaged, config, options).gather(rows, 5, rng(4));
  assert.deepEqual(again, training, "the same one, whether or not the broken ones are known");
  const all = await whole.gather(files.files.map((_, i) => i), files.files.length);
  const row = (data: ArrayLike<number>, i: number) => Array.from(data).slice(192 * i, 192 * i + 192).join();
  const known = new Map(files.files.map((_, i) => [row(all.images!.data, i), i % 3]));
  for (let i = 0; i < 5; i++) assert.ok(known.has(row(training.images!.data, i)), "with its own pixels");
});

Deno.test("fileSplit() gives up where nearly everything is broken", async () => {
  const broken = { ...files, folder: memoryFolder({}, "d") };
  const split = fileSplit(broken, config, { skipBroken: true });
  assert.deepEqual([...(await split.gather([0, 1], 2)).valid!.data], [0, 0]);
  await assert.rejects(
    async () => await split.gather([0], 1, rng(1)),
    error(/^stored: nearly all pictures are broken/),
  );
});

Deno.test("fileSplit() refuses what cannot become batches", () => {
  const none = { ...files, files: [], labels: new Uint32Array(0) };
  assert.throws(() => fileSplit(none, config), error(/^stored: there are no pictures/));
  assert.throws(() => fileSplit({ ...files, labels: Uint32Array.of(1) }, config), error(/1 labels for 26 pictures/));
  const loose = parsePreprocessor({ size: { shortest_edge: 8 } }, "f");
  assert.throws(() => fileSplit(files, loose), error(/leaves pictures of many sizes; set do_center_crop/));
  assert.throws(() => fileSplit(files, config, { channels: 1 }), error(/images have 1 channels, but image_mean has 3/));
  assert.throws(() => fileSplit(files, config, { augment: { flip: 3 } }), error(/flip of the augmentation is 3/));
});
