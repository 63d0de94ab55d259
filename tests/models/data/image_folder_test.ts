import assert from "node:assert/strict";
import { loadImageFolder, splitFiles } from "../../../models/data/image_folder.ts";
import { type Folder, memoryFolder } from "../../../models/folder.ts";
import { dataFolder, diskFolder } from "../real_data.ts";

const error = (message: RegExp): object => ({ name: "DataError", message });
const folder = (files: Readonly<Record<string, string>>): Folder => memoryFolder(files, "d");
const named = (...paths: string[]): Folder => folder(Object.fromEntries(paths.map((path) => [path, ""])));

Deno.test("loadImageFolder() finds ImageNet's layout, with classes in the order of their names", async () => {
  const { labels, parts, notes } = await loadImageFolder(named(
    "train/n02/b.JPEG",
    "train/n01/z.jpg",
    "train/n01/a.png",
    "train/n01/deeper/c.webp",
    "train/n01/.hidden.jpg",
    "train/n01/notes.txt",
    "train/stray.jpg",
    "val/n02/v.jpeg",
    ".git/x.png",
  ));
  assert.deepEqual(labels, ["n01", "n02"]);
  assert.deepEqual(Object.keys(parts), ["train", "val"]);
  assert.deepEqual(parts.train!.files, [
    "train/n01/a.png",
    "train/n01/deeper/c.webp",
    "train/n01/z.jpg",
    "train/n02/b.JPEG",
  ]);
  assert.deepEqual([[...parts.train!.labels], [...parts.val!.labels]], [[0, 0, 0, 1], [1]]);
  assert.deepEqual([parts.train!.name, parts.val!.name], ["d/train", "d/val"]);
  assert.deepEqual(notes, [
    "d/train/n01/: 1 files that are no pictures were left out",
    "d/train/: 1 pictures outside the folders of classes were left out",
  ]);
});

Deno.test("loadImageFolder() takes one folder of classes, even of one that is called train", async () => {
  const { labels, parts } = await loadImageFolder(named("train/1.jpg", "bus/1.jpg", "car/1.jpg"));
  assert.deepEqual([labels, Object.keys(parts), parts.all!.files], [
    ["bus", "car", "train"],
    ["all"],
    ["bus/1.jpg", "car/1.jpg", "train/1.jpg"],
  ]);
});

Deno.test("loadImageFolder() reads tables of labels", async () => {
  const table = await loadImageFolder(folder({ "labels.csv": '\ufefffile,label\na.jpg,dog\n\n"x, y.jpg",cat\n' }));
  assert.deepEqual([table.labels, table.parts.all!.files, [...table.parts.all!.labels]], [
    ["cat", "dog"],
    ["a.jpg", "x, y.jpg"],
    [1, 0],
  ]);
  const numbers = await loadImageFolder(
    folder({ "train.csv": "id,Class,path\n7,10,a.jpg\n8,2,b.jpg", "val.csv": "file,label\nc.jpg,0" }),
  );
  assert.deepEqual([numbers.labels.length, [...numbers.parts.train!.labels], [...numbers.parts.val!.labels]], [11, [
    10,
    2,
  ], [0]]);
  const nested = await loadImageFolder(folder({
    "train/metadata.csv": "file_name,label\n1.png,a",
    "test/metadata.csv": "file_name,label\n2.png,a",
  }));
  assert.deepEqual([nested.parts.train!.files, nested.parts.test!.files], [["train/1.png"], ["test/2.png"]]);
});

Deno.test("loadImageFolder() names what is wrong with a table", async () => {
  const cases: [string, RegExp][] = [
    ["a,b\n1,2", /labels.csv: the header has no column "file" \(a, b\)/],
    ["file,b\n1,2", /has no column "label"/],
    ["file,label\n", /has a header but no rows/],
    ["", /no column "file"/],
    ["file,label\na.jpg,1\n,2", /row 2 names no file/],
    ["file,label\na.jpg,", /row 1 \(a.jpg\) has no label/],
    ["file,label\n../secret.jpg,1", /row 1 names ..\/secret.jpg, which is not in the folder/],
    ["file,label\n/etc/x.jpg,1", /not in the folder/],
    ["file,label\na.jpg,1\n./a.jpg,2", /row 2 names a.jpg again/],
    ["file,label\na.jpg,1,2,3", /is no CSV file/],
    ['file,label\n"a.jpg,1', /is no CSV file/],
  ];
  for (const [text, message] of cases) {
    await assert.rejects(loadImageFolder(folder({ "labels.csv": text })), (fault: Error) => {
      assert.equal(fault.name, "DataError", text);
      assert.match(fault.message, message);
      return !fault.message.includes("\n");
    });
  }
});

Deno.test("loadImageFolder() goes by a given order of classes, so that some of a model's do", async () => {
  const files = { "n03/a.jpg": "", "n01/b.jpg": "" };
  const listed = await loadImageFolder(folder({ ...files, "classes.txt": "n01\nn02\nn03\n" }));
  assert.deepEqual([listed.labels, [...listed.parts.all!.labels]], [["n01", "n02", "n03"], [0, 2]]);
  const synsets = await loadImageFolder(folder({ ...files, "LOC_synset_mapping.txt": "n03 a, b\nn01 c d\n" }));
  assert.deepEqual([synsets.labels, [...synsets.parts.all!.labels]], [["n03", "n01"], [1, 0]]);
  const given = await loadImageFolder(folder(files), ["n03", "n01"]);
  assert.deepEqual([...given.parts.all!.labels], [1, 0]);
  const message = /^d\/n03\/a.jpg: its class "n03" is not among the 2 given; correct it, or list/;
  await assert.rejects(loadImageFolder(folder(files), ["n01", "n02"]), error(message));
  await assert.rejects(
    loadImageFolder(named("train/a/1.jpg", "val/b/1.jpg")),
    error(/"b" is not among the 1 of train/),
  );
  await assert.rejects(loadImageFolder(folder(files), ["n01", "n01"]), error(/some are equal/));
});

Deno.test("loadImageFolder() takes pictures that lie flat, with classes where their names begin with them", async () => {
  const plain = await loadImageFolder(named("b.jpg", "a.png", "readme.md"));
  assert.deepEqual([plain.labels, plain.parts.all!.files, plain.parts.all!.labels.length], [[], ["a.png", "b.jpg"], 0]);
  const wordNet = await loadImageFolder(named("n00000002_x.JPEG", "n00000001_y.JPEG", "n00000002_z.JPEG"));
  assert.deepEqual([wordNet.labels, [...wordNet.parts.all!.labels]], [["n00000001", "n00000002"], [0, 1, 1]]);
  const test = await loadImageFolder(named("train/a/1.jpg", "test/2.jpg"));
  assert.deepEqual([test.parts.test!.files, test.parts.test!.labels.length], [["test/2.jpg"], 0]);
});

Deno.test("loadImageFolder() says when there is nothing, and when it cannot look", async () => {
  await assert.rejects(loadImageFolder(named("readme.md")), error(/^d: there are no pictures/));
  await assert.rejects(
    loadImageFolder(named("train/a/1.jpg", "val/readme.md")),
    error(/^d\/val: there are no pictures/),
  );
  const { list: _, ...blind } = named("a.jpg");
  await assert.rejects(loadImageFolder(blind), error(/^d: its files cannot be listed/));
});

Deno.test("splitFiles() sets the same share of each class aside, by the seed alone", async () => {
  const files = (await loadImageFolder(named(
    ...Array.from({ length: 20 }, (_, i) => `a/${i}.jpg`),
    ...Array.from({ length: 10 }, (_, i) => `b/${i}.jpg`),
    "c/only.jpg",
  ))).parts.all!;
  const { train, test } = splitFiles(files, 0.2, 5);
  const count = (labels: Uint32Array) => [0, 1, 2].map((label) => labels.filter((one) => one === label).length);
  assert.deepEqual([count(train.labels), count(test.labels)], [[16, 8, 1], [4, 2, 0]]);
  assert.deepEqual([...train.files, ...test.files].sort(), [...files.files].sort());
  assert.deepEqual(splitFiles(files, 0.2, 5).test.files, test.files);
  assert.notDeepEqual(splitFiles(files, 0.2, 6).test.files, test.files);
  assert.throws(() => splitFiles(files, 0.01, 5), error(/less than a picture/));
  assert.throws(() => splitFiles(files, 1, 5), error(/share 1 to judge by/));
});

const samples = dataFolder("imagenet-samples");

Deno.test({
  name: "loadImageFolder() finds the real samples",
  ignore: samples === undefined,
  fn: async () => {
    const list = (path: string) =>
      Promise.resolve(
        [...Deno.readDirSync(`${samples}/${path}`)].map(({ name, isDirectory }) => name + (isDirectory ? "/" : "")),
      );
    const { labels, parts } = await loadImageFolder({ ...diskFolder(samples!), list });
    assert.deepEqual([labels.length, labels[0], parts.all!.files.length], [16, "n01440764", 16]);
    assert.deepEqual([...parts.all!.labels], [...Array(16).keys()]);
  },
});
