import assert from "node:assert/strict";
import fc from "fast-check";
import { loadCifar, readCifar } from "../../../models/data/cifar.ts";
import { memoryFolder } from "../../../models/folder.ts";
import { testWithData } from "../real_data.ts";

const error = (message: RegExp): object => ({ name: "DataError", message });

/** Records with these labels, whose pixels are their number. */
function records(labels: readonly number[], coarse = false): Uint8Array {
  const size = (coarse ? 2 : 1) + 3072;
  const bytes = new Uint8Array(labels.length * size);
  labels.forEach((label, i) => {
    bytes.fill(i + 1, i * size, (i + 1) * size);
    bytes.set(coarse ? [99, label] : [label], i * size);
  });
  return bytes;
}

const names = "airplane automobile bird cat deer dog frog horse ship truck".split(" ");

Deno.test("loadCifar() reads CIFAR-10, and says which files are missing", async () => {
  const files = {
    "data_batch_1.bin": records([3, 9]),
    "data_batch_4.bin": records([0]),
    "test_batch.bin": records([7]),
    "batches.meta.txt": names.join("\n") + "\n\n",
  };
  const { name, classes, labels, train, test, notes } = await loadCifar(memoryFolder(files, "c"));
  assert.deepEqual([name, classes, labels, train.shape], ["cifar10", 10, names, [3, 32, 32]]);
  assert.deepEqual([[...train.labels], [...test.labels], train.count], [[3, 9, 0], [7], 3]);
  assert.deepEqual([0, 1, 2].map((i) => train.images[i * 3072 + 5]), [1, 2, 1]);
  assert.deepEqual(notes, [
    "c has 3 of 50000 training images and 1 of 10000 test images " +
    "(no data_batch_2.bin, data_batch_3.bin, data_batch_5.bin)",
  ]);
});

Deno.test("loadCifar() reads the fine classes of CIFAR-100, in the folder of the archive too", async () => {
  const files = { "train.bin": records([99, 5], true), "test.bin": records([42], true) };
  const inside = Object.fromEntries(Object.entries(files).map(([name, file]) => [`cifar-100-binary/${name}`, file]));
  for (const folder of [files, inside]) {
    const { name, classes, labels, train, test } = await loadCifar(memoryFolder(folder, "c"));
    assert.deepEqual([name, classes, labels.length, labels[7]], ["cifar100", 100, 100, "7"]);
    assert.deepEqual([[...train.labels], [...test.labels]], [[99, 5], [42]]);
  }
});

Deno.test("loadCifar() names what is missing or damaged", async () => {
  const test = { "test_batch.bin": records([1]) };
  await assert.rejects(
    loadCifar(memoryFolder({}, "c")),
    error(/^c: there is no test_batch.bin and no test.bin; unpack/),
  );
  await assert.rejects(
    loadCifar(memoryFolder(test, "c")),
    error(/^c: there is test_batch.bin but no data_batch_1.bin/),
  );
  const train = (bytes: Uint8Array) => loadCifar(memoryFolder({ ...test, "data_batch_1.bin": bytes }, "c"));
  await assert.rejects(train(records([1]).subarray(1)), error(/^c\/data_batch_1.bin: 3072 bytes are no whole number/));
  await assert.rejects(train(new Uint8Array(0)), error(/0 bytes are no whole number/));
  await assert.rejects(train(records([1, 10])), error(/record 1 has label 10, but classes are 0 to 9/));
  const meta = { ...test, "data_batch_1.bin": records([1]), "batches.meta.txt": "a\nb" };
  await assert.rejects(loadCifar(memoryFolder(meta, "c")), error(/batches.meta.txt: has 2 names for 10 classes/));
});

Deno.test("readCifar() throws DataError and nothing else, whatever the length and the bytes", () => {
  fc.assert(fc.property(fc.nat(3 * 3074), fc.nat(255), fc.constantFrom(1, 2), (length, fill, labelBytes) => {
    const bytes = new Uint8Array(length).fill(fill);
    const valid = length > 0 && length % (3072 + labelBytes) === 0 && fill < 10;
    try {
      assert.equal(readCifar([{ label: "f", bytes }], 10, labelBytes).count, length / (3072 + labelBytes));
      assert.ok(valid);
    } catch (fault) {
      assert.equal((fault as Error).name, "DataError", String(fault));
      assert.ok(!valid);
    }
  }));
});

testWithData("loadCifar() loads the real files", "cifar10", async (folder) => {
  const { train, test, labels, notes } = await loadCifar(folder);
  assert.deepEqual([train.count, test.count, labels], [8000, 5000, names]);
  assert.match(notes.join(), /8000 of 50000 training images and 5000 of 10000 test images/);
  const first = [6, 9, 9, 4, 1, 1, 2, 7, 8, 3, 4, 7, 7, 2, 9, 9, 9, 3, 2, 6];
  assert.deepEqual([...train.labels.subarray(0, 20)], first, "the first labels of data_batch_1");
  const counts = Array.from(names, (_, label) => test.labels.filter((one) => one === label).length);
  assert.deepEqual(counts, new Array(10).fill(500));
});
