/**
 * CIFAR-10 and CIFAR-100: colour photographs of 32 x 32 pixels in 10 or 100 classes, in the binary version of
 * https://www.cs.toronto.edu/~kriz/cifar.html (Krizhevsky, 2009).
 *
 * @module
 */
import type { Folder } from "../folder.ts";
import { DataError } from "./error.ts";
import { type Images, type ImageSet, makeImages } from "./images.ts";

/** Images, the names of their classes, and what the files lack. */
export interface NamedImageSet extends ImageSet {
  /** Names of the classes. */
  readonly labels: readonly string[];
  /** What is not as in the original: sentences for the log. */
  readonly notes: readonly string[];
}

interface Version {
  readonly name: string;
  readonly classes: number;
  /** Folder that the archive unpacks to. */
  readonly archive: string;
  readonly train: readonly string[];
  readonly test: string;
  readonly names: string;
  /** Bytes before the pixels of a record; the last of them is the class. */
  readonly labelBytes: number;
}

const versions: readonly Version[] = [
  {
    name: "cifar10",
    classes: 10,
    archive: "cifar-10-batches-bin",
    train: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`),
    test: "test_batch.bin",
    names: "batches.meta.txt",
    labelBytes: 1,
  },
  {
    name: "cifar100",
    classes: 100,
    archive: "cifar-100-binary",
    train: ["train.bin"],
    test: "test.bin",
    names: "fine_label_names.txt",
    labelBytes: 2,
  },
];

const pixels = 3 * 32 * 32;

/**
 * Reads the records of files as one part of the data set.
 *
 * @param files The files, each with its name for errors.
 * @param classes Number of classes.
 * @param labelBytes Bytes before the pixels of a record: 1, or 2 where a coarse class goes before the fine one.
 * @returns The images.
 * @throws {DataError} when a file is not a whole number of records, is empty, or has a class that is none.
 */
export function readCifar(
  files: readonly { readonly label: string; readonly bytes: Uint8Array }[],
  classes: number,
  labelBytes: number,
): Images {
  const record = labelBytes + pixels;
  for (const { label, bytes } of files) {
    if (bytes.length === 0 || bytes.length % record !== 0) {
      throw new DataError(
        `${label}: ${bytes.length} bytes are no whole number of records of ${record}; ` +
          "use the binary version of the data set, or fetch it again",
      );
    }
  }
  const count = files.reduce((sum, { bytes }) => sum + bytes.length / record, 0);
  const images = new Uint8Array(count * pixels);
  const labels = new Uint32Array(count);
  let row = 0;
  for (const { label, bytes } of files) {
    for (let at = 0; at < bytes.length; at += record, row++) {
      const value = bytes[at + labelBytes - 1];
      if (value >= classes) {
        throw new DataError(
          `${label}: record ${at / record} has label ${value}, but classes are 0 to ${classes - 1}; fetch it again`,
        );
      }
      labels[row] = value;
      images.set(bytes.subarray(at + labelBytes, at + record), row * pixels);
    }
  }
  return makeImages(images, labels, [3, 32, 32], files[0]?.label ?? "CIFAR");
}

async function readNames(folder: Folder, path: string, classes: number): Promise<string[]> {
  const numbers = Array.from({ length: classes }, (_, i) => `${i}`);
  if (!await folder.exists(path)) return numbers;
  const names = new TextDecoder().decode(await folder.read(path)).split("\n").map((line) => line.trim())
    .filter((line) => line !== "");
  if (names.length !== classes || new Set(names).size !== classes) {
    throw new DataError(
      `${folder.name}/${path}: has ${names.length} names for ${classes} classes; fetch it again, or remove it`,
    );
  }
  return names;
}

/** The version whose files the folder has, and where in the folder they are. */
async function findVersion(folder: Folder): Promise<readonly [version: Version, prefix: string]> {
  for (const version of versions) {
    for (const prefix of ["", `${version.archive}/`]) {
      if (await folder.exists(prefix + version.test)) return [version, prefix];
    }
  }
  throw new DataError(
    `${folder.name}: there is no ${versions.map(({ test }) => test).join(" and no ")}; ` +
      "unpack cifar-10-binary.tar.gz or cifar-100-binary.tar.gz and give that folder",
  );
}

/**
 * Loads CIFAR-10 or CIFAR-100, whichever the folder has. The classes of CIFAR-100 are the fine ones. Some of the five
 * training files of CIFAR-10 may be missing: the notes say so.
 *
 * @param folder Holds the files under their original names, or the folder that the archive unpacks to.
 * @returns The data set; the pixels stay bytes.
 * @throws {DataError} when there are no such files, or they are damaged.
 */
export async function loadCifar(folder: Folder): Promise<NamedImageSet> {
  const [{ name, classes, train, test, names, labelBytes }, prefix] = await findVersion(folder);
  const present: string[] = [];
  for (const file of train) if (await folder.exists(prefix + file)) present.push(file);
  if (present.length === 0) {
    throw new DataError(`${folder.name}: there is ${test} but no ${train[0]} to train on; unpack the whole archive`);
  }
  const read = async (files: readonly string[]) =>
    readCifar(
      await Promise.all(files.map(async (file) => ({
        label: `${folder.name}/${prefix}${file}`,
        bytes: await folder.read(prefix + file),
      }))),
      classes,
      labelBytes,
    );
  const [training, testing] = [await read(present), await read([test])];
  const notes: string[] = [];
  if (training.count !== 50000 || testing.count !== 10000) {
    const absent = train.filter((file) => !present.includes(file));
    notes.push(
      `${folder.name} has ${training.count} of 50000 training images and ${testing.count} of 10000 test images` +
        (absent.length > 0 ? ` (no ${absent.join(", ")})` : ""),
    );
  }
  const labels = await readNames(folder, prefix + names, classes);
  return { name, classes, labels, train: training, test: testing, notes };
}
