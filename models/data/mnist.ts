/**
 * MNIST: 60,000 and 10,000 grey images of handwritten digits, 28 x 28 pixels (LeCun, Cortes and Burges).
 *
 * @module
 */

import type { Folder } from "../folder.ts";
import { type Images, type ImageSet, makeImages } from "./images.ts";
import { DataError } from "./error.ts";
import { readIdx, readLabels } from "./idx.ts";

const files = {
  trainImages: "train-images-idx3-ubyte",
  trainLabels: "train-labels-idx1-ubyte",
  testImages: "t10k-images-idx3-ubyte",
  testLabels: "t10k-labels-idx1-ubyte",
} as const;

/** The name under which the folder has the file, or nothing. */
async function find(folder: Folder, name: string): Promise<string | undefined> {
  for (const path of [name, `${name}.gz`]) if (await folder.exists(path)) return path;
  return undefined;
}

async function loadSplit(folder: Folder, images: string, labels: string, classes: number): Promise<Images> {
  const { shape: [, height, width], data } = await readIdx(await folder.read(images), 3, `${folder.name}/${images}`);
  const values = await readLabels(await folder.read(labels), classes, `${folder.name}/${labels}`);
  return makeImages(data, values, [1, height, width], `${folder.name}/${images}`);
}

/**
 * Loads MNIST, or a data set in its files and its ten classes, such as Fashion-MNIST.
 *
 * @param folder Holds the four files under their original names, with or without `.gz`.
 * @returns The data set; the pixels stay bytes.
 * @throws {DataError} when files are missing (all of them are listed), damaged, or disagree.
 */
export async function loadMnist(folder: Folder): Promise<ImageSet> {
  const paths: string[] = [];
  const absent: string[] = [];
  for (const name of Object.values(files)) {
    const path = await find(folder, name);
    if (path === undefined) absent.push(name);
    else paths.push(path);
  }
  if (absent.length > 0) {
    throw new DataError(
      `${folder.name}: there is no ${
        absent.join(", no ")
      } (with or without .gz); MNIST is four such files in one folder`,
    );
  }
  const [trainImages, trainLabels, testImages, testLabels] = paths;
  const train = await loadSplit(folder, trainImages, trainLabels, 10);
  const test = await loadSplit(folder, testImages, testLabels, 10);
  if (train.shape.join() !== test.shape.join()) {
    throw new DataError(
      `${folder.name}: training images are ${train.shape.join(" x ")}, test images ${test.shape.join(" x ")}; ` +
        "use files of one data set",
    );
  }
  return { name: "mnist", classes: 10, train, test };
}
