import assert from "node:assert/strict";
import { evaluationBatches } from "../../../models/data/batches.ts";
import { imageSplit } from "../../../models/data/image_split.ts";
import { loadMnist } from "../../../models/data/mnist.ts";
import { parsePreprocessor, preprocess } from "../../../models/data/preprocess.ts";
import { memoryFolder } from "../../../models/folder.ts";
import { testWithData } from "../real_data.ts";
import { idxFile } from "./idx_files.ts";

const files = {
  "train-images-idx3-ubyte": idxFile([2, 1, 2], [1, 2, 3, 4]),
  "train-labels-idx1-ubyte": idxFile([2], [5, 9]),
  "t10k-images-idx3-ubyte": idxFile([1, 1, 2], [7, 8]),
  "t10k-labels-idx1-ubyte": idxFile([1], [3]),
};
const error = (message: RegExp): object => ({ name: "DataError", message });

Deno.test("loadMnist() loads the four files", async () => {
  const { name, classes, train, test } = await loadMnist(memoryFolder(files));
  assert.deepEqual([name, classes, train.count, test.count], ["mnist", 10, 2, 1]);
  assert.deepEqual(train.shape, [1, 1, 2]);
  assert.deepEqual([...train.images], [1, 2, 3, 4]);
  assert.deepEqual([...train.labels, ...test.labels], [5, 9, 3]);
});

Deno.test("loadMnist() lists every file that is missing", async () => {
  const { "train-images-idx3-ubyte": _, "t10k-labels-idx1-ubyte": __, ...rest } = files;
  await assert.rejects(
    loadMnist(memoryFolder(rest, "dir")),
    error(/^dir: there is no train-images-idx3-ubyte, no t10k-labels-idx1-ubyte \(with or without \.gz\); MNIST is/),
  );
});

Deno.test("loadMnist() names the file that is at fault", async () => {
  const load = (changes: Record<string, Uint8Array>): Promise<unknown> =>
    loadMnist(memoryFolder({ ...files, ...changes }, "dir"));
  const labels = "train-labels-idx1-ubyte";
  await assert.rejects(load({ [labels]: idxFile([2], [5, 10]) }), error(/^dir\/train-labels.*: row 1 has label 10/));
  await assert.rejects(
    load({ [labels]: idxFile([3], [5, 1, 2]) }),
    error(/^dir\/train-images.*: 2 images .* for 3 labels/),
  );
  await assert.rejects(
    load({ "t10k-images-idx3-ubyte": idxFile([1, 2, 2], [1, 2, 3, 4]) }),
    error(/^dir: training images are 1 x 1 x 2, test images 1 x 2 x 2/),
  );
});

testWithData("loadMnist() loads the real files, as their publisher counted them", "mnist", async (folder) => {
  const mnist = await loadMnist(folder);
  const { train, test } = mnist;
  assert.deepEqual([train.count, test.count, train.shape], [60_000, 10_000, [1, 28, 28]]);
  assert.deepEqual([...train.labels.subarray(0, 8)], [5, 0, 4, 1, 9, 2, 1, 3]);
  assert.deepEqual([...test.labels.subarray(0, 8)], [7, 2, 1, 0, 4, 1, 4, 9]);
  const sum = (bytes: Uint8Array): number => bytes.reduce((a, b) => a + b, 0);
  assert.deepEqual([sum(train.images.subarray(0, 784)), sum(test.images.subarray(0, 784))], [27525, 18454]);

  const config = parsePreprocessor({ size: 28, image_mean: [0.1307], image_std: [0.3081] }, "f");
  const prepared = preprocess(mnist, config);
  assert.equal(prepared.train.images, train.images); // 28 x 28 stays as it is
  let valid = 0;
  let total = 0;
  for await (const { batch } of evaluationBatches(imageSplit(prepared.test, "test"), 768)) {
    for (const weight of batch.valid.data) valid += weight;
    for (let row = 0; row < 768; row++) {
      if (batch.valid.data[row]) { for (let p = 0; p < 784; p++) total += batch.images.data[784 * row + p]; }
    }
  }
  assert.equal(valid, 10_000);
  const mean = (264923200 / 7_840_000 / 255 - 0.1307) / 0.3081;
  assert.ok(Math.abs(total / 7_840_000 - mean) < 1e-6, `${total / 7_840_000} ${mean}`);
});

testWithData("loadMnist() of a corrupt gzip is one clear error", "mnist", async (folder) => {
  const name = "t10k-labels-idx1-ubyte.gz";
  const bytes = await folder.read(name);
  bytes[3000] ^= 255;
  const corrupt = { ...folder, read: (path: string) => path === name ? Promise.resolve(bytes) : folder.read(path) };
  await assert.rejects(loadMnist(corrupt), error(/t10k-labels-idx1-ubyte\.gz: the gzip data is cut off or corrupt/));
});
